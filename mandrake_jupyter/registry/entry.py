"""One key of a pool over its life: its phase, who uses it, the task that makes it and the one that ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

from ..lifecycle.leases import Leases
from ..lifecycle.phases import Lifecycle, Phase, State

if TYPE_CHECKING:
    from .pool import Pool

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
EVICTED = "Put away to make room: it was unused for the longest time."


class Entry(Generic[K, T]):
    """One key's service over its life; a ``lifecycle.limits.Resident``."""

    def __init__(self, key: K, pool: Pool[K, T], clock: Callable[[], float]) -> None:
        self.key = key
        self.leases = Leases(clock)
        self.life = Lifecycle(f"{pool.kind} {key}", self._moved, clock=clock)
        self.service: T | None = None
        self.waiting = 0
        self.making: asyncio.Task[None] | None = None
        self.ending: asyncio.Task[None] | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pool = pool

    @property
    def name(self) -> str:
        return self._pool.name(self)

    @property
    def title(self) -> str:
        """The name as a sentence begins with it; one that is not open yet has none that people know."""
        one = f"The {self._pool.what.removesuffix('s')}"
        return one if self.service is None else f'{one} "{self.name}"'

    @property
    def phase(self) -> Phase:
        return self.life.phase

    @property
    def held(self) -> bool:
        return self.waiting > 0 or self._pool.held(self)

    @property
    def stays(self) -> bool:
        return self.service is not None and self._pool.idle_timeout(self.service) == 0

    def evict(self) -> None:
        self._pool.cull(self, "evicted", EVICTED)

    async def gone(self) -> None:
        if self.ending is not None:
            await asyncio.wait({self.ending})

    def _moved(self, old: State, new: State) -> None:
        self._pool.moved(self, old, new)
