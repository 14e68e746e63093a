"""The names under which a model sees tools: ``[a-zA-Z0-9_-]{1,64}``, through a table and never by splitting."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ..providers.base import ToolDefinition
from ..values import ToolSpec, content_hash

LONGEST = 64
_NOT_ALLOWED = re.compile(r"[^a-zA-Z0-9_-]")


def name_tools(specs: Iterable[ToolSpec]) -> Mapping[str, ToolSpec]:
    """Name → tool. A name that had to be cut, or that two tools would share, ends in a hash of (MCP server, tool); in a
    longer one where a tool was given just that name.
    """
    plain = [(_NOT_ALLOWED.sub("_", f"{spec.server}__{spec.name}"), spec) for spec in specs]
    counts: dict[str, int] = {}
    for name, _ in plain:
        counts[name] = counts.get(name, 0) + 1
    table: dict[str, ToolSpec] = {}
    for name, spec in plain:
        if len(name) > LONGEST or counts[name] > 1:
            name = _hashed(name, spec, taken={*counts, *table})
        table[name] = spec
    return table


def allowed(name: str) -> str:
    """The nearest name that providers take: a model may have asked for a tool by one that they refuse in its own history."""
    return _NOT_ALLOWED.sub("_", name)[:LONGEST] or "tool"


def _hashed(name: str, spec: ToolSpec, taken: Collection[str]) -> str:
    digest = content_hash([spec.server, spec.name])
    tried = (f"{name[: LONGEST - 1 - length]}_{digest[:length]}" for length in range(8, LONGEST - 1))
    return next(hashed for hashed in tried if hashed not in taken)


def definitions(table: Mapping[str, ToolSpec]) -> tuple[ToolDefinition, ...]:
    return tuple(
        ToolDefinition(name, spec.description or spec.title or spec.name, spec.input_schema)
        for name, spec in table.items()
    )
