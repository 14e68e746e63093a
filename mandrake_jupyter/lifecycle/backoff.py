"""Waiting longer after each failure before the same thing is tried again. By key; a change of its configuration clears it.

Only for failures that may pass (`retryable`, or not ours): a refusal of the request (4xx) is told each time anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from ..errors import MandrakeError, Unavailable

FIRST = 1.0
LONGEST = 60.0


@dataclass(frozen=True)
class _Failure:
    error: BaseException
    delay: float
    until: float


class Backoff:
    """Delays of 1, 2, 4 … 60 seconds by `clock`; a success forgets them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: dict[Hashable, _Failure] = {}

    def check(self, key: Hashable) -> None:
        """Raises :class:`Unavailable` with what failed last and the seconds to wait, while it is too early."""
        failure = self._failures.get(key)
        if failure is None or (left := failure.until - self._clock()) <= 0:
            return
        said = str(failure.error) if isinstance(failure.error, MandrakeError) else "It could not be started."
        raise Unavailable(
            said,
            then=f"It can be tried again in {max(1, round(left))} s.",
            reason=type(failure.error).__name__,
            retry_after=left,
        ) from failure.error

    def failed(self, key: Hashable, error: BaseException) -> None:
        if isinstance(error, MandrakeError) and (error.status < 500 or not error.retryable):
            return
        self.delay(key, error)

    def delay(self, key: Hashable, error: BaseException) -> None:
        """As `failed`, whatever the failure."""
        before = self._failures.get(key)
        delay = FIRST if before is None else min(LONGEST, before.delay * 2)
        self._failures[key] = _Failure(error, delay, self._clock() + delay)

    def clear(self, key: Hashable) -> None:
        """It worked, or it is another thing now."""
        self._failures.pop(key, None)
