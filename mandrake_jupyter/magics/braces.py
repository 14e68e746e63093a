"""``{name}`` in a message becomes the value of a notebook variable; every other brace stays as it is typed.

Only a plain name, or a name with dots, that the notebook has is replaced: JSON, sets, dicts,
``{{templates}}``, ``${shell}`` and anything within backticks are left alone, and nothing is ever evaluated
but attribute access.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from typing import Any

SHORT = 200
LIMIT = 8000

_CODE = re.compile(
    r"(?P<fence>^[ \t]*(?P<mark>`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t]*(?P=mark)[^\n]*$|\Z))|`[^`\n]+`", re.M | re.S
)
_NAME = re.compile(r"(?<![{$\\])\{([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\}(?!\})")
_MISSING = object()


def expand(text: str, namespace: Mapping[str, Any]) -> str:
    """`text` with its variables filled in.

    A short value (one line, at most 200 characters) stands where its braces stood. A longer one leaves the
    name there and is put below the text, once, in a code block; at most 8000 characters of it, with a note
    of what was left out. A ``/tool`` message is returned as it is.
    """
    if text.lstrip().startswith("/tool"):
        return text
    below: dict[str, str] = {}

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        value = _lookup(name, namespace)
        if value is _MISSING:
            return match[0]
        shown = describe(value)
        if len(shown) <= SHORT and "\n" not in shown:
            return shown
        below[name] = shown
        return f"`{name}`"

    pieces, end = [], 0
    for code in _CODE.finditer(text):
        pieces += [_NAME.sub(fill, text[end : code.start()]), code[0]]
        end = code.end()
    pieces.append(_NAME.sub(fill, text[end:]))
    return "".join(pieces) + "".join(f"\n\n`{name}`:\n{_fenced(shown)}" for name, shown in below.items())


def describe(value: Any, limit: int = LIMIT) -> str:
    """What of `value` goes into a message: a string as it is, anything else as its ``repr``, both bounded."""
    try:
        shown = value if isinstance(value, str) else _bounded.repr(value)
    except Exception as exc:
        shown = f"<{type(value).__name__}, which can't be shown: {type(exc).__name__}>"
    if len(shown) <= limit:
        return shown
    return f"{shown[:limit]}\n… ({len(shown) - limit:,} more characters)"


def _lookup(name: str, namespace: Mapping[str, Any]) -> Any:
    first, *rest = name.split(".")
    value = namespace.get(first, _MISSING)
    for attribute in rest:
        if value is _MISSING:
            break
        try:
            value = getattr(value, attribute, _MISSING)
        except Exception:
            return _MISSING
    return value


def _fenced(shown: str) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", shown)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{shown}\n{fence}"


class _Bounded(reprlib.Repr):
    """Containers are cut before they are written out; other objects bound themselves, as data frames do."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = self.maxarray = 100
        self.maxdict = 100
        self.maxstring = self.maxother = self.maxlong = LIMIT

    def repr_instance(self, x: Any, level: int) -> str:
        return repr(x)


_bounded = _Bounded()
