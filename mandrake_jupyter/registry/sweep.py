"""What a culler works with: its subjects, the outcome of one look at them, and a pace that never holds the loop for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, cast, runtime_checkable

from ..lifecycle.announce import Why
from ..lifecycle.culling import CullSettings, Finding, Seen, Verdict, sentence
from ..values import JSON

#: Seconds for which a sweep may hold the event loop before it lets others work.
SLICE = 0.004


class Subjects(Protocol):
    """What a culler looks after."""

    def tidy(self) -> Iterator[None]:
        """Called before each look that may end something; whoever asks may do other things between any two steps."""
        ...

    def look(self, without: frozenset[str]) -> Iterable[Seen]:
        """Everything there is, one by one, as if the sessions `without` were gone."""
        ...

    def look_at(self, key: Hashable) -> Seen | None:
        """The same thing a moment later; None when it is gone."""
        ...

    def end(self, key: Hashable, why: Why, reason: str) -> asyncio.Future[None]:
        """Begin to end it: nobody gets it any more when this returns. The future is its end, by force after a while."""
        ...

    @property
    def count(self) -> int:
        """How many there are, at most."""
        ...

    @property
    def limit(self) -> int | None: ...
    @property
    def memory_over(self) -> int: ...


@runtime_checkable
class Pausable(Protocol):
    """Subjects of which some can be paused."""

    def pause(self, key: Hashable, reason: str) -> asyncio.Future[None]:
        """It is paused when this returns, and does nothing any more when the future is done."""
        ...


@dataclass
class Sweep:
    """What one look at everything found and did. `culled`, `paused` and `kept`: ``{id, name, reason, why}``."""

    considered: int = 0
    culled: list[JSON] = field(default_factory=list)
    paused: list[JSON] = field(default_factory=list)
    kept: list[JSON] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    gone: set[Hashable] = field(default_factory=set)


class Pace:
    """Lets others work after each slice of time."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def rest(self) -> None:
        if time.perf_counter() - self._began > SLICE:
            await asyncio.sleep(0)
            self._began = time.perf_counter()


def begin(subjects: Subjects, verdict: Verdict, reason: str) -> asyncio.Future[None]:
    """What the verdict says is done or begun when this returns."""
    key = verdict.seen.key
    if verdict.finding is Finding.PAUSE and isinstance(subjects, Pausable):
        return subjects.pause(key, reason)
    return subjects.end(key, cast(Why, verdict.finding.value), reason)


def used_since(then: Seen, now: Seen) -> bool:
    return (then.phase, then.used, then.busy, then.connections) != (
        now.phase,
        now.used,
        now.busy,
        now.connections,
    )


def id_of(key: Hashable) -> str:
    return str(getattr(key, "session_id", None) or getattr(key, "name", None) or key)


def told(verdict: Verdict, settings: CullSettings) -> JSON:
    one = verdict.seen
    return {
        "id": id_of(one.key),
        "workspace_id": str(getattr(one.key, "workspace_id", "")),
        "name": one.name,
        "why": verdict.finding.value,
        "reason": sentence(verdict, settings),
    }
