"""The events of one run as an iterator that outlives its connections.

A message is posted with an idempotency key, so it can be posted again when the connection drops before the
first event; from then on the stream resumes by ``events?after=seq``. Every event is given once. Leaving the
stream cancels nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .errors import ConnectionLost, MandrakeClientError
from .transport import Reply

TERMINAL = frozenset({"complete", "error", "cancelled"})
LONGEST_PAUSE = 5.0

Event = dict[str, Any]
Opener = Callable[[str, int], Reply]


class EventStream(Iterator[Event]):
    """Iterate for the events (dicts as in wire.md) up to the terminal one; ``close()`` or ``with`` to leave
    before.

    `open_at` is called with the run's id (empty while unknown) and the last `seq` seen, and returns an
    NDJSON reply. `retries` is how many attempts in a row may fail without a byte received between them;
    pauses double from 0.2 s. Raises :class:`MandrakeClientError`: before the first event for a refusal,
    later when the retries are used up.
    """

    def __init__(self, open_at: Opener, *, run_id: str = "", after: int = 0, retries: int = 6):
        self.run_id = run_id
        self.last_seq = after
        self.ended = False
        self._open_at = open_at
        self._retries = retries
        self._failures = 0
        self._opened = False
        self._reply: Reply | None = None
        self._buffer = bytearray()
        self._closed = threading.Event()

    def __next__(self) -> Event:
        while not (self.ended or self._closed.is_set()):
            try:
                line = self._line()
                event = self._parse(line) if line.strip() else None
            except MandrakeClientError as exc:
                self._drop()
                self._pause(exc)
                continue
            except BaseException:
                self._drop()
                raise
            if event is not None:
                return event
        self._drop()
        raise StopIteration

    def close(self) -> None:
        """Leave the stream; safe from another thread, where it ends a `next` that waits. The run goes on."""
        self._closed.set()
        if reply := self._reply:
            reply.wake()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._drop()

    def _line(self) -> bytes:
        """The next whole line, without its end."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if self._reply is None:
                self._reply = self._open_at(self.run_id, self.last_seq)
                self._opened = True
            chunk = self._reply.chunk()
            if not chunk:
                raise ConnectionLost("The connection to Jupyter broke off.")
            self._failures = 0
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _parse(self, line: bytes) -> Event | None:
        """The event, or None when it was already given."""
        try:
            event: Event = json.loads(line)
            seq = int(event["seq"])
            self.run_id = str(event["run_id"])
        except (ValueError, KeyError, TypeError) as exc:
            raise ConnectionLost("The stream from Jupyter held something that is not an event.") from exc
        if seq <= self.last_seq:
            return None
        self.last_seq = seq
        if event["type"] in TERMINAL:
            self.ended = True
            self._drop()
        return event

    def _pause(self, exc: MandrakeClientError) -> None:
        """Wait before the next attempt, or raise `exc` where another would not help."""
        self._failures += 1
        passing = isinstance(exc, ConnectionLost) or (self._opened and exc.status in (502, 503, 504))
        hopeless = isinstance(exc, ConnectionLost) and exc.refused and not self._opened
        if self._closed.is_set():
            return
        if not passing or hopeless or self._failures > self._retries:
            self._closed.set()
            raise exc
        self._closed.wait(min(0.1 * 2**self._failures, LONGEST_PAUSE))

    def _drop(self) -> None:
        reply, self._reply = self._reply, None
        self._buffer.clear()
        if reply is not None:
            reply.close()
