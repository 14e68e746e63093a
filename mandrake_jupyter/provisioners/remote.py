"""MCP servers somewhere else, over streamable HTTP or the older SSE: nothing is started, nothing is
stopped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from .base import Provisioner
from .framing import MESSAGE_LIMIT
from .sending import Refusal

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Request
    from mcp.client._transport import Transport, TransportStreams


class HTTPProvisioner(Provisioner):
    """A connection to `spec.url`. Redirects to another origin are not followed (the SDK's rule).

    It has ended when the MCP server no longer knows the session, as after a restart of its own.
    """

    def launch(self, grace: float) -> Transport:
        return self._launch()

    @asynccontextmanager
    async def _launch(self) -> AsyncIterator[TransportStreams]:
        from mcp.client.streamable_http import streamable_http_client

        from .http_client import MCPHTTPClient

        client = MCPHTTPClient(self._told, lambda: None, headers=dict(self.spec.headers))
        async with (
            client,
            streamable_http_client(
                self.spec.url, http_client=client, max_sse_event_size=MESSAGE_LIMIT
            ) as streams,
        ):
            yield streams

    def _told(self, request: Request, refusal: Refusal | None) -> None:
        """The protocol: whoever sends a session's id and is answered 404 begins a new session."""
        if request.method != "POST":
            return  # it need not offer the stream that is asked for by GET
        self.refusal = refusal
        if refusal is not None and refusal.status == 404 and "mcp-session-id" in request.headers:
            self.ended.set()


class SSEProvisioner(Provisioner):
    """The transport before streamable HTTP. It has ended when its one stream has, or when it takes no message any more:
    then no answer can come.
    """

    def launch(self, grace: float) -> Transport:
        return self._launch()

    @asynccontextmanager
    async def _launch(self) -> AsyncIterator[TransportStreams]:
        from mcp.client.sse import sse_client

        from .http_client import CONNECT_TIMEOUT, READ_TIMEOUT, MCPHTTPClient

        leaving = False

        def over() -> None:
            if not leaving:
                self.ended.set()

        def client(headers: Any = None, timeout: Any = None, auth: Any = None) -> AsyncClient:
            return MCPHTTPClient(self._told, over, headers=headers, auth=auth)

        async with sse_client(
            self.spec.url,
            headers=dict(self.spec.headers),
            timeout=CONNECT_TIMEOUT,
            sse_read_timeout=READ_TIMEOUT,
            httpx_client_factory=client,
        ) as streams:
            try:
                yield streams
            finally:
                leaving = True

    def _told(self, request: Request, refusal: Refusal | None) -> None:
        self.refusal = refusal
        if refusal is not None and request.method == "POST":
            self.ended.set()
