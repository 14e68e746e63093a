"""MCP servers somewhere else, over streamable HTTP or the older SSE: nothing is started, nothing is
stopped.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from .base import LaunchSpec, LogSink, Provisioner

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Auth, Response, Timeout
    from mcp.client._transport import ReadStream, Transport, TransportStreams

#: Seconds to connect, and for each part of an answer to arrive; a call has its own deadline.
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 300.0


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

    def _gone(self) -> None:
        if self._leaving is None:
            self.ended.set()

    def _client(self) -> AsyncClient:
        """The SDK's HTTP client, which tells when nobody listens at the address."""
        import httpx2

        gone = self._gone

        class Client(httpx2.AsyncClient):
            async def send(self, request: httpx2.Request, **kwargs: Any) -> Response:
                try:
                    return await super().send(request, **kwargs)
                except httpx2.ConnectError:
                    gone()
                    raise

        return Client(
            headers=dict(self.spec.headers),
            timeout=httpx2.Timeout(CONNECT_TIMEOUT, read=READ_TIMEOUT),
            event_hooks={"response": [self._answered]},
        )

    @abstractmethod
    async def _answered(self, response: Response) -> None: ...


class HTTPProvisioner(_RemoteProvisioner):
    """Streamable HTTP."""

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[TransportStreams]:
        from mcp.client.streamable_http import streamable_http_client

        async with (
            self._client() as client,
            streamable_http_client(self.spec.url, http_client=client) as streams,
        ):
            yield streams

    async def _answered(self, response: Response) -> None:
        """The protocol: whoever sends a session's id and is answered 404 begins a new session."""
        asked = response.request
        if response.status_code == 404 and asked.method == "POST" and "mcp-session-id" in asked.headers:
            self._gone()


class SSEProvisioner(_RemoteProvisioner):
    """The transport before streamable HTTP. Its one stream of answers is the session: where it ends, all has ended."""

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[TransportStreams]:
        from mcp.client.sse import sse_client

        def client(
            headers: dict[str, str] | None = None, timeout: Timeout | None = None, auth: Auth | None = None
        ) -> AsyncClient:
            return self._client()

        async with sse_client(self.spec.url, httpx_client_factory=client) as (received, sent):
            yield _Watched(received, self._gone), sent

    async def _answered(self, response: Response) -> None:
        """A message that was not taken is the last one that the SDK sends."""
        if response.request.method == "POST" and response.is_error:
            self._gone()


class _Watched:
    """A stream of what an MCP server says, which tells its end."""

    def __init__(self, stream: ReadStream[Any], ended: Callable[[], None]) -> None:
        self._stream = stream
        self._ended = ended

    @property
    def last_context(self) -> Any:
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> Any:
        import anyio

        try:
            return await self._stream.receive()
        except anyio.EndOfStream:
            self._ended()
            raise

    def __aiter__(self) -> _Watched:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._ended()
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def __aenter__(self) -> _Watched:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
