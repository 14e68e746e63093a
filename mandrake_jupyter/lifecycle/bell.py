"""Readers of something that grows: each sleeps until it is rung or a heartbeat is due. None costs more than an event."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    """Whoever adds something rings it; whoever reads listens."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Event] = set()

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def ring(self) -> None:
        for listener in self._listeners:
            listener.set()

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """To be cleared before each look at what there is, so that nothing added after the look is slept over."""
        listener = asyncio.Event()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)


async def rung(listener: asyncio.Event, heartbeat: float) -> bool:
    """Whether it was rung within `heartbeat` seconds."""
    try:
        async with asyncio.timeout(heartbeat):
            await listener.wait()
    except TimeoutError:
        return False
    return True
