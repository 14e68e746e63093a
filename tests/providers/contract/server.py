"""A server that says on a socket exactly the bytes it was given, for what no HTTP library would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Reply:
    """`body` goes out in pieces of `split` bytes. `end`: ``whole``, or ``cut`` off in the middle; ``silent`` says nothing
    at all before the cut, ``hang`` keeps the connection open after the body."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "text/event-stream; charset=utf-8"
    end: str = "whole"
    split: int = 7


class WireServer:
    """One reply for all requests; what was asked is in `requests` as (path, headers, body)."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.requests: list[tuple[str, dict[str, str], Any]] = []

    async def __aenter__(self) -> WireServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._stop = asyncio.Event()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
            raw = await reader.readexactly(int(headers.get("content-length") or 0))
            self.requests.append((head[0].split(" ")[1], headers, json.loads(raw or b"{}")))
            await self._answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        reply = self.reply
        if reply.end == "silent":
            return writer.transport.abort()
        head = [
            f"HTTP/1.1 {reply.status} Said",
            f"Content-Type: {reply.content_type}",
            "Transfer-Encoding: chunked",
        ]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*head, "", ""]).encode())
        for at in range(0, len(reply.body), reply.split):
            piece = reply.body[at : at + reply.split]
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        if reply.end == "whole":
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        if reply.end == "hang":
            await self._stop.wait()
        return None
