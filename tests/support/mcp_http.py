"""An MCP server over HTTP without any SDK, on loopback: sessions that it can forget, and requests it refuses.

In a test: ``async with HTTPServerWithSessions() as server``, an entry of the transport ``http`` for ``server.url``
or of ``sse`` for ``server.refusing_url``. ``server.faults["tools/call"] = status(401)`` breaks one method.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

VERSION = "2025-11-25"
MEGABYTE = 2**20
#: Answers a request of one method, by the protocol or not.
Fault = Callable[["Streamable"], Awaitable[None]]


class HTTPServerWithSessions:
    """`calls` counts the tool calls that were run; `words` is what a request of a forgotten session is told."""

    def __init__(self) -> None:
        self.calls = 0
        self.sessions: list[str] = []
        self.known: set[str] = set()
        self.words: dict[str, Any] | None = None
        self.faults: dict[str, Fault] = {}
        self.heard: list[tuple[str, dict[str, str]]] = []  #: methods, with the headers they came with
        self.written = 0  #: bytes of bodies without an end
        self.closed = asyncio.Event()  #: a stream of ours was closed by the other side

    def forget(self, words: dict[str, Any] | None = None) -> None:
        """As a restart does: no session is known any more."""
        self.known, self.words = set(), words

    async def __aenter__(self) -> HTTPServerWithSessions:
        paths: list[Any] = [
            (r"/mcp", Streamable, {"server": self}),
            (r"/old", Moved),
            (r"/refuse.*", Refusing),
        ]
        (socket,) = bind_sockets(0, "127.0.0.1")
        self.origin = f"http://127.0.0.1:{socket.getsockname()[1]}"
        self._http = HTTPServer(Application(paths, log_function=lambda _: None))
        self._http.add_socket(socket)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._http.stop()
        await self._http.close_all_connections()

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    @property
    def refusing_url(self) -> str:
        return f"{self.origin}/refuse"


class Refusing(RequestHandler):
    def get(self) -> None:
        self.set_status(401)


class Moved(RequestHandler):
    def post(self) -> None:
        self.redirect("/mcp", status=308)


class Streamable(RequestHandler):
    def initialize(self, server: HTTPServerWithSessions) -> None:
        self.server = server

    async def get(self) -> None:
        await self.server.faults.get("GET", status(405))(self)

    def delete(self) -> None:
        self.set_status(200)

    def on_connection_close(self) -> None:
        self.server.closed.set()

    async def post(self) -> None:
        message = json.loads(self.request.body)
        method, ident = message.get("method"), message.get("id")
        self.server.heard.append((method, dict(self.request.headers)))
        if method in self.server.faults:
            return await self.server.faults[method](self)
        if method == "initialize":
            session = f"session-{len(self.server.sessions)}"
            self.server.sessions.append(session)
            self.server.known.add(session)
            self.set_header("Mcp-Session-Id", session)
            info = {"name": "http", "version": "1"}
            return self.answer(ident, protocolVersion=VERSION, capabilities={"tools": {}}, serverInfo=info)
        session = self.request.headers.get("Mcp-Session-Id")
        if session is not None and session not in self.server.known:
            self.set_status(404)
            if self.server.words is not None:
                self.finish({"jsonrpc": "2.0", "id": None, "error": self.server.words})
            return None
        if ident is None:
            return self.set_status(202)
        if method == "tools/list":
            return self.answer(ident, tools=[{"name": "count", "inputSchema": {"type": "object"}}])
        if method == "tools/call":
            self.server.calls += 1
            return self.answer(ident, content=[{"type": "text", "text": str(self.server.calls)}])
        self.finish({"jsonrpc": "2.0", "id": ident, "error": {"code": -32601, "message": f"no {method}"}})
        return None

    def answer(self, ident: Any, **result: Any) -> None:
        self.finish({"jsonrpc": "2.0", "id": ident, "result": result})


def status(code: int, body: str = "") -> Fault:
    async def fault(handler: Streamable) -> None:
        handler.set_status(code)
        handler.finish(body)

    return fault


def redirect(to: str) -> Fault:
    async def fault(handler: Streamable) -> None:
        handler.redirect(to, status=307)

    return fault


async def without_end(handler: Streamable) -> None:
    """JSON that goes on until somebody has enough."""
    handler.set_header("Content-Type", "application/json")
    try:
        while not handler.server.closed.is_set():
            handler.write(b"[" * MEGABYTE)
            handler.server.written += MEGABYTE
            await handler.flush()
    except StreamClosedError:  # heard here before `on_connection_close`, which is then not called
        handler.server.closed.set()


async def broken_off(handler: Streamable) -> None:
    """The tool runs, but the event stream ends before its answer; one may ask for the rest by GET."""
    handler.server.calls += 1
    handler.set_header("Content-Type", "text/event-stream")
    handler.finish("id: 1\nretry: 1\ndata:\n\n")


async def stalled(handler: Streamable) -> None:
    """An event stream that was opened, and on which nothing ever comes."""
    handler.set_header("Content-Type", "text/event-stream")
    handler.write(": soon\n\n")
    await handler.flush()
    await handler.server.closed.wait()


async def chatty(handler: Streamable) -> None:
    """An event stream on which something always comes, and never an answer."""
    handler.set_header("Content-Type", "text/event-stream")
    try:
        while not handler.server.closed.is_set():
            handler.write(": still here\n\n")
            await handler.flush()
            await asyncio.sleep(0.01)
    except StreamClosedError:
        handler.server.closed.set()
