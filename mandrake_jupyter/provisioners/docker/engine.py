"""The Docker engine as the environment names it: the SDK's blocking calls in a bounded pool of threads, its errors ours.

Also Podman's socket and a rootless engine, as far as they speak the same API. Nothing is imported, connected or looked
for before the first call.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from ...errors import EngineOff, EngineRefused

if TYPE_CHECKING:
    from docker import APIClient

T = TypeVar("T")

#: How many calls may wait for engines at the same time, of one event loop; more gain nothing (an engine starts about 8
#: containers a second).
THREADS = 8
#: Seconds one call may take, pulls aside.
CALL_TIMEOUT = 20.0
#: Seconds for which the end of a call that was cancelled is waited for.
SETTLE = 5.0
#: Seconds that the engine has to agree to the end of a TLS connection.
FAREWELL = 2.0

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, ThreadPoolExecutor] = WeakKeyDictionary()


def host(environ: Mapping[str, str] = os.environ) -> str:
    """``DOCKER_HOST``, else the first socket there is: the system's, a rootless engine's, Podman's."""
    if named := environ.get("DOCKER_HOST"):
        return named
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    sockets = ["/var/run/docker.sock"]
    sockets += [f"{runtime}/docker.sock", f"{runtime}/podman/podman.sock"] if runtime else []
    found = next((path for path in sockets if Path(path).exists()), sockets[0])
    return f"unix://{found}"


def trouble(timeout: float = 2.0) -> str | None:
    """Why no engine answers, None where one does or only its SDK could tell. Blocks, up to `timeout` seconds; imports none."""
    parts = urlsplit(host())
    unix = parts.scheme == "unix"
    if not unix and (parts.scheme != "tcp" or os.environ.get("DOCKER_TLS_VERIFY")):
        return None
    try:
        with socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_STREAM) as door:
            door.settimeout(timeout)
            door.connect(parts.path if unix else (parts.hostname or "", parts.port or 2375))
            door.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            return None if door.recv(16) else "It does not answer."
    except TimeoutError:
        return "It does not answer."
    except OSError as exc:
        return _why(exc)


