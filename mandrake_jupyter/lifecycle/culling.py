"""What may go: one pure, ordered policy over things as they were seen. It stops nothing and asks no clock.

The order is *dead, stuck, over the limit, memory, idle*, and last *pause*, for what can be paused where it runs; the first that
holds is the reason. The meaning of the four settings
that kernels have, too, is that of ``MappingKernelManager`` (jupyter_server/services/kernels/kernelmanager.py), with three
differences: a timeout of 0 on a single thing means never, what is starting is never idle, and what is stopping is left alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from .phases import ALIVE, Phase

_RESTING = frozenset({Phase.READY, Phase.PAUSED})


class Seen(NamedTuple):
    """One thing at the moment of a look. Times in seconds, `memory` in bytes (None: not known).

    `idle_seconds` counts from its last use or sign of life, also while it is busy: what works in silence looks idle, as
    for kernels.
    """

    key: Hashable
    name: str
    phase: Phase
    phase_seconds: float
    idle_seconds: float | None
    busy_seconds: float = 0.0
    busy: int = 0
    connections: int = 0
    cull_idle_timeout: float | None = None  #: its own; 0: never for being idle
    memory: int | None = None
    dead: bool = False
    used: float | None = (
        None  #: when it was last used, by a monotonic clock: the same value means nothing happened since
    )
    can_pause: bool = False

    @property
    def unused(self) -> bool:
        """Nobody works with it and nobody is attached to it."""
        return not self.busy and not self.connections


@dataclass(frozen=True)
class CullSettings:
    """Seconds; 0 switches a ceiling off. `limit`: how many may be alive, of `count` (None: not known); `memory_over`: bytes
    to be freed."""

    cull_idle_timeout: float = 0.0
    cull_connected: bool = False
    cull_busy: bool = False
    cull_starting_timeout: float = 0.0
    cull_busy_timeout: float = 0.0
    limit: int | None = None
    memory_over: int = 0
    count: int | None = None
    cull_pause_timeout: float = 0.0

    @property
    def crowded(self) -> bool:
        """Which ones go may depend on the others: all are looked at before the first is judged."""
        over = self.limit is not None and (self.count is None or self.count > self.limit)
        return over or self.memory_over > 0


class Finding(StrEnum):
    """Why a thing goes (the first five), is paused, or stays."""

    DEAD = "dead"
    STUCK = "stuck"
    OVER_LIMIT = "over_limit"
    MEMORY = "memory"
    IDLE = "idle"
    PAUSE = "pause"
    STOPPING = "stopping"
    STARTING = "starting"
    BUSY = "busy"
    CONNECTED = "connected"
    NEVER = "never"
    RECENT = "recent"


GOES = frozenset({Finding.DEAD, Finding.STUCK, Finding.OVER_LIMIT, Finding.MEMORY, Finding.IDLE})


class Verdict(NamedTuple):
    seen: Seen
    finding: Finding

    @property
    def goes(self) -> bool:
        return self.finding in GOES


class CullPolicy:
    """Subclass it, and name the subclass in ``SessionCuller.policy_class``, to decide otherwise."""

    def judge(self, seen: Iterable[Seen], settings: CullSettings) -> Iterator[Verdict]:
        """A verdict for each, lazily: whoever asks may do other things in between, and where nothing is ``crowded`` none is
        kept, so that many of them leave the garbage collector nothing to do."""
        whole = list(seen) if settings.crowded else []
        making_room = self.make_room(whole, settings)
        for one in whole or seen:
            finding = self.broken(one, settings) or making_room.get(one.key) or self.rested(one, settings)
            if finding not in GOES and self.pauses(one, settings):
                finding = Finding.PAUSE
            yield Verdict(one, finding)

    def broken(self, one: Seen, settings: CullSettings) -> Finding | None:
        """Dead, or beyond a ceiling."""
        if one.dead:
            return Finding.DEAD
        if one.phase is Phase.STARTING:
            ceiling = settings.cull_starting_timeout
            return Finding.STUCK if 0 < ceiling < one.phase_seconds else None
        return Finding.STUCK if 0 < settings.cull_busy_timeout < one.busy_seconds else None

    def make_room(self, seen: Sequence[Seen], settings: CullSettings) -> dict[Hashable, Finding]:
        """Those that go because there are too many, or because memory is short: the unused, least recently used first, and last
        what is never to go for being idle."""
        over = 0 if settings.limit is None else sum(one.phase in ALIVE for one in seen) - settings.limit
        if over <= 0 and settings.memory_over <= 0:
            return {}
        over -= sum(1 for one in seen if one.phase in ALIVE and self.leaves_anyway(one, settings))
        resting = [one for one in seen if one.phase in _RESTING and one.unused and not one.dead]
        resting.sort(key=lambda one: (one.cull_idle_timeout == 0, -(one.idle_seconds or 0.0)))
        going: dict[Hashable, Finding] = {one.key: Finding.OVER_LIMIT for one in resting[: max(0, over)]}
        to_free = settings.memory_over
        for one in resting:
            if to_free <= 0:
                break
            to_free -= one.memory or 0
            if one.memory and one.key not in going:
                going[one.key] = Finding.MEMORY
        return going

    def pauses(self, one: Seen, settings: CullSettings) -> bool:
        """Idle for long enough to be paused, also where a chat is attached or it is never to go: it loses nothing. Where
        memory is short, which a pause does not free, none is.
        """
        if one.busy or settings.memory_over > 0 or not one.can_pause or one.phase is not Phase.READY:
            return False
        return 0 < settings.cull_pause_timeout < (one.idle_seconds or 0.0)

    def leaves_anyway(self, one: Seen, settings: CullSettings) -> bool:
        return one.phase is Phase.STOPPING or self.broken(one, settings) is not None

    def rested(self, one: Seen, settings: CullSettings) -> Finding:
        """Idle for too long, or why not."""
        if one.phase not in _RESTING:
            return Finding.STARTING if one.phase in (Phase.NEW, Phase.STARTING) else Finding.STOPPING
        timeout = settings.cull_idle_timeout if one.cull_idle_timeout is None else one.cull_idle_timeout
        if one.busy and not settings.cull_busy:
            return Finding.BUSY
        if one.connections and not settings.cull_connected:
            return Finding.CONNECTED
        if timeout <= 0:
            return Finding.NEVER
        idle = one.idle_seconds
        return Finding.IDLE if idle is not None and idle > timeout else Finding.RECENT


def sentence(verdict: Verdict, settings: CullSettings) -> str:
    """Why, for people."""
    one = verdict.seen
    match verdict.finding:
        case Finding.DEAD:
            return "Its process has ended."
        case Finding.STUCK if one.phase is Phase.STARTING:
            return f"It had been starting for {one.phase_seconds:.0f} s."
        case Finding.STUCK:
            return f"It had been at work for {one.busy_seconds:.0f} s without a pause."
        case Finding.OVER_LIMIT:
            return f"More than {settings.limit} were open; it was unused for the longest time."
        case Finding.MEMORY:
            return f"Memory was short; it held {(one.memory or 0) / 1e6:.0f} MB and was unused."
        case Finding.IDLE | Finding.PAUSE:
            return f"It was not used for {one.idle_seconds or 0:.0f} s."
        case Finding.STARTING:
            return "It is starting."
        case Finding.STOPPING:
            return f"It is {one.phase.value}."
        case Finding.BUSY:
            return "It is at work."
        case Finding.CONNECTED:
            return f"It is connected: {one.connections} open chats that used it, or readers."
        case Finding.NEVER:
            return "Its idle timeout is 0: it stays."
        case _:
            return f"It was last used {one.idle_seconds or 0:.0f} s ago."
