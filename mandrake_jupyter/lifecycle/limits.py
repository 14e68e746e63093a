"""How many there may be: places that the least recently used idle one frees, and slots that are waited for.

Whoever is refused hears who is in the way (429, ``Retry-After``). Limits are asked for at each use, so a change holds at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from ..errors import TooMany
from .leases import Leases
from .phases import ALIVE, Phase

RETRY_AFTER = 5.0
NAMED = 5


def refusal(limit: int, what: str, names: Iterable[str], way_out: str) -> TooMany:
    """The 429 that names who is in the way. `what` in the plural, `way_out` the trait that raises the limit."""
    busy = list(names)
    if not limit:
        none = f"This Jupyter server allows no {what}."
        return TooMany(none, then=f"Raise {way_out}.", reason="limit", busy=busy)
    shown = ", ".join(f'"{name}"' for name in busy[:NAMED])
    if len(busy) > NAMED:
        shown += f" and {len(busy) - NAMED} more"
    return TooMany(
        f"The limit of {what} on this Jupyter server ({limit}) is reached, and all are in use: {shown}.",
        then=f"Try again when one of them is free, or raise {way_out}.",
        reason="limit",
        retry_after=RETRY_AFTER,
        busy=busy,
    )


class Resident(Protocol):
    """What takes a place while its phase is one of ``ALIVE``."""

    @property
    def name(self) -> str: ...
    @property
    def phase(self) -> Phase: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def held(self) -> bool:
        """It must not go now, beyond what its leases say."""
        ...

    @property
    def stays(self) -> bool:
        """It is never to go for being idle, and makes room only when nothing else can."""
        ...

    def evict(self) -> None:
        """Begin to end: it is ``stopping`` when this returns."""
        ...

    async def gone(self) -> None:
        """Returns when its end is over, however it went. Cancelling ends only the wait."""
        ...


@dataclass(frozen=True)
class Room:
    """At most `limit()` of `members()` are alive at any time."""

    what: str
    way_out: str
    limit: Callable[[], int]
    members: Callable[[], Iterable[Resident]]

    async def make(self) -> bool:
        """Returns when there is a place, which the caller takes before its next await; whether that took a wait.

        Raises TooMany when all are busy.
        """
        waited = False
        while True:
            alive = [one for one in self.members() if one.phase in ALIVE]
            if len(alive) < self.limit():
                return waited
            waited = True
            leaving = [one for one in alive if one.phase is Phase.STOPPING]
            if unused := [one for one in alive if evictable(one)]:
                leaving = [min(unused, key=lambda one: (one.stays, one.leases.used or 0.0))]
                leaving[0].evict()
            if not leaving:
                raise refusal(self.limit(), self.what, (one.name for one in alive), self.way_out)
            ends = [asyncio.ensure_future(one.gone()) for one in leaving]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()


def evictable(one: Resident) -> bool:
    """It rests, nobody uses it and nobody is attached to it."""
    leases = one.leases
    return one.phase in (Phase.READY, Phase.PAUSED) and not (leases.busy or leases.connections or one.held)


class Slots:
    """At most `limit()` holders at a time; the next ones wait in their order. Names are for people, not unique."""

    def __init__(self, what: str, way_out: str, limit: Callable[[], int]) -> None:
        self._what = what
        self._way_out = way_out
        self._limit = limit
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()
        self.holders: list[str] = []

    @property
    def full(self) -> bool:
        return len(self.holders) + len(self._waiting) >= self._limit()

    def check(self) -> None:
        """Raises TooMany, naming the holders, when a new one would have to wait."""
        if self.full:
            raise refusal(self._limit(), self._what, self.holders, self._way_out)

    async def take(self, name: str) -> None:
        """Waits for a slot, which :meth:`give` frees; who is cancelled in the wait has none."""
        if not self.full:
            self.holders.append(name)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((name, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # its turn had come in the same moment
                self.give(name)
            elif (name, turn) in self._waiting:  # else it was passed over already
                self._waiting.remove((name, turn))
            raise

    def give(self, name: str) -> None:
        self.holders.remove(name)
        self.wake()

    def wake(self) -> None:
        """Serve who waits, as far as the limit goes: a slot is free, or the limit was changed."""
        while self._waiting and len(self.holders) < self._limit():
            name, turn = self._waiting.popleft()
            if not turn.cancelled():
                self.holders.append(name)
                turn.set_result(None)

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """A slot at once, or TooMany."""
        self.check()
        self.holders.append(name)
        try:
            yield
        finally:
            self.give(name)