class Engine:
    """Made for one container of the MCP server `name`, closed with it. `address` is as in ``DOCKER_HOST``."""

    def __init__(self, name: str, address: str | None = None) -> None:
        self.name = name
        self.address = address or host()
        self._client: APIClient | None = None
        self._tls: ssl.SSLContext | None = None
        self._files: list[str] = []
        self._using = threading.Lock()
        self._closed = False

    async def call(self, what: str, work: Callable[[APIClient], T], *, timeout: float = CALL_TIMEOUT) -> T:
        """What `work` answers; `what` names it in errors ("start the container").

        Raises EngineOff when no engine answers in time, EngineRefused with its words when it says no.
        """
        asking = asyncio.get_running_loop().run_in_executor(_pool(), self._ask, what, work)
        try:
            done, _ = await asyncio.wait([asking], timeout=timeout)
        except asyncio.CancelledError:
            # What was asked for may still happen: who cleans up must know what there is.
            await asyncio.wait([asking], timeout=SETTLE)
            asking.add_done_callback(_seen)
            raise
        if not done:
            asking.add_done_callback(_seen)
            raise EngineOff(name=self.name, reason=f"It did not {what} within {timeout:g} s.")
        return asking.result()

    def _ask(self, what: str, work: Callable[[APIClient], T]) -> T:
        with self._using:  # an SDK client is not made for several threads
            try:
                with engine_errors(self.name, what):
                    self.knock()
                    return work(self._connected())
            finally:
                if self._closed:
                    self._disconnect()

    def knock(self) -> None:
        """The SDK leaves its socket open where nobody answers. Raises OSError."""
        if self.address.startswith("unix://"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
                door.settimeout(CALL_TIMEOUT)
                door.connect(self.address.removeprefix("unix://"))

    def _connected(self) -> APIClient:
        if self._client is None:
            from docker.utils import kwargs_from_env

            given: dict[str, Any] = {**kwargs_from_env(), "base_url": self.address}
            tls = given.get("tls")
            if tls is not None and self.address.startswith("tcp://"):
                self._tls = _context(tls)
                self._files = [str(path or "") for path in (tls.ca_cert, *(tls.cert or ("", "")))]
            self._client = _client_class()(version="auto", timeout=int(CALL_TIMEOUT), **given)
        return self._client

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection of its own to the engine. To be called after a `call`. Raises EngineOff."""
        from docker.utils import parse_host

        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                where = str(parse_host(self.address, is_win32=os.name == "nt"))
                parts = urlsplit(where)
                if parts.scheme in ("http+unix", "unix"):
                    return await asyncio.open_unix_connection(parts.path or parts.netloc)
                if parts.scheme in ("tcp", "http", "https"):
                    farewell: dict[str, Any] = {"ssl_shutdown_timeout": FAREWELL} if self._tls else {}
                    return await asyncio.open_connection(
                        parts.hostname, parts.port, ssl=self._tls, **farewell
                    )
        except (OSError, TimeoutError) as exc:
            raise EngineOff(name=self.name, reason=str(exc) or "It did not answer.") from exc
        words = (
            f"DOCKER_HOST is {self.address}, an address that can't be spoken to here. Use unix:// or tcp://."
        )
        raise EngineOff(name=self.name, reason=words)

    @property
    def certificates(self) -> list[str]:
        """Files of the authority, the client's certificate and its key, where TLS is spoken; known after a `call`."""
        return self._files

    @property
    def api(self) -> str:
        """The version of the API that is spoken, as in ``/v1.41``; known after a `call`."""
        return self._client.api_version if self._client else "1.41"

    def close(self) -> None:
        """Also where a call is still under way: the last one closes what it used."""
        self._closed = True
        if self._using.acquire(blocking=False):
            try:
                self._disconnect()
            finally:
                self._using.release()

    def _disconnect(self) -> None:
        if self._client is not None:
            hang_up(self._client)
            self._client = None


def hang_up(client: APIClient) -> None:
    """Its own close leaves connections over TCP to the garbage collector."""
    for adapter in client.adapters.values():
        pools = getattr(getattr(adapter, "poolmanager", None), "pools", {})
        for pool in [pools[key] for key in pools.keys()]:  # noqa: SIM118 (it can't be iterated over)
            pool.close()
    client.close()


def _pool() -> ThreadPoolExecutor:
    loop = asyncio.get_running_loop()
    if loop not in _pools:
        _pools[loop] = ThreadPoolExecutor(THREADS, "mandrake-docker")
    return _pools[loop]


@contextlib.contextmanager
def engine_errors(name: str, what: str) -> Iterator[None]:
    """Around what asks the engine to `what`: its errors become ours."""
    import requests
    from docker.errors import APIError, DockerException

    gone = None
    try:
        yield
    except APIError as exc:
        said = str(exc.explanation or exc).strip()
        status = 500
        if exc.response is not None:
            status = exc.response.status_code
            exc.response.close()  # the error would hold its connection open
        raise EngineRefused(name=name, what=what, why=said[:1000], engine_status=status) from exc
    except (DockerException, requests.exceptions.RequestException, OSError) as exc:
        gone = _why(exc)
    if gone is not None:  # outside of the handler: the SDK's error would hold its broken connection open
        raise EngineOff(name=name, reason=gone)


def _why(exc: BaseException) -> str:
    """The last cause, in its own words: the SDK wraps them deep."""
    text = str(exc)
    for sign, words in (
        ("FileNotFoundError", "There is no socket of an engine."),
        ("ConnectionRefusedError", "Nobody answers on its socket."),
        ("PermissionError", "You may not use its socket."),
        ("CERTIFICATE_VERIFY_FAILED", "Its certificate is not of the authority in DOCKER_CERT_PATH."),
        ("Read timed out", "It did not answer in time."),
    ):
        if sign in text or sign == type(exc).__name__:
            return words
    return text[:300] or type(exc).__name__


def _context(tls: Any) -> ssl.SSLContext:
    """Of the SDK's TLS settings: the client's certificate, and who may be at the other end."""
    context = ssl.create_default_context(cafile=tls.ca_cert or None)
    if tls.cert:
        context.load_cert_chain(*tls.cert)
    if not tls.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@functools.cache
def _client_class() -> type[APIClient]:
    """The SDK's. Its requests would take the environment's authorities (``REQUESTS_CA_BUNDLE``) over the engine's own."""
    from docker import APIClient

    class Client(APIClient):
        trust_env = property(lambda self: False, lambda self, value: None)

    return Client


def _seen(asking: asyncio.Future[Any]) -> None:
    if not asking.cancelled():
        asking.exception()
