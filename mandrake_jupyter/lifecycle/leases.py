"""Who uses a thing at the moment, and when it was last used. Counts, not phases.

`last_activity` (UTC) is for people, the seconds (monotonic) for decisions; the monotonic ones are never
stored. Clocks are injected, so that tests need no sleep. What to do about an idle thing is a policy
elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from ..values import utcnow


class Leases:
    """`busy` counts work in flight, `connections` clients attached."""

    __slots__ = ("_busy_since", "_clock", "_now", "busy", "connections", "last_activity", "used")

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = utcnow
    ) -> None:
        self._clock = clock
        self._now = now
        self._busy_since = 0.0
        self.used: float | None = None  #: by the clock, None when it was never used
        self.busy = 0
        self.connections = 0
        self.last_activity: datetime | None = None

    @property
    def idle_seconds(self) -> float | None:
        """Seconds since the last use; 0.0 while there is work in flight, None when it was never used."""
        return 0.0 if self.busy else self.unused_seconds

    @property
    def unused_seconds(self) -> float | None:
        """Seconds since the last use or sign of life, whether or not there is work in flight."""
        return None if self.used is None else max(0.0, self._clock() - self.used)

    @property
    def busy_seconds(self) -> float:
        """Seconds for which there has been work in flight without a pause; 0.0 when there is none."""
        return max(0.0, self._clock() - self._busy_since) if self.busy else 0.0

    def touch(self) -> None:
        """Something happened: an event, a call, a message."""
        self.used = self._clock()
        self.last_activity = self._now()

    def begin(self) -> None:
        """Work begins; for whoever can't use `work`. Each needs its `end`."""
        self.touch()
        if not self.busy:
            self._busy_since = self._clock()
        self.busy += 1

    def end(self) -> None:
        self.busy -= 1
        self.touch()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Holds the thing in use: touched on entry and on exit, counted as busy in between."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    @contextmanager
    def attach(self) -> Iterator[None]:
        """A client that watches: counted, not work."""
        self.connections += 1
        self.touch()
        try:
            yield
        finally:
            self.connections -= 1
            self.touch()
