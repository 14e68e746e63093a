"""Seconds of work, which do not count while a person is asked: his time is not the run's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic


class Stopwatch:
    """Counts between ``turn(True)`` and ``turn(False)``, by a monotonic `clock`, except inside ``stands_still``."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._before = 0.0
        self._since: float | None = None
        self._on = False
        self._asked = 0

    @property
    def seconds(self) -> float:
        return self._before + (0.0 if self._since is None else self._clock() - self._since)

    def turn(self, on: bool) -> None:
        self._on = on
        self._set()

    @contextmanager
    def stands_still(self) -> Iterator[None]:
        self._asked += 1
        self._set()
        try:
            yield
        finally:
            self._asked -= 1
            self._set()

    def _set(self) -> None:
        self._before = self.seconds
        self._since = self._clock() if self._on and not self._asked else None
