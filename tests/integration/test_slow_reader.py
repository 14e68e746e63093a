"""A client that is connected and reads nothing costs what fits into the connection, and nobody waits for it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from mandrake_jupyter.handlers.base import StreamHandler

#: Together far more than the buffers between two programs hold (a few MB).
FRAMES, SIZE = 800, 64_000
sent: dict[str, int] = {}


class FloodHandler(StreamHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.stream(self.flood(self.get_query_argument("as")))

    async def flood(self, reader: str) -> AsyncIterator[dict[str, Any]]:
        for number in range(FRAMES):
            sent[reader] = number + 1
            yield {"type": "flood", "seq": number, "content": "x" * SIZE}


async def test_a_stuck_reader_holds_no_more_than_its_connection_and_slows_nobody(
    jp_serverapp: Any, jp_fetch: Any, jp_http_port: int, jp_base_url: str, jp_auth_header: dict[str, str]
) -> None:
    jp_serverapp.web_app.add_handlers(".*", [(f"{jp_base_url}flood", FloodHandler)])
    sent.clear()

    async def ask(reader: str, connection: socket.socket | None = None) -> Any:
        request = f"GET {jp_base_url}flood?as={reader} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        request += "".join(f"{name}: {value}\r\n" for name, value in jp_auth_header.items())
        if connection is None:
            read, write = await asyncio.open_connection("localhost", jp_http_port)
            write.write(f"{request}\r\n".encode())
            return read, write
        await asyncio.get_running_loop().sock_sendall(connection, f"{request}\r\n".encode())
        return None

    with socket.create_connection(("localhost", jp_http_port)) as stuck:
        stuck.setblocking(False)
        await ask("stuck", stuck)
        async with asyncio.timeout(60):
            read, write = await ask("quick")
            while await read.read(1_000_000):
                pass
            write.close()
            await write.wait_closed()
    assert sent["quick"] == FRAMES
    assert 0 < sent["stuck"] < FRAMES / 2
