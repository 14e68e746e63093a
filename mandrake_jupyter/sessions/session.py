"""A session's coordinator: posts become runs, one at a time, the next ones queue; readers watch, people decide.

Everything it holds can be let go and comes back from the store. Made and released by ``registry``; runs are background
tasks of the supervisor, not of the HTTP request that asked for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..errors import Conflict, RunningElsewhere, StoreUnavailable, TooMany
from ..lifecycle.leases import Leases
from ..lifecycle.supervisor import Supervisor
from ..stores.rows import RunRow, SessionRow
from ..values import JSON, Answer, Decision, Event
from . import processing, shown
from .driver import Driver
from .editing import Editing
from .endings import Ending
from .owed import settle
from .posting import draft
from .questions import closed
from .recovery import take_up, waits_on
from .run import Run
from .run_state import RunState
from .seams import Seams
from .watching import one_by_one, watched


class SessionCoordinator(Editing, Driver):
    """All work on one session of this Jupyter server. `alive(instance)` tells whether another one still runs."""

    def __init__(
        self,
        row: SessionRow,
        seams: Seams,
        supervisor: Supervisor,
        *,
        alive: Callable[[str], Awaitable[bool]],
        leases: Leases | None = None,
    ) -> None:
        self.row = row
        super().__init__(seams, supervisor, lambda: self.row.name, leases or Leases())
        self._alive = alive
        self._taking = asyncio.Lock()

    process_message = processing.process_message
    process_message_stream = processing.process_message_stream

    async def open(self) -> None:
        """Take up what an ended Jupyter server left: what waits for a person waits on, the rest was interrupted. What waits
        for its turn is nobody's until somebody comes: he may come to another Jupyter server.

        Where nothing can be stored it is read as it is, and taken up by the first use after that."""
        with suppress(StoreUnavailable):
            await self._elsewhere(queue=False)

    async def _elsewhere(self, *, queue: bool = True) -> bool:
        """Whether a living Jupyter server works on this session; what dead ones left is taken up on the way."""
        async with self._taking:
            found = False
            for row in await self._seams.runs.unfinished(self.row.id):
                if row.id in self._live or self._closing:  # closed, it leaves all to the next one
                    continue
                if row.state == RunState.QUEUED and not queue:
                    continue
                if row.instance == self._seams.instance and row.id in self._owing:
                    await settle(self._owing[row.id], self._seams.runs)
                    del self._owing[row.id]
                    continue
                if row.instance != self._seams.instance and await self._alive(row.instance):
                    found = True
                elif (run := await take_up(row, self._seams, self.row.workspace_id)) is not None:
                    await self._put(run)
            self._advance()
            return found

    async def _put(self, run: Run) -> None:
        """Waits on where a person must decide, or where it never began; else it has ended."""
        self._live[run.id] = run
        if run.state is RunState.QUEUED:
            self._queue.put_back(run)
            return
        ending = run.unanswered(self._seams.now())
        if self._current is None and ending is None and await waits_on(run):
            self._current = run
            return
        run.stop(ending or Ending(RunState.FAILED, "recovery"))
        await run.drive()
        del self._live[run.id]
        if run.owed is not None:
            self._owing[run.id] = run

    async def _find(self, run_id: str) -> tuple[Run | None, RunRow]:
        """A run with its row: held here, or ended. Raises RunNotFound; RunningElsewhere for another server's."""
        if run := self._live.get(run_id):
            return run, run.ledger.row
        row = await self._seams.runs.get(self.row.id, run_id)
        if row.open and await self._elsewhere() and run_id not in self._live:
            raise RunningElsewhere()
        run = self._live.get(run_id)
        return run, run.ledger.row if run else await self._seams.runs.get(self.row.id, run_id)

    async def repeated(self, idempotency_key: str | None) -> RunRow | None:
        """The run that was posted with this key before."""
        return await self._seams.runs.by_key(self.row.id, idempotency_key) if idempotency_key else None

    async def post(
        self,
        content: str,
        *,
        attachments: Sequence[Mapping[str, Any]] | None = None,
        model: str | None = None,
        notebook: str | None = None,
        idempotency_key: str | None = None,
        replaces: str | None = None,
        by: str = "user",
    ) -> RunRow:
        """Commit a message and start, or queue, its run. Raises BadRequest, TooMany, RunningElsewhere.

        `replaces` names a message that this one takes the place of: see `editing.asked_again`, `replacing.give_way`."""
        await self._mine()
        if (waiting := self._waiting()) >= self._seams.bounds.queued:
            raise TooMany(f"{waiting} messages already wait in this chat.", retry_after=5)
        if self._current is None and self._seams.slots is not None:
            self._seams.slots.check()
        row, place, content, files = await self._asked(replaces, content, attachments)
        run, question, values = draft(row, self._seams, content, files, model, notebook, idempotency_key, by)
        self._live[run.id] = run
        new = False
        try:
            found, new = await self._seams.runs.begin(run.ledger.row, question, values, place)
        finally:
            if not new:
                del self._live[run.id]
        if new:
            self.row = replace(self.row, **values)
            run.ledger.teller.moved(run.ledger.row)
            if self._closing:  # it was closed while the message was being stored
                run.stop(Ending(RunState.FAILED, "shutdown"))
                self._drive(run)
                return found
            self._queue.append(run)
            self._go_on()
        return found

    async def _mine(self) -> None:
        """Before a change: refuses while another Jupyter server is at work on it, and takes the row as others left it."""
        if await self._elsewhere():
            raise RunningElsewhere()
        self.row = await self._seams.sessions.get(self.row.workspace_id, self.row.id)
        self._check_open()

    async def messages(self, *, replaced: bool = False) -> list[JSON]:
        """The history; a message that is not finished is as far as its events were shown, with their seq."""
        return (await self.page(replaced=replaced))[0]

    async def page(
        self, *, replaced: bool = False, asked: shown.Asked = shown.ALL
    ) -> tuple[list[JSON], int | None]:
        """Likewise a page of it, and where the one before it ends."""
        live = dict(self._live)
        return await shown.messages(self._seams.runs, self.row.id, live, replaced=replaced, asked=asked)

    async def run(self, run_id: str) -> JSON:
        return await shown.run(self._seams.runs, self.row.id, run_id, self._live)

    async def answer(self, run_id: str) -> JSON:  # as a message
        return await shown.answer(self._seams.runs, self.row.id, run_id, self._live)

    def watch(self, run_id: str, after: int = 0, *, heartbeat: float = 10.0) -> AsyncIterator[Event | None]:
        """A run's events above `after` until the terminal one; None where a heartbeat is due. Raises RunNotFound.

        Those of another Jupyter server are read from the store as they come."""
        return one_by_one(self.bundles(run_id, after, heartbeat=heartbeat))

    def bundles(self, run_id: str, after: int = 0, *, heartbeat: float = 10.0) -> AsyncIterator[list[Event]]:
        """As `watch`, as many at once as there are: at most ``bounds.reader`` bytes or one event. None are a heartbeat."""
        return watched(self._met, self._seams, self.leases, self.row.id, run_id, after, heartbeat)

    async def _met(self, run_id: str) -> tuple[Run | None, RunRow]:
        """As `_find`, by somebody who reads: he is there."""
        run, row = await self._find(run_id)
        if run is not None:
            self._go_on()
        return run, row

    async def cancel(self, run_id: str, by: str) -> None:
        """Idempotent: a run that has ended stays as it ended. One that only waited is at its end when this returns: a message
        that was taken back does not come again, whatever happens then."""
        run, _ = await self._find(run_id)
        if run is None:
            return
        queued = run.state is RunState.QUEUED and run is not self._current
        waited = queued or run.state is RunState.AWAITING_APPROVAL
        self._stop(run, Ending(RunState.CANCELLED, by))
        if waited and (ending := self._tasks.get(run.id)):
            await asyncio.wait({ending})
        if not queued:
            await self._elsewhere()
            self._go_on()

    def waits(self, run_id: str) -> bool:
        """A person must decide, or is asked, before this run goes on."""
        ledger = run.ledger if (run := self._live.get(run_id)) else None
        return ledger is not None and (ledger.waiting() or bool(ledger.asked))

    async def decide(
        self,
        run_id: str,
        call_id: str,
        decision: Decision,
        arguments: dict[str, Any] | None,
        reason: str,
        by: str,
    ) -> JSON:
        """One winner per call; the run goes on when nothing is left to decide. The tool part as it now stands."""
        run, _ = await self._find(run_id)
        if run is None:
            raise Conflict("This answer has ended; there is nothing left to decide.")
        await self._elsewhere()
        self._check_open()  # what waits for a person waits on
        part = await run.decide(call_id, decision, arguments, reason, by)
        self._queue.held = False
        if run.parked and not run.ledger.waiting() and not self._closing:
            self._drive(run)
        return part.as_json()

    async def reply(self, run_id: str, question_id: str, answer: Answer, by: str) -> JSON:
        """To a question of an MCP server; one winner. Raises QuestionNotFound, AlreadyAnswered, BadRequest."""
        run, row = await self._find(run_id)
        if run is not None:
            return await run.questions.answer(question_id, answer, by)
        raise closed(await self._seams.runs.replay(row), question_id)

    async def end(self, by: str) -> None:
        """Cancel everything, what waits for a person too, and close. Raises RunningElsewhere, and then ends nothing."""
        await self._mine()
        self._closing = True
        for run in self.runs:
            self._stop(run, Ending(RunState.CANCELLED, by))
        await self.close()
