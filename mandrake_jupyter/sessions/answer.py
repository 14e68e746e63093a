"""The answer of a run while it grows: its parts, and a buffer that coalesces tokens before anyone sees them.

What stands here is exactly what the event log has shown, so a reader that takes a copy at seq N may go on at N.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from ..stores.rows import PIECE, Part
from ..values.sendable import whole
from .event_log import EventLog

Kind = Literal["text", "reasoning"]
COALESCE = 0.05
EVENT_OF: dict[Kind, str] = {"text": "token", "reasoning": "reasoning"}


class LiveAnswer:
    """Text goes in through ``write``; the first piece is shown at once, later ones at most every 50 ms."""

    def __init__(self, log: EventLog, parts: Iterable[Part] = (), *, limit: int = 4_000_000) -> None:
        self._log = log
        self._limit = limit
        self._closed: dict[int, Part] = {part.part: part for part in parts}
        self._pieces: list[str] = []
        self._length = 0
        self._open: Part | None = None
        self._buffer: list[str] = []
        self._buffer_kind: Kind = "text"
        self._timer: asyncio.TimerHandle | None = None
        self._dirty = False
        self._unsaved: dict[int, Part] = {}
        self.step = max((part.step for part in self._closed.values()), default=-1)
        self.full = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts in order, as shown so far."""
        open_part = [self._materialised()] if self._open else []
        return (*(self._closed[n] for n in sorted(self._closed)), *open_part)

    @property
    def next_part(self) -> int:
        return max(self._closed, default=-1) + (2 if self._open else 1)

    def write(self, kind: Kind, text: str) -> None:
        """Add a delta of the model; cut off, with ``full`` set, at the cap on a part's size."""
        if not text or self.full:
            return
        text = whole(text)
        if self._buffer and kind != self._buffer_kind:
            self.flush()
        first = self._open is None and not self._buffer
        self._buffer_kind = kind
        self._buffer.append(text)
        if first or (self._open is not None and self._open.type != kind):
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(COALESCE, self.flush)

    def flush(self) -> None:
        """Show what is buffered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        text = "".join(self._buffer)
        self._buffer.clear()
        if not text:
            return
        if self._open is None or self._open.type != self._buffer_kind:
            self.close_text()
            self._open = Part(self.next_part, self._buffer_kind, step=self.step)
        if self._length + len(text) > self._limit:
            text = text[: self._limit - self._length]
            self.full = True
        for start in range(0, len(text), PIECE):
            self._show(self._open, text[start : start + PIECE])

    def _show(self, part: Part, text: str) -> None:
        data = {"content": text, "part": part.part, "offset": self._length}
        event = self._log.emit(EVENT_OF[self._buffer_kind], data)
        self._pieces.append(text)
        self._length += len(text)
        self._open = replace(part, last_seq=event.seq)
        self._dirty = True

    def end_reasoning(self, kept: Mapping[str, Any]) -> None:
        """The running stretch of reasoning is whole, with what its provider wants back with it. It may have had no text."""
        self.flush()
        if self._open is None or self._open.type != "reasoning":
            self.close_text()
            self._open = Part(self.next_part, "reasoning", step=self.step)
        self._open = replace(self._open, call={"kept": dict(kept)})
        self._dirty = True
        self.close_text()

    def unsaved(self) -> list[Part]:
        """Text that was shown and not reported as ``saved``."""
        if self._dirty and self._open:
            self._unsaved[self._open.part] = self._materialised()
            self._dirty = False
        return list(self._unsaved.values())

    def saved(self, parts: Iterable[Part]) -> None:
        for part in parts:
            if self._unsaved.get(part.part) is part:
                del self._unsaved[part.part]

    def close_text(self) -> None:
        """End the running text part; what comes next is a new one."""
        if self._open is None:
            return
        part = self._materialised()
        self._closed[part.part] = part
        if self._dirty:
            self._unsaved[part.part] = part
        self._open, self._pieces, self._length, self._dirty = None, [], 0, False

    def put(self, part: Part) -> None:
        self._closed[part.part] = part

    def _materialised(self) -> Part:
        assert self._open is not None
        self._pieces = ["".join(self._pieces)]
        return replace(self._open, content=self._pieces[0])
