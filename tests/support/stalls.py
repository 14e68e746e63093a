"""How long an event loop was held, by the moments in which it came to a callback of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

EVERY = 0.005


@dataclass
class Stall:
    """`longest` seconds between two moments, beyond those that were asked for."""

    longest: float = 0.0


@contextmanager
def stalls() -> Iterator[Stall]:
    loop, found = asyncio.get_running_loop(), Stall()
    due = loop.time() + EVERY

    def look() -> None:
        nonlocal due, handle
        found.longest = max(found.longest, loop.time() - due)
        due = loop.time() + EVERY
        handle = loop.call_at(due, look)

    handle = loop.call_at(due, look)
    try:
        yield found
    finally:
        found.longest = max(found.longest, loop.time() - due)
        handle.cancel()
