"""A session's coordinator: posts become runs, one at a time, the next ones queue; readers watch, people decide.

Everything it holds can be let go and comes back from the store. Made and released by ``registry``; runs are background
tasks of the supervisor, not of the HTTP request that asked for them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from uuid import uuid4

from ..errors import BadRequest, Conflict, RunningElsewhere, TooMany, Unavailable
from ..lifecycle.leases import Leases
from ..lifecycle.supervisor import Supervisor
from ..stores.rows import Message, Part, RunRow, SessionRow
from ..stores.sessions import UNTITLED
from ..values import JSON, Decision, Event, isoformat, utcnow
from .event_log import EventLog
from .run import WITHDRAWN, Ending, Run
from .run_state import RunState
from .seams import Seams
from .slash import parse_direct_call

RECOVERY_GAP = 10_000
LONGEST_NAME = 60


class SessionCoordinator:
    """All work on one session of this Jupyter server. `alive(instance)` tells whether another one still runs."""

    def __init__(
        self,
        row: SessionRow,
        seams: Seams,
        supervisor: Supervisor,
        *,
        alive: Callable[[str], Awaitable[bool]],
    ) -> None:
        self.row = row
        self.leases = Leases()
        self._seams = seams
        self._supervisor = supervisor
        self._alive = alive
        self._live: dict[str, Run] = {}
        self._current: Run | None = None
        self._queue: deque[Run] = deque()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._elsewhere: frozenset[str] = frozenset()
        self._closing = False

    @property
    def busy(self) -> bool:
        """Work is in flight; a run that waits for a person is none."""
        return bool(self._tasks)

    @property
    def runs(self) -> list[Run]:
        """Unfinished runs held here, oldest first."""
        return list(self._live.values())

    @property
    def queued(self) -> int:
        return len(self._queue)

    async def open(self) -> None:
        """Take up what an ended Jupyter server left: what waits for a person waits on, the rest was interrupted."""
        elsewhere = set()
        for row in await self._seams.runs.unfinished(self.row.id):
            if row.instance != self._seams.instance and await self._alive(row.instance):
                elsewhere.add(row.id)
                continue
            await self._take_up(row)
        self._elsewhere = frozenset(elsewhere)

    async def _take_up(self, row: RunRow) -> None:
        events = await self._seams.runs.replay(row)
        last = max((event.seq for event in events), default=0)
        row = replace(row, instance=self._seams.instance)
        await self._seams.runs.commit(row, columns={"instance": row.instance})
        answer = await self._seams.runs.answer(row)
        question = next(
            m for m, _ in await self._seams.runs.history(self.row.id) if m.id == row.user_message_id
        )
        log = EventLog(row.id, events, next_seq=last + RECOVERY_GAP)
        run = Run(row, question, self._seams, self.row.workspace_id, parts=answer.parts, log=log)
        self._live[run.id] = run
        if run.parked and run.ledger.waiting() and self._current is None:
            self._current = run
            return
        run.stop(Ending(RunState.FAILED, "recovery"))
        await run.drive(self._before(run))
        del self._live[run.id]

    async def post(
        self,
        content: str,
        *,
        attachments: Sequence[Mapping[str, Any]] = (),
        model: str | None = None,
        notebook: str | None = None,
        idempotency_key: str | None = None,
    ) -> RunRow:
        """Commit a message and start, or queue, its run; `attachments` hold their resolved ``text``.

        Raises BadRequest, TooMany for a full queue, RunningElsewhere."""
        self._check_writable()
        if not content.strip():
            raise BadRequest("The message is empty.")
        if len(content) > self._seams.bounds.message:
            raise BadRequest(
                f"The message is longer than {self._seams.bounds.message:,} characters; attach a file instead."
            )
        if len(self._queue) >= self._seams.bounds.queued:
            raise TooMany(f"{len(self._queue)} messages already wait in this chat.", retry_after=5)
        direct = parse_direct_call(content)
        now = isoformat(utcnow())
        run_id = str(uuid4())
        text = Part(0, "text", content=content)
        question = Message(str(uuid4()), self.row.id, run_id, "user", now, tuple(attachments), (text,))
        row = RunRow(
            run_id,
            self.row.id,
            self._seams.instance,
            RunState.QUEUED.value,
            question.id,
            str(uuid4()),
            now,
            model=model or self.row.model,
            notebook=notebook or self.row.notebook,
            idempotency_key=idempotency_key,
        )
        session: dict[str, Any] = {"last_activity": now, **self._name_for(content)}
        found, new = await self._seams.runs.begin(row, question, session)
        if new:
            self.row = replace(self.row, **session)
            run = Run(row, question, self._seams, self.row.workspace_id, direct=direct)
            self._live[run.id] = run
            if self._closing:  # it was closed while the message was being stored
                run.stop(Ending(RunState.FAILED, "shutdown"))
                self._drive(run)
                return found
            self._queue.append(run)
            self._advance()
        return found

    def _name_for(self, content: str) -> dict[str, str]:
        if self.row.titled or self.row.name != UNTITLED:
            return {}
        first = " ".join(content.split())
        return {"name": first if len(first) <= LONGEST_NAME else f"{first[: LONGEST_NAME - 1].rstrip()}…"}

    async def change(self, **values: Any) -> None:
        """Set columns of the session's row: name, titled, model."""
        await self._seams.sessions.change(self.row.id, **values)
        self.row = replace(self.row, **values)

    async def messages(self) -> list[JSON]:
        """The history; a message that is not finished is as far as its events were shown, with their seq."""
        live = dict(self._live)
        rows = [
            pair for pair in await self._seams.runs.history(self.row.id) if pair[1].finish_reason != WITHDRAWN
        ]
        return [self._message(message, row, live.get(message.run_id)) for message, row in rows]

    def _message(self, message: Message, row: RunRow, run: Run | None) -> JSON:
        if message.role == "user" or run is None:
            return message.as_json(row)
        ledger = run.ledger
        return ledger.as_message().as_json(ledger.row, seq=ledger.log.last_seq)

    async def run(self, run_id: str) -> JSON:
        held = self._live.get(run_id)
        row = held.ledger.row if held else await self._seams.runs.get(self.row.id, run_id)
        last = (
            held.ledger.log.last_seq
            if held
            else max((e.seq for e in await self._seams.runs.replay(row)), default=0)
        )
        return {**row.as_json(), "last_seq": last}

    async def answer(self, run_id: str) -> JSON:
        """The answer of a run as a message."""
        row = await self._seams.runs.get(self.row.id, run_id)
        return self._message(await self._seams.runs.answer(row), row, self._live.get(run_id))

    async def watch(
        self, run_id: str, after: int = 0, *, heartbeat: float = 10.0
    ) -> AsyncIterator[Event | None]:
        """A run's events above `after` until the terminal one; None where a heartbeat is due.

        Raises RunNotFound; RunningElsewhere, after what is stored, for a run of another Jupyter server."""
        run = self._live.get(run_id)
        if run is None:
            row = await self._seams.runs.get(self.row.id, run_id)
            for event in await self._seams.runs.replay(row, after):
                yield event
            if row.open:
                raise RunningElsewhere()
            return
        with self.leases.attach():
            async with aclosing(run.ledger.log.watch(after, heartbeat=heartbeat)) as events:  # type: ignore[type-var]
                async for item in events:
                    if item is not None:
                        self.leases.touch()
                    yield item

    async def cancel(self, run_id: str, by: str) -> None:
        """Idempotent: a run that has ended stays as it ended."""
        run = self._live.get(run_id)
        if run is None:
            row = await self._seams.runs.get(self.row.id, run_id)
            if row.open:
                raise RunningElsewhere()
            return
        run.stop(Ending(RunState.CANCELLED, by))
        if run in self._queue:
            self._queue.remove(run)
            self._drive(run)
        elif run.parked:
            self._drive(run)

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
        run = self._live.get(run_id)
        if run is None:
            row = await self._seams.runs.get(self.row.id, run_id)
            if row.open:
                raise RunningElsewhere()
            raise Conflict("This answer has ended; there is nothing left to decide.")
        part = await run.decide(call_id, decision, arguments, reason, by)
        if run.parked and not run.ledger.waiting():
            self._drive(run)
        return part.as_json()

    async def close(self) -> None:
        """Interrupt what runs, leave what waits for a person as it is; the terminal events are written before this ends."""
        self._closing = True
        for run in self.runs:
            if not run.parked:
                run.stop(Ending(RunState.FAILED, "shutdown"))
        while self._queue:
            self._drive(self._queue.popleft())
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    def _check_writable(self) -> None:
        if self._closing:
            raise Unavailable("This chat is being closed.", retry_after=1)
        if self._elsewhere:
            raise RunningElsewhere()

    def _advance(self) -> None:
        if self._current is None and self._queue and not self._closing:
            self._current = self._queue.popleft()
            self._drive(self._current)

    def _drive(self, run: Run) -> None:
        run.parked = False
        task = self._supervisor.spawn(f"run {run.id}", run.drive(self._before(run)))
        self._tasks[run.id] = task
        task.add_done_callback(lambda _: self._driven(run, task))

    def _driven(self, run: Run, task: asyncio.Task[None]) -> None:
        if self._tasks.get(run.id) is not task:  # decided in the moment it parked: another drive is at work
            return
        del self._tasks[run.id]
        self.leases.touch()
        if run.parked:
            return
        self._live.pop(run.id, None)
        if run is self._current:
            self._current = None
            self._advance()

    def _before(self, run: Run) -> Callable[[], Any]:
        async def before() -> list[Message]:
            rows = await self._seams.runs.history(self.row.id)
            own = run.ledger.row
            earlier = []
            for message, row in rows:
                if row.id == own.id:
                    break
                if not row.open and row.finish_reason != WITHDRAWN:
                    earlier.append(message)
            return earlier

        return before
