"""An MCP server's stdin and stdout as the SDK's two streams, wherever it runs; shared by the provisioners that have them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from .base import LogSink
from .framing import ByteReader, receive_messages, send_messages

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

#: Seconds for what was sent to be written, and for the last lines of its log to be read after it has ended.
FLUSH, DRAIN = 0.5, 1.0


@asynccontextmanager
async def talk(
    name: str,
    stdout: ByteReader,
    stdin: asyncio.StreamWriter,
    log: LogSink,
    *,
    ended: Callable[[], Awaitable[None]],
    end: Callable[[], Awaitable[None]],
    force: Callable[[], None],
) -> AsyncIterator[TransportStreams]:
    """`ended` is called when it stops talking unasked, before those who wait for an answer hear of it. On leaving, `end`
    ends it while its stdout is still being read: what nobody reads may keep it from ending. `force` comes last, always.
    """
    import anyio
    from mcp.shared.message import SessionMessage

    to_session, read_stream = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write_stream, from_session = anyio.create_memory_object_stream[SessionMessage](0)
    leaving = False

    async def receive() -> None:
        try:
            await receive_messages(stdout, to_session, log)
        finally:
            if not leaving:
                await ended()
            to_session.close()

    async def send() -> None:
        try:
            async with from_session:
                await send_messages(from_session, stdin)
        except (OSError, RuntimeError):
            to_session.close()  # it reads no more: whoever waits for an answer must hear of it

    receiving = asyncio.create_task(receive(), name=f"stdout of {name}")
    sending = asyncio.create_task(send(), name=f"stdin of {name}")
    try:
        yield read_stream, write_stream
    finally:
        leaving = True
        write_stream.close()
        read_stream.close()
        try:
            await asyncio.wait([sending], timeout=FLUSH)
            await end()
            await asyncio.wait([receiving], timeout=DRAIN)
        finally:
            force()
            for task in (sending, receiving):
                task.cancel()
            await asyncio.wait([sending, receiving], timeout=DRAIN)
            to_session.close()
            from_session.close()
