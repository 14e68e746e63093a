"""How long an MCP server waits before it starts again: after starts that failed, and after it ended by itself.

The first crash costs no wait. One that crashes again soon after it was ready waits 1, 2, 4 … 60 seconds, each time longer;
a life of `STABLE` seconds, an edit of its entry, or a person who starts it, ends that.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import MandrakeError
from ..lifecycle.backoff import Backoff

#: Seconds for which one must have been ready for its end to be a first one again.
STABLE = 30.0
_START, _CRASH = "start", "crash"


class Pauses:
    """Of one MCP server, by `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._backoff = Backoff(clock)
        self._ready_at = clock()
        self._crashes = 0

    def check(self) -> None:
        """Raises Unavailable, naming what went wrong last, while it is too early."""
        self._backoff.check(_START)
        self._backoff.check(_CRASH)

    def clear(self) -> None:
        self._crashes = 0
        self._backoff.clear(_START)
        self._backoff.clear(_CRASH)

    def ready(self) -> None:
        self._backoff.clear(_START)
        self._ready_at = self._clock()

    def start_failed(self, error: MandrakeError) -> None:
        self._backoff.failed(_START, error)

    def crashed(self, error: MandrakeError) -> None:
        self.ended()
        self._crashes += 1
        if self._crashes > 1:
            self._backoff.delay(_CRASH, error)

    def ended(self) -> None:
        """One that was ready is no more, however it ended."""
        if self._clock() - self._ready_at >= STABLE:
            self.clear()
