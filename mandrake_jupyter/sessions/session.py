"""A session's coordinator: posts become runs, one at a time, the next ones queue; readers watch, people decide.

Everything it holds can be let go and comes back from the store. Made and released by ``registry``; runs are background
tasks of the supervisor, not of the HTTP request that asked for them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..errors import Conflict, Interrupted, RunningElsewhere, StoreUnavailable, TooMany, Unavailable
from ..lifecycle.leases import Leases
from ..lifecycle.supervisor import Supervisor
from ..stores.rows import RunRow, SessionRow
from ..values import JSON, Answer, Decision, Event
from . import shown
from .editing import Editing
from .endings import Ending
from .posting import draft
from .questions import closed
from .recovery import take_up
from .run import Run
from .run_state import RunState
from .seams import Seams
from .turns import in_turn
from .watching import one_by_one, watched


class SessionCoordinator(Editing):
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
        self.leases = leases or Leases()
        self._seams = seams
        self._supervisor = supervisor
        self._alive = alive
        self._live: dict[str, Run] = {}
        self._current: Run | None = None
        self._queue: deque[Run] = deque()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._taking = asyncio.Lock()
        self._closing = False

    @property
    def busy(self) -> bool:
        """Work is in flight; a run that waits for a person is none."""
        return bool(self._tasks)

    @property
    def runs(self) -> list[Run]:
        """Unfinished runs held here, oldest first."""
        return list(self._live.values())

    async def open(self) -> None:
        """Take up what an ended Jupyter server left: what waits for a person waits on, the rest was interrupted.

        Where nothing can be stored it is read as it is, and taken up by the first use after that."""
        with suppress(StoreUnavailable):
            await self._elsewhere()

    async def _elsewhere(self) -> bool:
        """Whether a living Jupyter server works on this session; what dead ones left is taken up on the way."""
        async with self._taking:
            found = False
            for row in await self._seams.runs.unfinished(self.row.id):
                if row.id in self._live or self._closing:  # closed, it leaves all to the next one
                    continue
                if row.instance != self._seams.instance and await self._alive(row.instance):
                    found = True
                elif (run := await take_up(row, self._seams, self.row.workspace_id)) is not None:
                    await self._put(run, own=row.instance == self._seams.instance)
            self._advance()
            return found

    async def _put(self, run: Run, *, own: bool) -> None:
        """Waits on where a person must decide, or where it never began before this chat was put away; else it has ended."""
        self._live[run.id] = run
        if own and run.state is RunState.QUEUED:
            self._queue.append(run)
            return
        ending = run.unanswered(self._seams.now())
        if run.parked and run.ledger.waiting() and self._current is None and ending is None:
            self._current = run
            return
        run.stop(ending or Ending(RunState.FAILED, "recovery"))
        await run.drive()
        del self._live[run.id]

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
    ) -> RunRow:
        """Commit a message and start, or queue, its run. Raises BadRequest, TooMany, RunningElsewhere.

        `replaces` names a message that this one takes the place of: see `editing.asked_again`, `replacing.give_way`."""
        await self._mine()
        if len(self._queue) >= self._seams.bounds.queued:
            raise TooMany(f"{len(self._queue)} messages already wait in this chat.", retry_after=5)
        if self._current is None and self._seams.slots is not None:
            self._seams.slots.check()
        row, place, content, attached = await self._asked(replaces, content, attachments)
        asked = (content, attached, model, notebook, idempotency_key)
        run, question, values = draft(row, self._seams, *asked)
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
            self._advance()
        return found

    async def _mine(self) -> None:
        """Before a change: refuses while another Jupyter server is at work on it, and takes the row as others left it."""
        if await self._elsewhere():
            raise RunningElsewhere()
        self.row = await self._seams.sessions.get(self.row.workspace_id, self.row.id)
        if self._closing:
            raise Unavailable("This chat is being closed.", retry_after=1)

    async def messages(self, *, replaced: bool = False) -> list[JSON]:
        """The history; a message that is not finished is as far as its events were shown, with their seq."""
        return await shown.messages(self._seams.runs, self.row.id, dict(self._live), replaced=replaced)

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
        return watched(self._find, self._seams, self.leases, self.row.id, run_id, after, heartbeat)

    async def cancel(self, run_id: str, by: str) -> None:
        """Idempotent: a run that has ended stays as it ended."""
        run, _ = await self._find(run_id)
        if run is not None:
            self._stop(run, Ending(RunState.CANCELLED, by))

    def _stop(self, run: Run, ending: Ending) -> None:
        run.stop(ending)
        if run in self._queue:
            self._queue.remove(run)
            self._drive(run)
        elif run.parked:
            self._drive(run)

    def waits(self, run_id: str) -> bool:
        """A person must decide, or is asked, before this run goes on."""
        run = self._live.get(run_id)
        return run is not None and (run.ledger.waiting() or bool(run.ledger.asked))

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
        part = await run.decide(call_id, decision, arguments, reason, by)
        if run.parked and not run.ledger.waiting():
            self._drive(run)
        return part.as_json()

    async def reply(self, run_id: str, question_id: str, answer: Answer, by: str) -> JSON:
        """To a question of an MCP server; one winner. Raises QuestionNotFound, AlreadyAnswered, BadRequest."""
        run, row = await self._find(run_id)
        if run is None:
            raise closed(await self._seams.runs.replay(row), question_id)
        return await run.questions.answer(question_id, answer, by)

    def expire(self, now: datetime) -> list[str]:
        """End the runs that have waited for a decision for too long by `now` (UTC); their ids."""
        if self._closing:
            return []
        late = {run: ending for run in self.runs if run.parked and (ending := run.unanswered(now))}
        for run, ending in late.items():
            self._stop(run, ending)
        return [run.id for run in late]

    async def end(self, by: str) -> None:
        """Cancel everything, what waits for a person too, and close. Raises RunningElsewhere, and then ends nothing."""
        await self._mine()
        self._closing = True
        for run in self.runs:
            self._stop(run, Ending(RunState.CANCELLED, by))
        await self.close()

    async def close(self, error: Interrupted | None = None) -> None:
        """Interrupt what runs, leave what waits for a person as it is; terminal events are written before this ends."""
        self._closing = True
        for run in self.runs:
            if not run.parked:
                self._stop(run, Ending(RunState.FAILED, "shutdown", error))
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        for run in self.runs:
            run.ledger.log.detach()

    async def put_away(self) -> None:
        """Close so that everything comes back: what waits behind a decision of a person goes on waiting in the store."""
        self._closing = True
        if not self._tasks:
            for run in self._queue:
                run.ledger.log.detach()
                del self._live[run.id]
            self._queue.clear()
        await self.close(Interrupted("The answer was interrupted because its chat was shut down."))

    def _advance(self) -> None:
        if self._current is None and self._queue and not self._closing:
            self._current = self._queue.popleft()
            self._drive(self._current)

    def _drive(self, run: Run) -> None:
        run.parked = False
        self.leases.begin()
        task = self._supervisor.spawn(f"run {run.id}", in_turn(run, self._seams.slots, self.row.name))
        self._tasks[run.id] = task
        task.add_done_callback(lambda _: self._driven(run, task))

    def _driven(self, run: Run, task: asyncio.Task[None]) -> None:
        self.leases.end()
        if self._tasks.get(run.id) is not task:  # decided in the moment it parked: another drive is at work
            return
        del self._tasks[run.id]
        if run.parked:
            return
        self._live.pop(run.id, None)
        if run is self._current:
            self._current = None
            self._advance()
