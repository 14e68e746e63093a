"""What one container uses: from its control group where the engine is on this machine, else as the engine tells now and again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import MandrakeError
from .cgroups import usage
from .engine import Engine

#: Seconds between two questions, of which each takes the engine about one; and for an answer.
EVERY, TIMEOUT = 5.0, 4.0


class Stats:
    """`look` never waits; where the engine has to be asked it is, for the look after. Whoever makes one closes it."""

    def __init__(
        self,
        name: str,
        container: str,
        read: Callable[[str], Mapping[str, float]] = usage,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._container = container
        self._read = read
        self._clock = clock
        self._engine = Engine(name)  # of its own: nothing has to wait for the answer
        self._told: Mapping[str, float] = {}
        self._asked: float | None = None
        self._asking: asyncio.Task[None] | None = None

    def look(self) -> Mapping[str, float]:
        """`memory_bytes`, `cpu_seconds`, `pids`, and when they were `taken`, as far as they are known."""
        if found := self._read(self._container):
            return found
        now = self._clock()
        if self._asked is None or now - self._asked >= EVERY:
            self._asked = now
            self._asking = asyncio.ensure_future(self._ask())
        return self._told

    async def _ask(self) -> None:
        with contextlib.suppress(MandrakeError):
            said = await self._engine.call(
                "tell what it uses",
                lambda api: api.stats(self._container, stream=False, one_shot=True),
                timeout=TIMEOUT,
            )
            self._told = {**figures(said), "taken": self._clock()}

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        self._engine.close()


def figures(said: Any) -> dict[str, float]:
    """Of what the engine answers; empty of a container that does not run."""
    try:
        return {
            "memory_bytes": float(said["memory_stats"]["usage"]),
            "cpu_seconds": said["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
            "pids": float(said.get("pids_stats", {}).get("current", 0)),
        }
    except (KeyError, TypeError):
        return {}
