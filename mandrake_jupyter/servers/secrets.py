"""The secrets of one launch, kept out of what people and logs see of it.

Known are the values its entry's variables were expanded to, and those of its `env`, its headers and the query
of its address. Values of fewer than 8 characters are not told from ordinary words, and paths that exist are no
secrets.
"""

from __future__ import annotations

import os.path
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

if TYPE_CHECKING:
    from ..provisioners.base import LaunchSpec

MASK = "•••"
MIN_LENGTH = 8
#: Ends of names of variables that hold secrets.
_NAME = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE)$", re.IGNORECASE)
#: Headers whose values are no secrets.
_PLAIN = ("accept", "content-type", "user-agent")
_QUERY = re.compile(r"""(https?://)(?:[^\s/?#'"<>@]*@)?([^\s?#'"<>]*)(?:[?#][^\s'"<>]*)?""")


class Secrets:
    """`expanded` are the values of the variables in the entry, `keys` what is a key or a password."""

    def __init__(
        self, spec: LaunchSpec | None = None, expanded: Iterable[str] = (), keys: Iterable[str] = ()
    ) -> None:
        found = {value for value in [*expanded, *(_of(spec) if spec else ())] if _is_secret(value)}
        found |= {quote(value, safe="") for value in found}
        self._pattern = _any_of(found)
        self._keys = _any_of({value for value in keys if len(value) >= MIN_LENGTH})

    def mask(self, text: str) -> str:
        """`text`, each secret in it replaced. For what an MCP server writes: addresses stay whole, a person may
        have to open them.
        """
        return self._pattern.sub(MASK, text) if self._pattern else text

    def hide(self, text: str) -> str:
        """`text` without keys and passwords, all else as it is: for what an MCP server answers."""
        return self._keys.sub(MASK, text) if self._keys else text

    def clean(self, text: str) -> str:
        """As `mask`, and all addresses without user, query and fragment: for sentences of ours."""
        return self.mask(_QUERY.sub(r"\1\2", text))

    def cause(self, exc: BaseException) -> BaseException | None:
        """`exc` as the cause of an error of ours; None when its traceback would tell a secret."""
        return None if self._told("".join(traceback.format_exception(exc))) else exc

    def _told(self, text: str) -> bool:
        return self._pattern is not None and self._pattern.search(text) is not None


def secret_values(environ: Mapping[str, str]) -> list[str]:
    """Of the variables whose names say that they hold secrets."""
    return [value for name, value in environ.items() if _NAME.search(name) and not os.path.isabs(value)]


def _any_of(values: set[str]) -> re.Pattern[str] | None:
    longest_first = sorted(values, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if values else None


def _of(spec: LaunchSpec) -> Iterator[str]:
    for value in spec.env.values():
        yield value
        yield from value.splitlines()
    for name, value in spec.headers.items():
        if name.lower() not in _PLAIN:
            yield value
            yield from value.split()
    try:
        parts = urlsplit(spec.url)
    except ValueError:
        return
    yield parts.password or ""
    yield from (value for _, value in parse_qsl(parts.query))


def _is_secret(value: str) -> bool:
    return len(value) >= MIN_LENGTH and not (os.path.isabs(value) and os.path.exists(value))
