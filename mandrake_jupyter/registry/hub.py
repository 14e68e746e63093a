"""Where everything that happens is told once: to any number of readers of a ring, and to sinks (events, metrics, log).

Telling never raises and never waits. A reader holds an index, no buffer: a stuck one slows nobody, and one that fell out of
the ring is told so. Sentences are masked here, before anyone sees them. Made by the registry, used in the loop's thread.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from ..lifecycle.announce import Announcement, Changed, Culled, Moved, RunEnded, RunMoved, ToolCalled
from ..lifecycle.bell import Bell, rung
from ..lifecycle.phases import Phase
from ..values import JSON, Usage, isoformat, utcnow

RING = 1000
TYPES: dict[type[Announcement], str] = {
    Moved: "moved",
    Culled: "culled",
    Changed: "changed",
    RunMoved: "run",
    RunEnded: "run_ended",
    ToolCalled: "tool_called",
}

#: Hears of everything, as the value and as readers see it. What it raises is logged and concerns nobody else.
Sink = Callable[[Announcement, JSON], None]

log = logging.getLogger("mandrake_jupyter")


class Hub:
    """`instance` names this run of the Jupyter server: sequence numbers of another one mean nothing here."""

    def __init__(
        self,
        *,
        mask: Callable[[str], str] = str,
        size: int = RING,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self.instance = str(uuid4())
        self.seq = 0
        self.closed = False
        self._mask = mask
        self._now = now
        self._ring: deque[JSON] = deque(maxlen=size)
        self._sinks: list[Sink] = []
        self._bell = Bell()

    @property
    def readers(self) -> int:
        return self._bell.listeners

    def add(self, sink: Sink) -> Callable[[], None]:
        """`sink` hears of all that follows, until the function this returns is called."""
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink)

    def announce(self, announcement: Announcement) -> None:
        """Tell everybody; returns at once, whatever breaks in a sink. After `close` only sinks hear of it."""
        try:
            head: JSON = {
                "type": TYPES[type(announcement)],
                "seq": self.seq + 1,
                "time": isoformat(self._now()),
            }
            told = head | {name: self._masked(value) for name, value in vars(announcement).items()}
        except Exception:
            log.exception("What happened could not be told: %s", type(announcement).__name__)
            return
        self.seq += 1
        self._ring.append(told)
        for sink in list(self._sinks):
            try:
                sink(announcement, told)
            except Exception:
                log.exception("A listener of the registry failed")
        self._bell.ring()

    def _masked(self, value: Any) -> Any:
        if isinstance(value, Phase):
            return value.value
        if isinstance(value, Usage):
            return value.as_json()
        return self._mask(value) if isinstance(value, str) else value

    def close(self) -> None:
        """The Jupyter server is stopping: readers end after what was told so far."""
        self.closed = True
        self._bell.ring()

    async def watch(self, after: int | None = None, *, heartbeat: float = 10.0) -> AsyncIterator[JSON | None]:
        """A ``hello``, what was told after the sequence number `after`, then what is told from now on.

        None after `heartbeat` quiet seconds. Where events are missing (without `after`, with one the ring no longer or not
        yet knows, or when the reader was too slow) a ``hello`` with ``reset`` says so and the stream goes on from its ``seq``.
        """
        with self._bell.listening() as listener:
            reset = after is None or not self._forgotten <= after <= self.seq
            position = self.seq if after is None or reset else after
            yield self._hello(position, reset)
            while True:
                listener.clear()
                while position < self.seq:
                    if position < self._forgotten:
                        position = self.seq
                        yield self._hello(position, True)
                        continue
                    told = self._ring[position - self._forgotten]
                    position += 1
                    yield told
                if self.closed:
                    return
                if not await rung(listener, heartbeat):
                    yield None

    @property
    def _forgotten(self) -> int:
        """The sequence number of the last event that fell out of the ring."""
        return self.seq - len(self._ring)

    def _hello(self, seq: int, reset: bool) -> JSON:
        now = isoformat(self._now())
        return {"type": "hello", "seq": seq, "instance": self.instance, "reset": reset, "time": now}
