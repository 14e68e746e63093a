"""The folder's ``.mandrake/workspace.json``: ``{"tools": {"ask": ["files/write"], "deny": ["shell/*"]}}``.

It can only tighten, so it counts without being trusted. What can't be understood in it loosens nothing: then every call of
a tool is asked about, and the problem is told with its line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..stores.reading import fingerprint, shorten
from ..values.tool_rules import NO_RULES, RULES, ToolRules
from .sources import Problem, Source

LISTS = ("ask", "deny")
MEANWHILE = "Until then every tool call of this project is asked about."


class ToolRulesReader:
    """Reads the file of one folder again only when it changed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stamp: object = ()
        self._rules = NO_RULES
        self._problems: tuple[Problem, ...] = ()

    def read(self) -> ToolRules:
        """As they are now. Never raises for what is in the file."""
        path = self._root / RULES
        stamp = fingerprint(path) or _seen_otherwise(path)
        if stamp != self._stamp:
            problems: list[Problem] = []
            self._rules = read_rules(Source.inside(self._root, RULES, problems), problems)
            self._problems, self._stamp = tuple(problems), stamp
        return self._rules

    def problems(self) -> tuple[Problem, ...]:
        self.read()
        return self._problems


def _seen_otherwise(path: Path) -> tuple[int, ...] | None:
    """What tells a link that leads nowhere, and a folder that may not be looked into, from no file at all."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        return (exc.errno or 0,)
    return found.st_mtime_ns, found.st_ino


def read_rules(source: Source, problems: list[Problem]) -> ToolRules:
    document = source.document()
    if document is None:
        if problems:  # it is there and can't be read
            source.problem(MEANWHILE)
        return ToolRules(everything=bool(problems))
    if not isinstance(document, Mapping):
        source.problem(f'{RULES} must be an object like {{"tools": {{"ask": []}}}}. {MEANWHILE}', line=1)
        return ToolRules(everything=True)
    tools = document.get("tools", {})
    for name in document:
        if name != "tools":
            source.problem(f'{RULES}: "{shorten(name, 80)}" has no effect.', line=source.line(name))
    if not isinstance(tools, Mapping):
        message = f'{RULES}: "tools" must be an object with "ask" and "deny". {MEANWHILE}'
        source.problem(message, line=source.line("tools"))
        return ToolRules(everything=True)
    for name in tools:
        if name not in LISTS:
            why = "the folder can only tighten, with" if name == "allow" else "there is"
            message = f'{RULES}: "{shorten(name, 80)}" has no effect: {why} "ask" and "deny".'
            source.problem(message, line=source.line(name))
    before = len(problems)
    ask, deny = (frozenset(_rules(source, name, tools.get(name, []))) for name in LISTS)
    return ToolRules(ask, deny, everything=len(problems) > before)


def _rules(source: Source, name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        message = f'{RULES}: "{name}" must be a list like ["files/write", "shell/*"]. {MEANWHILE}'
        source.problem(message, line=source.line(name))
        return
    for rule in value:
        if isinstance(rule, str) and all(rule.partition("/")):
            yield rule
        else:
            line = source.line_of_text(rule) if isinstance(rule, str) else source.line(name)
            said = shorten(rule if isinstance(rule, str) else repr(rule), 80)
            message = f'{RULES}: "{said}" in "{name}" must be an MCP server and a tool, like "files/write" or "files/*". '
            source.problem(message + MEANWHILE, line=line)
