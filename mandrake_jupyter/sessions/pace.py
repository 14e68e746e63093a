"""How often running text is stored, so that what was shown is stored within so many seconds, the commit itself included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

#: The share of the bound that is left to chance: timers ring late.
SPARE = 0.2
#: So much of a slow commit is expected of the next one.
REMEMBERED = 0.8


class Pace:
    """What is shown the moment after a commit has looked waits for it, for `wait` and for the next one: all within `bound`.

    Slow commits can't hold that: they take no more than half of the time, so that others can be done beside them."""

    def __init__(self, bound: float, clock: Callable[[], float] = perf_counter) -> None:
        self._bound = bound
        self._clock = clock
        self._took = 0.0

    @property
    def wait(self) -> float:
        """Seconds from the end of a commit to the beginning of the next."""
        left = (1 - SPARE) * self._bound - 2 * self._took
        return max(left, min(self._took, self._bound))

    @contextmanager
    def storing(self) -> Iterator[None]:
        began = self._clock()
        yield
        self._took = max(self._clock() - began, REMEMBERED * self._took)
