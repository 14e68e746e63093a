"""Where a model is spoken to: address, key, headers, and the rules an address must keep. Opens no
connection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from ..errors import BadRequest

Kind = Literal["anthropic", "openai", "google", "ollama", "openai-compatible", "demo"]

MAX_URL = 2000


@dataclass(frozen=True)
class Endpoint:
    """One place that serves models. `key`, `headers` and `told` (what ``${…}`` in the address stood for) are secrets: never
    in an error or a log, nor in `repr`.

    `socket` is the path of a unix socket to be used instead of TCP.
    """

    kind: Kind
    name: str
    base_url: str = field(repr=False)
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    socket: str | None = None
    told: tuple[str, ...] = field(default=(), repr=False)

    @property
    def host(self) -> str:
        return host_of(self.base_url)

    @property
    def local(self) -> bool:
        """Whether what is sent there stays on this machine."""
        return self.socket is not None or is_loopback(self.base_url)

    @property
    def keyless(self) -> bool:
        """Whether nothing that is sent there says who asks."""
        return not self.key and "authorization" not in {name.lower() for name in self.headers}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The longest first: whole values, and the words of 8 characters or more in them (``Bearer KEY``)."""
        values = [self.key or "", *self.headers.values(), *self.told]
        words = [word for value in values for word in value.split() if len(word) >= 8]
        found = {*(value for value in values if len(value) >= 4), *words}
        return tuple(sorted(found, key=lambda value: (-len(value), value)))


def host_of(url: str) -> str:
    """Host and, where it is not the scheme's own, port: what a person reads as the place; "" for no address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if ":" in host:
        host = f"[{host}]"
    return f"{host}:{port}" if port else host


def is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        if host == "localhost":
            return True
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def clean_url(text: str, *, suffix: str = "") -> str:
    """The base URL a person meant, without trailing slash; `suffix` is added where it has no path.

    Raises :class:`BadRequest` with a sentence that says what is wrong with it.
    """
    url = text.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
    if not url:
        raise BadRequest("Enter the address of the model service, such as http://localhost:8000/v1.")
    if "://" not in url and is_loopback(f"http://{url}"):
        url = f"http://{url}"  # localhost:11434 is what people type
    if len(url) > MAX_URL or any(char.isspace() or not char.isprintable() for char in url):
        raise BadRequest("This is not an address: it holds spaces or is too long.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise BadRequest(f"This is not an address: {exc}.") from exc
    if parts.scheme not in ("http", "https"):
        raise BadRequest("The address must begin with http:// or https://.")
    if not parts.hostname or port == 0:
        raise BadRequest("The address names no host. It should look like http://localhost:8000/v1.")
    if "@" in parts.netloc:
        raise BadRequest("The address must not hold a user name or password. Enter the key in its own field.")
    if parts.query or parts.fragment:
        raise BadRequest("The address must end before the ? or #. Enter the key in its own field.")
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or suffix, "", ""))
