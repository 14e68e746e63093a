"""Announcing tool calls: each once, however it ends; and their progress, a sign of life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from ..errors import MandrakeError, OutcomeUnknown
from ..lifecycle.announce import Announce, ToolCalled
from ..lifecycle.leases import Leases
from ..values import ServerKey, ToolResult
from .connection import ProgressSink


@contextmanager
def told(
    announce: Announce, key: ServerKey, session_id: str, transport: str
) -> Iterator[Callable[[ToolResult], ToolResult]]:
    """Around one call; what it yields is to be told the result. A cancelled call may have done its work: ``unknown``."""
    began, outcome = monotonic(), "unknown"

    def ended(result: ToolResult) -> ToolResult:
        nonlocal outcome
        outcome = "done" if result.ok else "failed"
        return result

    try:
        yield ended
    except MandrakeError as exc:
        outcome = "unknown" if isinstance(exc, OutcomeUnknown) else "failed"
        raise
    finally:
        announce(ToolCalled(key.workspace_id, session_id, key.name, transport, outcome, monotonic() - began))


def touching(leases: Leases, sink: ProgressSink) -> ProgressSink:
    """`sink`, and progress is a sign of life."""

    async def report(progress: float, total: float | None, message: str | None) -> None:
        leases.touch()
        await sink(progress, total, message)

    return report
