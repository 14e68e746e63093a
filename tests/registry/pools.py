"""A pool of make-believe services over a clock that only moves when told, for tests of life, limits and culling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mandrake_jupyter.lifecycle.announce import Announcement
from mandrake_jupyter.lifecycle.leases import Leases
from mandrake_jupyter.lifecycle.phases import ALIVE
from mandrake_jupyter.lifecycle.supervisor import Supervisor
from mandrake_jupyter.registry.pool import Pool


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Thing:
    """A service: `number` tells one of a key from the next."""

    key: str
    number: int
    closed: bool = False


@dataclass
class Things(Pool[str, Thing]):
    """Set `starts[key]` or `stops[key]` to an exception (raised) or an event (awaited) before the key is used."""

    kind = "session"
    what = "things"
    way_out = "Things.limit"

    limit: int = 10
    supervisor: Supervisor = field(default_factory=Supervisor)
    clock: Clock = field(default_factory=Clock)
    stop_seconds: float = 5.0
    starts: dict[str, Any] = field(default_factory=dict)
    stops: dict[str, Any] = field(default_factory=dict)
    timeouts: dict[str, float] = field(default_factory=dict)
    made: list[Thing] = field(default_factory=list)
    announced: list[Announcement] = field(default_factory=list)
    most: int = 0

    def __post_init__(self) -> None:
        super().__init__(
            supervisor=self.supervisor,
            clock=self.clock,
            announce=self._heard,
            limit=lambda: self.limit,
            stop_timeout=lambda: self.stop_seconds,
        )

    __hash__ = object.__hash__

    def _heard(self, announcement: Announcement) -> None:
        self.announced.append(announcement)
        self.most = max(self.most, self.alive)

    @property
    def alive(self) -> int:
        return sum(entry.phase in ALIVE for entry in self.entries.values())

    @property
    def open(self) -> list[Thing]:
        """Made and not closed: what would be left if everything else were forgotten."""
        return [thing for thing in self.made if not thing.closed]

    async def make(self, key: str, leases: Leases) -> Thing:
        await _do(self.starts.get(key))
        self.made.append(Thing(key, len(self.made)))
        return self.made[-1]

    async def close(self, key: str, service: Thing) -> None:
        try:
            await _do(self.stops.get(key))
        finally:
            service.closed = True

    def ids(self, key: str) -> tuple[str, str]:
        return "w", key

    def idle_timeout(self, service: Thing) -> float | None:
        return self.timeouts.get(service.key)


async def _do(step: Any) -> None:
    if isinstance(step, BaseException):
        raise step
    if isinstance(step, asyncio.Event):
        await step.wait()
    await asyncio.sleep(0)


@asynccontextmanager
async def things(**kwargs: Any) -> AsyncIterator[Things]:
    """A pool that is ended afterwards, with nothing left."""
    pool = Things(**kwargs)
    try:
        yield pool
    finally:
        await pool.stop(1.0)
        await pool.supervisor.close(1.0)
    assert not pool.entries
    assert not pool.supervisor.tasks


async def until(holds: Callable[[], Any]) -> None:
    """Lets others work until it holds."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0)
