"""The HTTP client for MCP servers elsewhere: bounded in size and time, and it tells of each answer that is none.

Heavy: imported when one starts. Redirects are the SDK's to follow, and it follows none to another origin.
"""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2

from .framing import MESSAGE_LIMIT
from .sending import Refusal, current

#: Seconds to connect, and for each part of an answer to arrive; a call has its own deadline.
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 300.0
#: Seconds for the whole of an answer that is no stream.
BODY_TIMEOUT = 300.0

#: Told of each answer: the request, and what was wrong with it.
Told = Callable[[httpx2.Request, Refusal | None], None]


class TooMuch(httpx2.StreamError):
    """An answer that is too large or takes too long. The SDK makes a failed request of it."""


class MCPHTTPClient(httpx2.AsyncClient):
    """`gone` is called when nobody listens at the address and no other message is under way, `stream_over` when a stream
    that was asked for by GET has ended.
    """

    def __init__(
        self,
        told: Told,
        gone: Callable[[], None],
        *,
        stream_over: Callable[[], None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            timeout=httpx2.Timeout(CONNECT_TIMEOUT, read=READ_TIMEOUT), follow_redirects=False, **kwargs
        )
        self._told = told
        self._gone = gone
        self._stream_over = stream_over
        self._under_way = 0

    async def send(self, request: httpx2.Request, **kwargs: Any) -> httpx2.Response:
        """As HTTP answers also those that never came: what is raised here ends the SDK's whole connection, with the calls
        of others in it.
        """
        post = request.method == "POST"
        self._under_way += post
        response: httpx2.Response | None = None
        try:
            response = await super().send(request, **kwargs)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as exc:
            self._tell(request, Refusal(0, plain(request.url)))
            if isinstance(exc, httpx2.ConnectError) and self._under_way == post:
                self._gone()
            return httpx2.Response(503, request=request)
        except httpx2.ReadTimeout:
            self._tell(request, Refusal(504, plain(request.url)))
            return httpx2.Response(504, request=request)
        finally:
            if response is None or response.is_closed:
                self._under_way -= post
        where = request.url if response.next_request is None else response.next_request.url
        refused = response.status_code >= 300
        self._tell(request, Refusal(response.status_code, plain(where)) if refused else None)
        if not response.is_closed:
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            over = self._stream_over if request.method == "GET" and not refused else None
            response.stream = _Bounded(
                response.stream, _is_stream(response), over, self._ended if post else None
            )
        return response

    def _ended(self) -> None:
        self._under_way -= 1

    def _tell(self, request: httpx2.Request, refusal: Refusal | None) -> None:
        if request.method == "POST" and (sent := current()) is not None:  # a GET only fetches what is left
            sent.told(refusal)
        self._told(request, refusal)


class _Bounded(httpx2.AsyncByteStream):
    """A body of at most so many bytes and seconds. Those of an event stream are bounded by who reads them, one by one; it
    is closed once nobody waits for its answer, for the older era leaves it open when a call is cancelled.
    """

    def __init__(
        self,
        stream: httpx2.AsyncByteStream,
        events: bool,
        over: Callable[[], None] | None,
        closed: Callable[[], None] | None,
    ) -> None:
        self._stream = stream
        self._events = events
        self._over = over
        self._closed = closed
        self._sent = current()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, now = 0, get_running_loop().time
        deadline = now() + BODY_TIMEOUT
        try:
            async for chunk in self._stream:
                size += len(chunk)
                if self._events and self._sent and self._sent.over:
                    raise httpx2.SSEError("Nobody waits for its answer any more.")
                if not self._events and size > MESSAGE_LIMIT:
                    raise TooMuch(f"It answered with more than {MESSAGE_LIMIT >> 20} MB.")
                if not self._events and now() > deadline:
                    raise TooMuch(f"Its answer took more than {BODY_TIMEOUT:g} s.")
                yield chunk
        except httpx2.ReadTimeout as exc:
            raise (exc if self._events else TooMuch(f"It fell silent for {READ_TIMEOUT:g} s.")) from exc
        finally:
            if self._over is not None:
                self._over()

    async def aclose(self) -> None:
        if self._closed is not None:
            self._closed()
            self._closed = None
        await self._stream.aclose()


def _is_stream(response: httpx2.Response) -> bool:
    return str(response.headers.get("content-type", "")).lower().startswith("text/event-stream")


def plain(url: httpx2.URL) -> str:
    """Without what may be secret."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))
