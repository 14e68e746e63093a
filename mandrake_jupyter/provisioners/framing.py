"""Messages over a process's stdin and stdout: one JSON-RPC message a line, towards the SDK's two streams.

Lines that are no message go to the log and are skipped; they never end a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Protocol

from .base import LogSink

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

#: Bytes of one message; a longer one is skipped with a warning.
MESSAGE_LIMIT = 64 * 2**20
#: Bytes of one log line; the rest of it is cut off.
LOG_LINE_LIMIT = 8 * 2**10
_CHUNK = 2**18


class ByteReader(Protocol):
    """As of asyncio's: the next bytes, at most `n`, empty at the end."""

    async def read(self, n: int = ..., /) -> bytes: ...


async def lines(reader: ByteReader, limit: int) -> AsyncIterator[bytes | None]:
    """The lines of `reader` without their ends; None for one longer than `limit` bytes, whose bytes are
    dropped.
    """
    parts: list[bytes] = []
    size = 0
    while chunk := await reader.read(_CHUNK):
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            yield None if size + len(line) > limit else b"".join([*parts, line])
            parts, size = [], 0
        size += len(rest)
        if size > limit:
            parts = []
        elif rest:
            parts.append(rest)
    if parts and size <= limit:
        yield b"".join(parts)


async def pump_log(reader: asyncio.StreamReader, stream: str, log: LogSink) -> None:
    """Every line of `reader` into `log`, until its end."""
    async for line in log_lines(reader):
        log(stream, line)


async def log_lines(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    """Lines for people: cut at :data:`LOG_LINE_LIMIT` bytes each, a flood without a newline included."""
    parts = b""
    while chunk := await reader.read(_CHUNK):
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            yield text((parts + line)[:LOG_LINE_LIMIT])
            parts = b""
        parts = (parts + rest)[:LOG_LINE_LIMIT]
    if parts:
        yield text(parts)


def text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")


async def receive_messages(reader: ByteReader, into: Any, log: LogSink) -> None:
    """Each message of `reader` into the send stream `into`, until the end of `reader`."""
    import anyio
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    warned = False
    async for line in lines(reader, MESSAGE_LIMIT):
        if line is None:
            log("mandrake", f"A message of more than {MESSAGE_LIMIT >> 20} MB was skipped.")
            continue
        if not line.strip():
            continue
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:
            if not warned:
                log(
                    "mandrake",
                    "It writes lines to its standard output that are no messages. They were skipped.",
                )
                warned = True
            log("stdout", text(line[:LOG_LINE_LIMIT]))
            continue
        try:
            try:
                into.send_nowait(SessionMessage(message))  # who waits gets it a turn of the loop earlier
            except anyio.WouldBlock:
                await into.send(SessionMessage(message))
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            break
    while await reader.read(_CHUNK):
        pass  # nobody listens any more; a full pipe would keep the server from ending


async def send_messages(messages: AsyncIterator[SessionMessage], writer: asyncio.StreamWriter) -> None:
    """Each message to `writer`, until the stream is closed. Raises OSError when the server reads no more."""
    async for item in messages:
        writer.write(item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
        await writer.drain()
