"""The secrets of one launch, kept out of what people and logs see of it.

Known are the values its entry's variables were expanded to, and those of its `env`, its headers and the query
of its address. Values of fewer than 8 characters are not told from ordinary words, and paths that exist are no
secrets.
"""

from __future__ import annotations

import os.path
import re
import traceback
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

if TYPE_CHECKING:
    from ..provisioners.base import LaunchSpec

MASK = "•••"
MIN_LENGTH = 8
#: Headers whose values are no secrets.
_PLAIN = ("accept", "content-type", "user-agent")
_QUERY = re.compile(r"""(https?://)(?:[^\s/?#'"<>@]*@)?([^\s?#'"<>]*)(?:[?#][^\s'"<>]*)?""")


class Secrets:
    """`expanded` are the values of the variables in the entry."""

    def __init__(self, spec: LaunchSpec | None = None, expanded: Iterable[str] = ()) -> None:
        found = {value for value in [*expanded, *(_of(spec) if spec else ())] if _is_secret(value)}
        found |= {quote(value, safe="") for value in found}
        self._values = sorted(found, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, self._values))) if found else None

    def mask(self, text: str) -> str:
        """`text`, each secret in it replaced. For what an MCP server writes: addresses stay whole, a person may
        have to open them.
        """
        return self._pattern.sub(MASK, text) if self._pattern else text

    def clean(self, text: str) -> str:
        """As `mask`, and all addresses without user, query and fragment: for sentences of ours."""
        return self.mask(_QUERY.sub(r"\1\2", text))

    def cause(self, exc: BaseException) -> BaseException | None:
        """`exc` as the cause of an error of ours; None when its traceback would tell a secret."""
        return None if self._told("".join(traceback.format_exception(exc))) else exc

    def _told(self, text: str) -> bool:
        return self._pattern is not None and self._pattern.search(text) is not None


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
