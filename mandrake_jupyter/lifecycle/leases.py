"""Who uses a thing at the moment, and when it was last used. Counts, not phases.

`last_activity` (UTC) is for people, `idle_seconds` (monotonic) for decisions; the monotonic one is never
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

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = utcnow
    ) -> None:
        self._clock = clock
        self._now = now
        self._used: float | None = None
        self.busy = 0
        self.connections = 0
        self.last_activity: datetime | None = None

    @property
    def idle_seconds(self) -> float | None:
        """Seconds since the last use; 0.0 while there is work in flight, None when it was never used."""
        if self.busy:
            return 0.0
        return None if self._used is None else self._clock() - self._used

    def touch(self) -> None:
        """Something happened: an event, a call, a message."""
        self._used = self._clock()
        self.last_activity = self._now()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Holds the thing in use: touched on entry and on exit, counted as busy in between."""
        self.busy += 1
        self.touch()
        try:
            yield
        finally:
            self.busy -= 1
            self.touch()

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
