"""The stdin, stdout and stderr of a container over one connection to the engine: its attach stream, taken apart.

What nobody reads blocks the engine for that container, its kill included, so whoever attaches reads to the end or
closes.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from ...errors import EngineRefused
from ..framing import LOG_LINE_LIMIT, text

if TYPE_CHECKING:
    from ..base import LogSink
    from .engine import Engine

#: Bytes read at once.
CHUNK = 2**18
#: Seconds until the engine has answered the request to attach.
ATTACH_TIMEOUT = 20.0
_STDERR = 2


class Attached:
    """`read` gives stdout; what is written to stderr goes to the log on the way. Ends when the container has."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: LogSink) -> None:
        self.writer = writer
        self._reader = reader
        self._log = log
        self._line = b""
        self._left = 0  #: bytes of the present frame that are still to come
        self._stream = 0

    async def read(self, size: int = CHUNK) -> bytes:
        """The next bytes of stdout; empty at the end. Also after the engine went away."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                if not self._left:
                    head = await self._reader.readexactly(8)
                    self._stream, self._left = head[0], int.from_bytes(head[4:], "big")
                    continue
                part = await self._reader.read(min(size, self._left))
                if not part:
                    break
                self._left -= len(part)
                if self._stream != _STDERR:
                    return part
                self._heard(part)
        if self._line:
            self._log("stderr", text(self._line))
            self._line = b""
        return b""

    def _heard(self, part: bytes) -> None:
        *lines, rest = part.split(b"\n")
        for line in lines:
            self._log("stderr", text((self._line + line)[:LOG_LINE_LIMIT]))
            self._line = b""
        self._line = (self._line + rest)[:LOG_LINE_LIMIT]

    def end_input(self) -> None:
        """The MCP server reads the end of its stdin; over TLS that takes the whole connection."""
        with contextlib.suppress(OSError, RuntimeError):
            if self.writer.can_write_eof():
                self.writer.write_eof()
            else:
                self.writer.close()

    def close(self) -> None:
        self.writer.close()


async def attach(engine: Engine, container: str, log: LogSink) -> Attached:
    """To a container that was not started yet, so that nothing of it is missed. Raises EngineOff, EngineRefused."""
    reader, writer = await engine.open()
    try:
        async with asyncio.timeout(ATTACH_TIMEOUT):
            writer.write(
                f"POST /v{engine.api}/containers/{container}/attach?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1\r\n"
                "Host: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(None, 2)[1])
        if status not in (101, 200):
            why = head.split(b"\r\n", 1)[0].decode(errors="replace")
            raise EngineRefused(
                name=engine.name, what="attach to the container", why=why, engine_status=status
            )
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError, TimeoutError) as exc:
        writer.close()
        why = f"It did not take the connection to the container: {exc!r}"
        raise EngineRefused(
            name=engine.name, what="attach to the container", why=why, engine_status=500
        ) from exc
    except BaseException:
        writer.close()
        raise
    return Attached(reader, writer, log)
