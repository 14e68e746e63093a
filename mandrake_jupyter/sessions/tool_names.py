"""The names under which a model sees tools: ``[a-zA-Z0-9_-]{1,64}``, through a table and never by splitting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..providers.base import ToolDefinition
from ..values import ToolSpec, content_hash

LONGEST = 64
_NOT_ALLOWED = re.compile(r"[^a-zA-Z0-9_-]")


def name_tools(specs: Iterable[ToolSpec]) -> Mapping[str, ToolSpec]:
    """Name → tool. A name that had to be cut, or that two tools would share, ends in a hash of (MCP server, tool)."""
    plain = [(_NOT_ALLOWED.sub("_", f"{spec.server}__{spec.name}"), spec) for spec in specs]
    counts: dict[str, int] = {}
    for name, _ in plain:
        counts[name] = counts.get(name, 0) + 1
    table: dict[str, ToolSpec] = {}
    for name, spec in plain:
        if len(name) > LONGEST or counts[name] > 1:
            digest = content_hash([spec.server, spec.name])[:8]
            name = f"{name[: LONGEST - 9]}_{digest}"
        table[name] = spec
    return table


def definitions(table: Mapping[str, ToolSpec]) -> tuple[ToolDefinition, ...]:
    return tuple(
        ToolDefinition(name, spec.description or spec.title or spec.name, spec.input_schema)
        for name, spec in table.items()
    )
