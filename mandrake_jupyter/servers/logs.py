"""The last lines of one MCP server, bounded by their number and their size, for who looks and who follows. Kept in
memory, across its restarts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal, get_args

from ..lifecycle.bell import Bell, rung
from ..values import JSON, isoformat, utcnow

#: As the protocol has them, the least first.
Level = Literal["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True)
class LogLine:
    """`stream` is ``stderr``, ``stdout`` (what was no message), ``message`` (a log message of the protocol) or
    ``mandrake`` (what we did). Only the last two have a `level`. `seq` counts all lines of its ring.
    """

    time: datetime
    stream: str
    text: str
    level: Level | None
    seq: int

    def as_json(self) -> JSON:
        return {
            "time": isoformat(self.time),
            "stream": self.stream,
            "text": self.text,
            "level": self.level,
            "seq": self.seq,
        }

    def at_least(self, level: Level | None) -> bool:
        """What has no level always is: a traceback on stderr must not be hidden by asking for errors."""
        return level is None or self.level is None or LEVELS.index(self.level) >= LEVELS.index(level)


class LogRing:
    """Keeps at most `lines` lines and `size` characters; the oldest go first. All of it is also written `into` another."""

    def __init__(
        self,
        lines: int = 2000,
        size: int = 1_000_000,
        now: Callable[[], datetime] = utcnow,
        into: LogRing | None = None,
    ) -> None:
        self._into = into
        self._lines: deque[LogLine] = deque()
        self._max_lines = lines
        self._max_size = size
        self._size = 0
        self._bell = Bell()
        self.seq = 0  #: of the last line
        self.closed = False
        self.now = now

    def add(self, stream: str, text: str, level: Level | None = None) -> None:
        text = text[: self._max_size]
        self.seq += 1
        self._lines.append(LogLine(self.now(), stream, text, level, self.seq))
        self._size += len(text)
        while len(self._lines) > self._max_lines or self._size > self._max_size:
            self._size -= len(self._lines.popleft().text)
        self._bell.ring()
        if self._into is not None:
            self._into.add(stream, text, level)

    def close(self) -> None:
        """Who follows has read the last line."""
        self.closed = True
        self._bell.ring()

    def tail(
        self, count: int, *streams: str, since: datetime | None = None, level: Level | None = None
    ) -> list[LogLine]:
        """The last `count` lines, oldest first: of `streams` where given, not older than `since`, at least of
        `level`.
        """
        if count <= 0:
            return []
        wanted = [
            line
            for line in self._lines
            if (not streams or line.stream in streams)
            and (since is None or line.time >= since)
            and line.at_least(level)
        ]
        return wanted[-count:]

    async def follow(
        self,
        after: int | None = None,
        *,
        tail: int = 200,
        level: Level | None = None,
        heartbeat: float = 10.0,
    ) -> AsyncIterator[JSON | None]:
        """The lines after the sequence number `after`, else the last `tail`, then each as it comes; None after
        `heartbeat` quiet seconds. A jump of ``seq`` tells what was filtered or fell out unread. Ends with `close`.
        """
        with self._bell.listening() as listener:
            position = self.seq
            if after is not None and after <= self.seq:
                position = after
            else:
                for line in self.tail(tail, level=level):
                    yield _event(line)
            while True:
                listener.clear()
                while position < self.seq:
                    fresh = self._after(position)
                    position = fresh[-1].seq
                    for line in fresh:
                        if line.at_least(level):
                            yield _event(line)
                if self.closed:
                    return
                if not await rung(listener, heartbeat):
                    yield None

    def _after(self, position: int) -> list[LogLine]:
        new = self.seq - position
        return list(islice(self._lines, max(0, len(self._lines) - new), None))


def _event(line: LogLine) -> JSON:
    return {"type": "log", **line.as_json()}
