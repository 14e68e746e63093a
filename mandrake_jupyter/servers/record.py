"""What is remembered of one configured MCP server beyond its connections, for this run of Jupyter: its log and its counts.

Shared by all its processes, where each chat has one of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ..errors import MandrakeError
from ..values import utcnow
from .logs import LogRing


@dataclass
class Record:
    """`starts` are those that came to be ready, `restarts` those among them that were not the first of their chat or
    project, `crashes` ends that nobody asked for of what was ready. `last_error` stays after a recovery.
    """

    logs: LogRing = field(default_factory=LogRing)
    starts: int = 0
    restarts: int = 0
    crashes: int = 0
    last_crash: datetime | None = None
    last_error: MandrakeError | None = None
    calls: int = 0
    failed_calls: int = 0
    now: Callable[[], datetime] = utcnow

    def started(self, *, again: bool) -> None:
        self.starts += 1
        self.restarts += again

    def failed(self, error: MandrakeError, *, was_ready: bool) -> None:
        self.last_error = error
        if was_ready:
            self.crashes += 1
            self.last_crash = self.now()

    def called(self, *, ok: bool) -> None:
        self.calls += 1
        self.failed_calls += not ok
