"""The runs of one chat: one is driven at a time, the next ones wait; how they are stopped, and left.

Knows nothing of posts, readers and the store beyond that; ``session`` builds on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from ..errors import Interrupted
from ..lifecycle.leases import Leases
from ..lifecycle.supervisor import Supervisor
from .endings import Ending
from .run import Run
from .run_state import RunState
from .seams import Seams
from .turns import in_turn
from .waiting import Waiting


class Driver:
    """`name` is the chat's, for who waits for a slot. A run is a task of the supervisor."""

    def __init__(self, seams: Seams, supervisor: Supervisor, name: Callable[[], str], leases: Leases) -> None:
        self.leases = leases
        self._seams = seams
        self._supervisor = supervisor
        self._name = name
        self._live: dict[str, Run] = {}
        self._current: Run | None = None
        self._queue = Waiting()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._owing: dict[str, Run] = {}
        self._closing = False

    @property
    def busy(self) -> bool:
        """Work is in flight; a run that waits for a person is none."""
        return bool(self._tasks)

    @property
    def runs(self) -> list[Run]:
        """Unfinished runs held here, oldest first."""
        return list(self._live.values())

    def _waiting(self) -> int:
        """How many wait for their turn, with those that are still being stored."""
        return sum(run.state is RunState.QUEUED for run in self._live.values() if run is not self._current)

    def expire(self, now: datetime) -> list[str]:
        """End the runs that have waited for a decision for too long by `now` (UTC); their ids."""
        if self._closing:
            return []
        late = {run: ending for run in self.runs if run.parked and (ending := run.unanswered(now))}
        for run, ending in late.items():
            self._stop(run, ending)
        return [run.id for run in late]

    async def close(self, error: Interrupted | None = None) -> None:
        """Interrupt what runs; what waits, for a person or its turn, waits on in the store. Terminal events are written before
        this ends."""
        self._closing = True
        for run in self._queue.leave():
            del self._live[run.id]
        for run in self.runs:
            if not run.parked:
                self._stop(run, Ending(RunState.FAILED, "shutdown", error))
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        for run in self.runs:
            run.ledger.log.detach()

    async def put_away(self) -> None:
        """Close so that everything comes back: all that waits, unless the chat is at work and put away by force."""
        self._closing = True
        shut = Interrupted("The answer was interrupted because its chat was shut down.")
        for run in list(self._queue) if self._tasks else []:
            self._stop(run, Ending(RunState.FAILED, "shutdown", shut))
        await self.close(shut)

    def _go_on(self) -> None:
        self._queue.held = False
        self._advance()

    def _advance(self) -> None:
        if self._current is None and not self._closing and (run := self._queue.take()):
            self._current = run
            self._drive(run)

    def _drive(self, run: Run) -> None:
        run.parked = False
        self.leases.begin()
        task = self._supervisor.spawn(f"run {run.id}", in_turn(run, self._seams.slots, self._name()))
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
        if run.owed is not None:
            self._owing[run.id] = run
        if run is self._current:
            self._current = None
            self._advance()

    def _stop(self, run: Run, ending: Ending) -> None:
        run.stop(ending)
        if run in self._queue:
            self._queue.remove(run)
            self._drive(run)
        elif run.parked:
            self._drive(run)
