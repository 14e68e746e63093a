"""A pool of make-believe services as the subjects of a culler."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator
from typing import Any

from mandrake_jupyter.lifecycle.announce import Why
from mandrake_jupyter.lifecycle.culling import Seen
from mandrake_jupyter.lifecycle.phases import Phase

from .pools import Things


class PoolSubjects:
    memory_over = 0

    def __init__(self, pool: Things) -> None:
        self.pool = pool

    @property
    def limit(self) -> int:
        return self.pool.limit

    @property
    def count(self) -> int:
        return len(self.pool.entries)

    def tidy(self) -> Iterator[None]:
        return iter(())

    def look(self, without: frozenset[str] = frozenset()) -> Iterator[Seen]:
        return self.pool.look()

    def look_at(self, key: Hashable) -> Seen | None:
        entry = self.pool.entries.get(str(key))
        return entry and self.pool.seen(entry)

    def end(self, key: Hashable, why: Why, reason: str) -> asyncio.Future[None]:
        return self.pool.cull(self.pool.entries[str(key)], why, reason)

    @staticmethod
    def example(key: str = "a", **fields: Any) -> Seen:
        """A ready one that was never busy."""
        return Seen(
            **{"key": key, "name": key, "phase": Phase.READY, "phase_seconds": 500.0, "idle_seconds": 0.0}
            | fields
        )
