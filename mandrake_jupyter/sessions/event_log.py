"""The events of one run in memory, and any number of readers, each a cursor with its own pace.

A reader holds no buffer of its own: a stuck one costs an index, slows nobody, and finds everything when it wakes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from ..lifecycle.bell import Bell, rung
from ..values import Event, isoformat, utcnow


class EventLog:
    """Append-only; ``make`` gives the next seq, ``append`` shows the event. The terminal event ends every reader."""

    def __init__(self, run_id: str, events: Iterable[Event] = (), *, next_seq: int | None = None) -> None:
        self.run_id = run_id
        self.events = list(events)
        self._next = next_seq or (self.events[-1].seq + 1 if self.events else 1)
        self._bell = Bell()
        self._detached = False

    @property
    def closed(self) -> bool:
        return bool(self.events) and self.events[-1].terminal

    @property
    def last_seq(self) -> int:
        return self.events[-1].seq if self.events else 0

    def make(self, type: str, data: Mapping[str, Any]) -> Event:
        """The next event, not shown yet: what must be committed first is committed between this and ``append``."""
        event = Event(type, self._next, self.run_id, isoformat(utcnow()), data)
        self._next += 1
        return event

    def append(self, event: Event) -> None:
        if self.closed:
            raise ValueError(f"run {self.run_id} has already ended with {self.events[-1].type}")
        self.events.append(event)
        self._bell.ring()

    def emit(self, type: str, data: Mapping[str, Any]) -> Event:
        event = self.make(type, data)
        self.append(event)
        return event

    def detach(self) -> None:
        """Its chat is put away and the run goes on elsewhere or later: readers end without a terminal event and come again."""
        self._detached = True
        self._bell.ring()

    async def watch(self, after: int = 0, *, heartbeat: float = 10.0) -> AsyncIterator[Event | None]:
        """Events with a seq above `after`, then live ones until the terminal one; None after `heartbeat` quiet seconds."""
        position = bisect_right(self.events, after, key=lambda event: event.seq)
        with self._bell.listening() as listener:
            while True:
                listener.clear()
                while position < len(self.events):
                    event = self.events[position]
                    position += 1
                    yield event
                    if event.terminal:
                        return
                if self.closed or self._detached:
                    return
                if not await rung(listener, heartbeat):
                    yield None
