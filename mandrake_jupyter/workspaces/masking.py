"""Text of a folder's files as lines that may be shown and kept: no secret in them, and nothing that does not print.

A line with something masked carries a tag, a keyed hash of what is not shown, so that another value is another
line. Only :func:`shown` of a line is for people.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import PurePath

from ..errors import BadRequest
from ..stores.env_file import parse_env
from .shown import MASK, printable

#: Of a longer line the first part is shown, in characters; of a longer text the first lines.
MAX_LINE, MAX_LINES = 300, 2000
_LOOKED_AT = 4000
_TAG = "\0"

_NAMED = r"(?:token|secret|passw(?:or)?d|passphrase|api[-_]?key|private[-_]?key|access[-_]?key|credential|authorization)"
_QUOTED = re.compile(
    rf"""({_NAMED}[\w.-]{{0,40}}["']?\]?\s{{0,4}}[:=]\s{{0,4}}\w?["'])([^"']+)""", re.IGNORECASE
)
_OPTION = re.compile(rf"(--?[\w-]{{0,40}}{_NAMED}[\w-]{{0,40}}[= ])([^\s$]\S*)", re.IGNORECASE)
_SETTING = re.compile(
    rf"""(^[\s\w."'-]{{0,80}}{_NAMED}[\w.-]{{0,40}}["']?\s{{0,4}}[:=]\s{{0,4}})([^\s"'#$].*)""",
    re.IGNORECASE,
)
_KNOWN = (
    re.compile(r"(\b(?:sk|pk|rk)-)([\w-]{12,})"),
    re.compile(r"(\b(?:gh[pousr]_|github_pat_|xox[a-z]-|glpat-|AKIA))([\w-]{8,})"),
    re.compile(r"(\bbearer\s+)([\w.~+/=-]{8,})", re.IGNORECASE),
    re.compile(r"(://[^\s/:@$]{0,80}:)([^\s/@$]{1,200})(?=@)"),
)
_SETTINGS = re.compile(r"\.(ini|cfg|conf|env|toml|ya?ml|properties)", re.IGNORECASE)
_ENV_NAME = re.compile(r"(?:.*\.)?env(?:\..*)?|\.env.*", re.IGNORECASE)


@dataclass(frozen=True)
class Tagger:
    """`salt` is made for each thing that is kept, so that tags of different ones can't be compared."""

    salt: bytes

    def tag(self, text: str) -> str:
        return _TAG + hmac.new(self.salt, text.encode(), hashlib.sha256).hexdigest()[:8]

    def line(self, shown: str, whole: str) -> str:
        """`shown`, tagged where it is not the `whole`."""
        text, whole = printable(shown.expandtabs(4)), whole.expandtabs(4)
        if len(text) > MAX_LINE:
            text, whole = text[:MAX_LINE] + "…", f"{whole}{_TAG}"
        return text if shown == whole else text + self.tag(whole)


def shown(line: str) -> str:
    """What people see of a line."""
    return line.partition(_TAG)[0]


def is_env(name: str) -> bool:
    """Whether a file of that name is one of variables: all its values are masked."""
    return _ENV_NAME.fullmatch(PurePath(name).name) is not None


def env_lines(text: str, tagger: Tagger) -> list[str]:
    """A file of variables: the names alone."""
    try:
        variables = parse_env(text, "")
    except BadRequest:
        return [tagger.line("(not understood as variables; not shown)", text)]
    found = [
        tagger.line(one.name if one.value is None else f"{one.name}={MASK}", f"{one.name}={one.value}")
        for one in variables
    ]
    return found[:MAX_LINES]


def file_lines(name: str, text: str, tagger: Tagger) -> list[str]:
    """Any other file; in one of settings also values without quotes are masked."""
    settings = _SETTINGS.fullmatch(PurePath(name).suffix) is not None
    lines = text.splitlines()
    found = [tagger.line(mask_line(line, settings), line) for line in lines[:MAX_LINES]]
    rest = "\n".join(lines[MAX_LINES:])
    return [*found, tagger.line("(its further lines are not shown)", rest)] if rest else found


def mask_line(line: str, settings: bool = False) -> str:
    """`line` with the values of what is named as a secret, and of what looks like one, as •••."""
    patterns = (*_KNOWN, _QUOTED, _OPTION, *((_SETTING,) if settings else ()))
    masked = line[:_LOOKED_AT]
    for pattern in patterns:
        masked = pattern.sub(rf"\1{MASK}", masked)
    return masked if len(line) <= _LOOKED_AT else masked + "…"
