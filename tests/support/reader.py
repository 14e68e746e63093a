"""A client that reads a run's events over a connection of its own, as slowly as it likes: what it does not ask for stays
where it is, and the connection is full soon.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .rest import Rest


@dataclass
class Connection:
    """Iterate for the events; until then nothing is read."""

    socket: socket.socket

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        loop, rest = asyncio.get_running_loop(), bytearray()
        while chunk := await loop.sock_recv(self.socket, 1_000_000):
            searched = max(len(rest) - 1, 0)
            rest += chunk
            if rest.find(b"\n", searched) < 0:
                continue
            *lines, last = rest.split(b"\n")
            rest = bytearray(last)
            for line in lines:  # the head, sizes of chunks and heartbeats are no objects
                if line.startswith(b"HTTP/"):
                    assert b" 200 " in line, line
                if line.startswith(b"{"):
                    yield json.loads(line)


@asynccontextmanager
async def reading(server: Rest, run: str, after: int = 0) -> AsyncIterator[Connection]:
    """The events of `run` (its path) behind `after`."""
    parts = urlsplit(f"{server.url}{run.replace('m/', 'mandrake/', 1)}/events")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, (parts.hostname, parts.port))
        asked = (
            f"GET {parts.path}?after={after} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Authorization: token {server.token}\r\nAccept: application/x-ndjson\r\n\r\n"
        )
        await loop.sock_sendall(connection, asked.encode())
        yield Connection(connection)
