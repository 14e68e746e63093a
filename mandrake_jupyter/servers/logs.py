"""The last lines of one MCP server, bounded by their number and their size. Kept in memory, across its
restarts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..values import JSON, isoformat, utcnow


@dataclass(frozen=True)
class LogLine:
    """`stream` is ``stderr``, ``stdout`` (what was no message) or ``mandrake`` (what we did)."""

    time: datetime
    stream: str
    text: str

    def as_json(self) -> JSON:
        return {"time": isoformat(self.time), "stream": self.stream, "text": self.text}


class LogRing:
    """Keeps at most `lines` lines and `size` characters; the oldest go first."""

    def __init__(
        self, lines: int = 2000, size: int = 1_000_000, now: Callable[[], datetime] = utcnow
    ) -> None:
        self._lines: deque[LogLine] = deque()
        self._max_lines = lines
        self._max_size = size
        self._size = 0
        self.now = now

    def add(self, stream: str, text: str) -> None:
        text = text[: self._max_size]
        self._lines.append(LogLine(self.now(), stream, text))
        self._size += len(text)
        while len(self._lines) > self._max_lines or self._size > self._max_size:
            self._size -= len(self._lines.popleft().text)

    def tail(self, count: int, *streams: str, since: datetime | None = None) -> list[LogLine]:
        """The last `count` lines, oldest first: of `streams` where given, not older than `since`."""
        if count <= 0:
            return []
        wanted = [
            line
            for line in self._lines
            if (not streams or line.stream in streams) and (since is None or line.time >= since)
        ]
        return wanted[-count:]
