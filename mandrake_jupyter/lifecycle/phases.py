"""The phases of everything that lives (chats, MCP servers, the demo model): one table, one mover.

    new → starting → ready ⇄ paused → stopping → stopped,  starting → stopping,
    failed from any but new and stopped;  stopped → starting,  failed → starting

:meth:`Lifecycle.to` is the only place that changes a phase and the only one that emits. How busy a thing is,
or how many are attached to it, are counts (`leases`), never phases.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ..values import utcnow


class Phase(StrEnum):
    """Each word, and what makes it true."""

    NEW = "new"  #: made, never started
    STARTING = "starting"  #: someone asked for it; it can't be used yet
    READY = "ready"  #: it answers
    PAUSED = "paused"  #: it holds its memory but does nothing
    STOPPING = "stopping"  #: it takes no new work and is being ended
    STOPPED = "stopped"  #: nothing of it is left; it may be started again
    FAILED = "failed"  #: it ended by itself, or could not start; the reason says why


NEXT: dict[Phase, frozenset[Phase]] = {
    Phase.NEW: frozenset({Phase.STARTING}),
    Phase.STARTING: frozenset({Phase.READY, Phase.STOPPING, Phase.FAILED}),
    Phase.READY: frozenset({Phase.PAUSED, Phase.STOPPING, Phase.FAILED}),
    Phase.PAUSED: frozenset({Phase.READY, Phase.STOPPING, Phase.FAILED}),
    Phase.STOPPING: frozenset({Phase.STOPPED, Phase.FAILED}),
    Phase.STOPPED: frozenset({Phase.STARTING}),
    Phase.FAILED: frozenset({Phase.STARTING}),
}

#: Phases in which something exists outside our own memory (a process, a connection).
ALIVE = frozenset({Phase.STARTING, Phase.READY, Phase.PAUSED, Phase.STOPPING})


class BadTransition(RuntimeError):
    """A move the table does not allow: a bug of ours, never a user's."""


@dataclass(frozen=True)
class State:
    """A phase, why it came (a sentence or nothing) and since when: UTC for people, `at` in monotonic seconds for sums."""

    phase: Phase
    reason: str
    since: datetime
    at: float


Mover = Callable[[State, State], None]


class Lifecycle:
    """Holds one thing's :class:`State`; `on_move(old, new)` hears of every move, after it was made."""

    def __init__(
        self,
        name: str,
        on_move: Mover | None = None,
        *,
        now: Callable[[], datetime] = utcnow,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._on_move = on_move
        self._now = now
        self._clock = clock
        self._state = State(Phase.NEW, "", now(), clock())

    @property
    def state(self) -> State:
        return self._state

    @property
    def phase(self) -> Phase:
        return self._state.phase

    @property
    def reason(self) -> str:
        return self._state.reason

    @property
    def since(self) -> datetime:
        return self._state.since

    @property
    def seconds(self) -> float:
        """How long it has been in this phase."""
        return max(0.0, self._clock() - self._state.at)

    def may(self, phase: Phase) -> bool:
        """Whether the table allows the move from here."""
        return phase in NEXT[self._state.phase]

    def because(self, reason: str) -> None:
        """What there is to say of the phase it is in is something else now. No move."""
        self._state = replace(self._state, reason=reason)

    def to(self, phase: Phase, reason: str = "") -> State:
        """Move to `phase`. Raises :class:`BadTransition` when the table has no such move."""
        old = self._state
        if phase not in NEXT[old.phase]:
            raise BadTransition(f"{self.name}: {old.phase.value} -> {phase.value}")
        self._state = State(phase, reason, self._now(), self._clock())
        if self._on_move is not None:
            self._on_move(old, self._state)
        return self._state
