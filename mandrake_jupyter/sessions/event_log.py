"""The events of one run in memory, and any number of readers, each a cursor with its own pace.

A reader holds no buffer of its own: a stuck one costs the events it was given last, slows nobody, and finds everything when it
wakes. Older text is merged, and what is more than the log may hold is read from the store, where it has long been.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import partial
from operator import attrgetter
from typing import Any

from ..lifecycle.bell import Bell, rung
from ..stores.replaying import Replay
from ..stores.rows import RunRow
from ..values import Event, isoformat, utcnow
from .merging import merged, weight
from .seams import Seams

#: So many events, at least, stay as they were shown.
TAIL = 100
_seq = attrgetter("seq")


class EventLog:
    """Append-only; ``make`` gives the next seq, ``append`` shows the event. The terminal event ends every reader.

    It holds about `most` bytes; without `older`, which reads what is stored behind a seq, it forgets nothing."""

    def __init__(
        self,
        run_id: str,
        events: Iterable[Event] = (),
        *,
        next_seq: int | None = None,
        most: int = 8_000_000,
        older: Callable[[int], Replay] | None = None,
    ) -> None:
        self.run_id = run_id
        self.events = list(events)
        self._next = next_seq or (self.events[-1].seq + 1 if self.events else 1)
        self._most = most
        self._older = older
        self._size = sum(map(weight, self.events))
        self._merged = 0  # so many of the events are merged already
        self._forgotten = 0  # the seq up to which they are in the store only
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
        self._size += weight(event)
        if len(self.events) - self._merged > 2 * TAIL:
            self._merge()
        self._bell.ring()

    def emit(self, type: str, data: Mapping[str, Any]) -> Event:
        event = self.make(type, data)
        self.append(event)
        return event

    def stored(self, seq: int) -> None:
        """All up to `seq` is in the store, but for progress notes, which are for those who are there: it may be forgotten."""
        if self._size <= self._most or self._older is None:
            return
        gone = 0
        while (
            gone < len(self.events) - 1 and self.events[gone].seq <= seq and self._size > self._most * 3 // 4
        ):
            self._size -= weight(self.events[gone])
            self._forgotten = self.events[gone].seq
            gone += 1
        del self.events[:gone]
        self._merged = max(self._merged - gone, 0)

    def detach(self) -> None:
        """Its chat is put away and the run goes on elsewhere or later: readers end without a terminal event and come again."""
        self._detached = True
        self._bell.ring()

    async def watch(
        self, after: int = 0, *, heartbeat: float = 10.0, most: int = 1_000_000
    ) -> AsyncIterator[list[Event]]:
        """Events with a seq above `after`, then live ones until the terminal one; none after `heartbeat` quiet seconds.

        What there is comes at once, about `most` bytes of it but at least one event."""
        seq, replay = after, None
        with self._bell.listening() as listener:
            while True:
                listener.clear()
                while True:
                    if self._older is not None and seq < self._forgotten:
                        upto = self._forgotten
                        replay = replay or self._older(seq)
                        found = await replay.more(most)
                        if not found:
                            seq = upto
                            continue
                    else:
                        replay = None
                        if not (found := self._here(seq, most)):
                            break
                    seq, last = found[-1].seq, found[-1].terminal
                    yield found
                    if last:
                        return
                if self.closed or self._detached:
                    return
                if not await rung(listener, heartbeat):
                    yield []

    def _here(self, seq: int, most: int) -> list[Event]:
        start = end = bisect_right(self.events, seq, key=_seq)
        while end < len(self.events) and (end == start or len(self.events[end].line) <= most):
            most -= len(self.events[end].line)
            end += 1
        return self.events[start:end]

    def _merge(self) -> None:
        start, end = max(self._merged - 1, 0), len(self.events) - TAIL
        before = self.events[start:end]
        self.events[start:end] = made = list(merged(before))
        self._size += sum(map(weight, made)) - sum(map(weight, before))
        self._merged = start + len(made)


def log_of(
    row: RunRow, seams: Seams, events: Iterable[Event] = (), *, next_seq: int | None = None
) -> EventLog:
    """The log of a run, which reads from the store what it does not hold any more."""
    older = partial(seams.runs.replaying, row)
    return EventLog(row.id, events, next_seq=next_seq, most=seams.bounds.log, older=older)
