"""Delays at random what threads, pipes and sockets bring about, as a busy machine does: a test that passes only because somebody
else was quick fails with it. ``pytest -p tests.support.on_path.jitter``; Jupyter servers that tests start are delayed likewise.

``MANDRAKE_TEST_JITTER=seed`` repeats a run as far as such a thing can be repeated.
"""

from __future__ import annotations

import os
import random
import time
from asyncio import base_events, selector_events
from collections.abc import Callable
from typing import Any

VARIABLE = "MANDRAKE_TEST_JITTER"
#: How many of all events are late, and by how many seconds at most.
SHARE, MOST = 0.3, 0.03
os.environ.setdefault(VARIABLE, str(random.randrange(10**6)))
_chance = random.Random(f"{os.environ[VARIABLE]} {os.getpid()}")
_run = base_events.BaseEventLoop.run_in_executor
_process = selector_events.BaseSelectorEventLoop._process_events


def pytest_report_header() -> str:
    return f"{VARIABLE}={os.environ[VARIABLE]}"


def _late() -> float:
    return _chance.random() * MOST if _chance.random() < SHARE else 0.0


def _run_late(self: Any, executor: Any, work: Callable[..., Any], *args: Any) -> Any:
    def slow(*args: Any) -> Any:
        time.sleep(_late())
        try:
            return work(*args)
        finally:
            time.sleep(_late())

    return _run(self, executor, slow, *args)


def _process_late(self: Any, events: list[Any]) -> None:
    """What is ready and left alone is found ready again by the next look."""
    held: dict[int, float] = self.__dict__.setdefault("_held", {})
    now, ready = time.monotonic(), []
    for event in events:
        descriptor = event[0].fd
        if descriptor == self._ssock.fileno() or held.setdefault(descriptor, now + _late()) <= now:
            held.pop(descriptor, None)
            ready.append(event)
    for gone in held.keys() - {event[0].fd for event in events}:
        del held[gone]
    _process(self, ready)
    if not self._ready and len(ready) < len(events):
        time.sleep(0.001)


base_events.BaseEventLoop.run_in_executor = _run_late  # type: ignore[method-assign]
selector_events.BaseSelectorEventLoop._process_events = _process_late  # type: ignore[method-assign]
