"""Files of environment variables (``.env``), as python-dotenv reads them, but nothing in them is expanded.

A line that is none is an error with its number, not left out: a program that starts without its variable is
harder to understand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadRequest
from .reading import read_text_bounded

#: Larger ones are refused, in bytes.
MAX_ENV_FILE = 200_000

_BLANK = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?(?:'([^'\n=]+)'|([A-Za-z_][A-Za-z0-9_.-]*))[ \t]*")
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_PLAIN = re.compile(r"[^\n]*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


@dataclass(frozen=True)
class Variable:
    """One variable, and the line (from 1) it begins in. `value` is None where the line has no ``=``."""

    name: str
    value: str | None
    line: int


def read_env_file(path: Path, name: str) -> list[Variable]:
    """The variables in `path`, in their order. :class:`BadRequest`, :class:`NotFound` and :class:`Forbidden` call the file
    `name`; never waits on a pipe or a device, and tells no value."""
    text, more = read_text_bounded(path, MAX_ENV_FILE, name)
    if more:
        raise BadRequest(f"{name} is larger than {MAX_ENV_FILE // 1000} KB: no file of variables.")
    return parse_env(text, name)


def parse_env(text: str, name: str) -> list[Variable]:
    """The variables in `text`; :class:`BadRequest` names `name` and the line that is none."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found: list[Variable] = []
    at, line = 0, 1
    while at < len(text):
        begin = at
        if blank := _BLANK.match(text, at):
            at = blank.end()
        else:
            variable, at = _variable(text, at, line, name)
            found.append(variable)
        line += text.count("\n", begin, at)
    return found


def _variable(text: str, at: int, line: int, name: str) -> tuple[Variable, int]:
    found = _NAME.match(text, at)
    if found is None:
        raise BadRequest(f"{name}, line {line}: this is no variable. Write NAME=value, or # before a remark.")
    variable, at = found[1] or found[2], found.end()
    if text[at : at + 1] != "=":
        value, end = None, at
    else:
        at = re.compile(r"=[ \t]*").match(text, at).end()  # type: ignore[union-attr]
        value, end = _value(text, at, line, name)
    rest = _BLANK.match(text, end)
    if rest is None:
        raise BadRequest(f"{name}, line {line}: put the value of {variable} in quotes, or write NAME=value.")
    return Variable(variable, value, line), rest.end()


def _value(text: str, at: int, line: int, name: str) -> tuple[str, int]:
    if text[at : at + 1] not in ("'", '"'):
        plain = _PLAIN.match(text, at)
        assert plain is not None
        return re.sub(r"(?:^|\s+)#.*", "", plain[0]).rstrip(), plain.end()
    single = text[at] == "'"
    quoted = (_SINGLE if single else _DOUBLE).match(text, at)
    if quoted is None:
        raise BadRequest(f"{name}, line {line}: a quote is not closed.")
    if single:
        return re.sub(r"\\([\\'])", r"\1", quoted[1]), quoted.end()
    return re.sub(
        r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1] if m[1] in "\\\"'" else m[0]), quoted[1]
    ), quoted.end()
