"""MCP servers somewhere else, over streamable HTTP or the older SSE: nothing is started, nothing is
stopped.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from .base import LaunchSpec, LogSink, Provisioner
from .framing import MESSAGE_LIMIT
from .sending import Refusal

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Request
    from mcp.client._transport import Transport, TransportStreams


class _RemoteProvisioner(Provisioner):
    """A connection to `spec.url`. Redirects to another origin are not followed (the SDK's rule).

    It has ended when nobody listens there any more, or when it no longer knows us. Leaving takes our leave of it for
    at most the grace: one that hangs keeps nobody.
    """

    def __init__(self, spec: LaunchSpec, log: LogSink) -> None:
        super().__init__(spec, log)
        self._leaving: asyncio.Timeout | None = None
        self._killed = False

    def launch(self, grace: float) -> Transport:
        return self._launch(grace)

    def kill(self) -> None:
        self._killed = True
        self.ended.set()
        if self._leaving is not None:
            self._leaving.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def _launch(self, grace: float) -> AsyncIterator[TransportStreams]:
        broke: BaseException | None = None
        deadline = asyncio.timeout(None)
        try:
            async with deadline, self._open() as streams:
                try:
                    yield streams
                except BaseException as exc:
                    broke = exc
                    raise
                finally:
                    self._leaving = deadline
                    deadline.reschedule(asyncio.get_running_loop().time() + (0.0 if self._killed else grace))
        except TimeoutError:
            if not deadline.expired():
                raise
            if broke is not None:
                raise broke from None

    @abstractmethod
    def _open(self) -> AbstractAsyncContextManager[TransportStreams]: ...

    @abstractmethod
    def _told(self, request: Request, refusal: Refusal | None) -> None:
        """Of each answer."""

    def _gone(self) -> None:
        if self._leaving is None:
            self.ended.set()


class HTTPProvisioner(_RemoteProvisioner):
    """Streamable HTTP."""

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[TransportStreams]:
        from mcp.client.streamable_http import streamable_http_client

        from .http_client import MCPHTTPClient

        client = MCPHTTPClient(self._told, self._gone, headers=dict(self.spec.headers))
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
            self._gone()


class SSEProvisioner(_RemoteProvisioner):
    """The transport before streamable HTTP. Its one stream of answers is the session: where it ends, all has ended."""

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[TransportStreams]:
        from mcp.client.sse import sse_client

        from .http_client import MCPHTTPClient

        def client(headers: Any = None, timeout: Any = None, auth: Any = None) -> AsyncClient:
            return MCPHTTPClient(self._told, self._gone, stream_over=self._gone, headers=headers, auth=auth)

        async with sse_client(
            self.spec.url, headers=dict(self.spec.headers), httpx_client_factory=client
        ) as streams:
            yield streams

    def _told(self, request: Request, refusal: Refusal | None) -> None:
        """A message that was not taken is the last one that the SDK sends."""
        self.refusal = refusal
        if refusal is not None and request.method == "POST":
            self._gone()
