"""Where a PostgreSQL is, from ``MandrakeApp.database_url``.

A part of a password may stand at any wrong place of a URL that is not understood, so what is said about one never quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ...errors import StoreMisconfigured
from ...values import REFERENCE, Reference

SCHEMES = ("postgresql://", "postgres://")
#: Where the URL doesn't say: seconds for a connection, and for a network on which nothing arrives any more.
DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "20",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "fallback_application_name": "mandrake-jupyter",
}
_PORTS = re.compile(r"\d*(,\d*)*")


@dataclass(frozen=True)
class Address:
    """What ``psycopg.connect`` is given. Its text is for people, without a password."""

    given: dict[str, Any] = field(repr=False)

    @property
    def password(self) -> str | None:
        return self.given.get("password")

    @property
    def name(self) -> str:
        """What a person calls the database by."""
        return (
            f'the PostgreSQL database "{self.given.get("dbname") or self.given.get("user") or "of its user"}"'
        )


def references(url: str) -> list[Reference]:
    """What its ``${…}`` ask for. Raises StoreMisconfigured for a URL of anything else, and for an ``${input:…}``."""
    found = [Reference.of(match) for match in REFERENCE.finditer(url)]
    if any(one.kind == "input" for one in found):
        raise StoreMisconfigured(
            why="nobody is asked for an ${input:…} of MandrakeApp.database_url",
            then="Save it as a key and write ${secret:…}. Nothing was changed.",
        )
    return found


def filled(url: str, values: Iterable[str]) -> str:
    """`url` with the values of its references in their order: in a place of it written as in a URL, or all of it one value."""
    left = iter(values)
    if REFERENCE.fullmatch(url):
        return next(left)
    return REFERENCE.sub(lambda _: quote(next(left), safe=""), url)


def parse(url: str) -> Address:
    """Raises StoreMisconfigured, also where the driver is missing."""
    url = url.strip()  # a variable or a key from a file often ends with its line
    if not url.startswith(SCHEMES):
        raise StoreMisconfigured(
            why="MandrakeApp.database_url is no URL like postgresql://user@host/database",
            then="Leave it empty to keep chats in a file of the data dir. Nothing was changed.",
        )
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise StoreMisconfigured(
            why="the driver for PostgreSQL is not installed",
            then='Run: pip install "mandrake-jupyter[postgres]", then restart this Jupyter server. Nothing was changed.',
        ) from None
    try:
        given: dict[str, Any] = dict(conninfo_to_dict(url))
    except (ProgrammingError, ValueError):  # ValueError: what %XX stand for is no UTF-8
        raise _not_understood() from None
    places = (given.get("host"), given.get("dbname"))
    if any("@" in str(place) for place in places) or not _PORTS.fullmatch(str(given.get("port") or "")):
        raise _not_understood()
    return Address({**DEFAULTS, **given, "client_encoding": "UTF8"})


def _not_understood() -> StoreMisconfigured:
    return StoreMisconfigured(
        why="MandrakeApp.database_url is a URL that PostgreSQL does not understand",
        then="Signs like @ : / ? # % in a user name or password are written as %40 %3A %2F %3F %23 %25. Nothing was changed.",
    )
