"""MCP servers somewhere else, over streamable HTTP or the older SSE: nothing is started, nothing is
stopped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from .base import Provisioner

if TYPE_CHECKING:
    from httpx2 import Response
    from mcp.client._transport import Transport, TransportStreams

#: Seconds to connect, and for each part of an answer to arrive; a call has its own deadline.
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 300.0


class HTTPProvisioner(Provisioner):
    """A connection to `spec.url`. Redirects to another origin are not followed (the SDK's rule).

    It has ended when the MCP server no longer knows the session, as after a restart of its own.
    """

    def launch(self, grace: float) -> Transport:
        return self._launch()

    @asynccontextmanager
    async def _launch(self) -> AsyncIterator[TransportStreams]:
        import httpx2
        from mcp.client.streamable_http import streamable_http_client
        from mcp.shared._httpx_utils import create_mcp_http_client

        timeout = httpx2.Timeout(CONNECT_TIMEOUT, read=READ_TIMEOUT)
        client = create_mcp_http_client(headers=dict(self.spec.headers), timeout=timeout)
        client.event_hooks = {"response": [self._answered]}
        async with (
            client,
            streamable_http_client(self.spec.url, http_client=client) as streams,
        ):
            yield streams

    async def _answered(self, response: Response) -> None:
        """The protocol: whoever sends a session's id and is answered 404 begins a new session."""
        asked = response.request
        if response.status_code == 404 and asked.method == "POST" and "mcp-session-id" in asked.headers:
            self.ended.set()


class SSEProvisioner(Provisioner):
    """The transport before streamable HTTP."""

    def launch(self, grace: float) -> Transport:
        return self._launch()

    @asynccontextmanager
    async def _launch(self) -> AsyncIterator[TransportStreams]:
        from mcp.client.sse import sse_client

        async with sse_client(
            self.spec.url, headers=dict(self.spec.headers), timeout=CONNECT_TIMEOUT
        ) as streams:
            yield streams
