"""One HTTP request at a time over the standard library: TCP, TLS or a Unix socket, through a proxy where
one is set.

It knows addresses, headers and the error body, and nothing of chats. Every request has its own connection,
so a client may be used from several threads. Loopback never goes through a proxy, and may have a
self-signed certificate.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import secrets
import socket
import ssl
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from .errors import ConnectionLost, MandrakeClientError

ANSWER_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True)
class Address:
    """Where a Jupyter server listens. `path` is its base URL with a slash at the end; `socket_path` for
    ``http+unix``.
    """

    scheme: str
    host: str
    port: int
    path: str
    socket_path: str = ""

    @classmethod
    def parse(cls, url: str) -> Address:
        """From ``http(s)://host:port/base/`` or ``http+unix://%2Fpath%2Fto.sock/base/``; ``ValueError``
        otherwise.
        """
        parts = urlsplit(url.strip())
        path = parts.path if parts.path.endswith("/") else parts.path + "/"
        if parts.scheme == "http+unix":
            return cls("http+unix", "localhost", 0, path, unquote(parts.netloc))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not the address of a Jupyter server: {parts.scheme}://{parts.hostname or ''}")
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(parts.hostname, parts.hostname)  # noqa: S104
        return cls(parts.scheme, host, parts.port or (443 if parts.scheme == "https" else 80), path)

    @property
    def loopback(self) -> bool:
        if self.socket_path or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        if self.socket_path:
            return f"http+unix:{self.socket_path}{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, socket_path: str, timeout: float):
        super().__init__("localhost", timeout=timeout)
        self._socket_path = socket_path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._socket_path)


class Reply:
    """An answer whose body is read as it arrives. Close it; it is a context manager."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse):
        self._connection = connection
        self._response = response
        self._socket = connection.sock  # http.client drops its own reference when the server will close
        self.status = response.status

    def header(self, name: str) -> str:
        return self._response.headers.get(name) or ""

    def chunk(self, limit: int = 65536) -> bytes:
        """The bytes that are there, waiting for at least one; empty at the end. Raises
        :class:`ConnectionLost`.
        """
        try:
            return self._response.read1(limit)
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as exc:
            raise ConnectionLost("The connection to Jupyter broke off.") from exc

    def body(self, limit: int) -> bytes:
        """The whole body, of at most `limit` bytes."""
        body = bytearray()
        while chunk := self.chunk():
            body += chunk
            if len(body) > limit:
                raise MandrakeClientError("The answer of the Jupyter server is too large.", code="too_large")
        return bytes(body)

    def json(self) -> Any:
        """The whole body as JSON; None where it is something else."""
        body = self.body(ANSWER_LIMIT)
        try:
            return json.loads(body)
        except ValueError:
            return None

    def wake(self) -> None:
        """End a :meth:`chunk` that waits in another thread; whoever reads then closes."""
        try:
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        self._response.close()
        self._connection.close()

    def __enter__(self) -> Reply:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Transport:
    """Requests to one Jupyter server. `timeout` is the longest silence in seconds that is not taken for a
    lost connection.
    """

    def __init__(self, url: str, token: str = "", *, timeout: float = 30.0):
        self.address = Address.parse(url)
        self._url = url
        self.timeout = timeout
        self._token = token

    def waiting(self, timeout: float) -> Transport:
        """The same server, with more patience."""
        return Transport(self._url, self._token, timeout=max(timeout, self.timeout))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        also: tuple[int, ...] = (),
    ) -> Any:
        """The JSON answer of `path` (below ``mandrake/``); None for 204. Raises
        :class:`MandrakeClientError`. A status in `also` is an answer, too.
        """
        with self.open(method, path, body, headers, also) as reply:
            if reply.status == 204:
                return None
            answer = reply.json()
            if answer is None:
                raise self._not_ours()
            return answer

    def pages(self, path: str, query: dict[str, str]) -> list[Any]:
        """All that a list has, page by page as each one's ``Link`` leads on."""
        found: list[Any] = []
        while True:
            with self.open("GET", f"{path}?{urlencode(query)}") as reply:
                page, link = reply.json(), reply.header("Link")
            if not isinstance(page, list):
                raise self._not_ours()
            found += page
            leads = urlsplit(link[link.find("<") + 1 : link.find(">")]) if 'rel="next"' in link else None
            after = parse_qs(leads.query).get("after") if leads else None
            if not after:
                return found
            query = {**query, "after": after[0]}

    def open(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        also: tuple[int, ...] = (),
    ) -> Reply:
        """Send, and return once the status line is there. Any status but 2xx and those in `also` is raised."""
        connection, target = self._connection()
        payload = None if body is None else json.dumps(body).encode()
        try:
            connection.request(
                method, f"{target}mandrake/{path}", payload, {**self._headers(payload), **(headers or {})}
            )
            reply = Reply(connection, connection.getresponse())
        except ConnectionRefusedError as exc:
            connection.close()
            raise ConnectionLost(f"No Jupyter server answers at {self.address}.", refused=True) from exc
        except (OSError, http.client.HTTPException) as exc:
            connection.close()
            refused = isinstance(exc, (socket.gaierror, FileNotFoundError, ssl.SSLError))
            raise ConnectionLost(
                f"Jupyter at {self.address} did not answer: {exc}.", refused=refused
            ) from exc
        except BaseException:
            connection.close()
            raise
        if 200 <= reply.status < 300 or reply.status in also:
            return reply
        with reply:
            raise self._refusal(reply)

    def _headers(self, payload: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "Connection": "close"}
        if payload is not None:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"token {self._token}"
        else:
            # Tornado compares cookie and header; a client that is no browser makes both.
            xsrf = secrets.token_hex(16)
            headers |= {"Cookie": f"_xsrf={xsrf}", "X-XSRFToken": xsrf}
        return headers

    def _connection(self) -> tuple[http.client.HTTPConnection, str]:
        """A connection, not yet open, and what the request line begins with."""
        at = self.address
        if at.socket_path:
            return _UnixConnection(at.socket_path, self.timeout), at.path
        proxy = (
            None
            if at.loopback or urllib.request.proxy_bypass(at.host)
            else urllib.request.getproxies().get(at.scheme)
        )
        via = urlsplit(proxy if proxy and "://" in proxy else f"http://{proxy}") if proxy else None
        host, port = (via.hostname or "", via.port or 80) if via else (at.host, at.port)
        if at.scheme == "http":
            plain = http.client.HTTPConnection(host, port, timeout=self.timeout)
            return plain, str(at) if via else at.path
        context = ssl.create_default_context()
        if at.loopback:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        secure = http.client.HTTPSConnection(host, port, timeout=self.timeout, context=context)
        if via:
            secure.set_tunnel(at.host, at.port)
        return secure, at.path

    def _refusal(self, reply: Reply) -> MandrakeClientError:
        body = reply.json()
        ours = isinstance(body, dict) and "code" in body
        if ours:
            return MandrakeClientError.from_body(reply.status, body)
        if reply.status in (301, 302, 303, 307, 308, 401, 403):
            return MandrakeClientError(
                f"Jupyter at {self.address} did not accept the token.",
                status=reply.status,
                code="not_authenticated",
                then="Set MANDRAKE_TOKEN to the token that `jupyter server list` shows.",
            )
        if reply.status == 404:
            return self._not_ours(404)
        return MandrakeClientError.from_body(reply.status, body)

    def _not_ours(self, status: int = 200) -> MandrakeClientError:
        return MandrakeClientError(
            f"Jupyter at {self.address} runs without mandrake_jupyter.",
            status=status,
            code="not_mandrake",
            then="Install mandrake_jupyter where the Jupyter server runs, then restart it.",
        )
