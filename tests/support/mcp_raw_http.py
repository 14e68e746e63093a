"""The MCP server `mcp_raw` over HTTP on a free port of loopback: `python mcp_raw_http.py`. Says its origin when it listens.

`/mcp` is streamable HTTP with sessions, `/sse` the older transport.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import mcp_raw
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

#: Per session: what is said of its own accord, or in the older transport all that is said.
sessions: dict[str, asyncio.Queue[str]] = {}


@contextmanager
def answers() -> Iterator[list[str]]:
    """What is said while a message is handled."""
    said: list[str] = []
    mcp_raw.deliver = said.append
    yield said


class Stream(RequestHandler):
    """Server-sent events from one session's queue."""

    async def follow(self, session: str, first: str = "") -> None:
        self.set_header("Content-Type", "text/event-stream")
        try:
            self.write(first)
            await self.flush()
            while True:
                self.write(f"event: message\ndata: {await sessions[session].get()}\n\n")
                await self.flush()
        except StreamClosedError:
            pass

    def on_connection_close(self) -> None:
        if self.following is not None:
            self.following.cancel()

    following: asyncio.Task[None] | None = None

    async def until_closed(self, session: str, first: str = "") -> None:
        self.following = asyncio.ensure_future(self.follow(session, first))
        await asyncio.wait([self.following])


class Streamable(Stream):
    async def get(self) -> None:
        await self.until_closed(self.request.headers["Mcp-Session-Id"])

    def delete(self) -> None:
        del sessions[self.request.headers["Mcp-Session-Id"]]

    async def post(self) -> None:
        message = json.loads(self.request.body)
        session = self.request.headers.get("Mcp-Session-Id", "")
        if message.get("method") == "initialize":
            session = uuid.uuid4().hex
            sessions[session] = asyncio.Queue()
            self.set_header("Mcp-Session-Id", session)
        if session not in sessions:
            self.set_status(404)
            return
        with answers() as said:
            mcp_raw.handle(message)
        own = [text for text in said if "id" in json.loads(text)]
        for text in said:
            if text not in own:
                sessions[session].put_nowait(text)
        if "id" not in message:
            self.set_status(202)
        elif own:
            self.set_header("Content-Type", "application/json")
            self.write(own[0])
        else:  # it is never answered
            await asyncio.Event().wait()


class Events(Stream):
    async def get(self) -> None:
        session = uuid.uuid4().hex
        sessions[session] = asyncio.Queue()
        try:
            await self.until_closed(session, f"event: endpoint\ndata: /messages?session_id={session}\n\n")
        finally:
            del sessions[session]


class Messages(RequestHandler):
    def post(self) -> None:
        session = sessions.get(self.get_query_argument("session_id"))
        if session is None:
            self.set_status(404)
            return
        with answers() as said:
            mcp_raw.handle(json.loads(self.request.body))
        for text in said:
            session.put_nowait(text)
        self.set_status(202)


async def main() -> None:
    paths = [(r"/mcp", Streamable), (r"/sse", Events), (r"/messages", Messages)]
    (socket,) = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application(paths, log_function=lambda _: None))
    server.add_socket(socket)
    print(f"http://127.0.0.1:{socket.getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
