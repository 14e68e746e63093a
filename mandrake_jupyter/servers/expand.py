"""`${NAME}` and `${NAME:-default}` in an MCP server's entry. Called only at the launch of a trusted one."""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping

from ..errors import VariableMissing
from ..provisioners.base import LaunchSpec
from ..values import NO_LIMITS, MCPServerEntry, ResourceLimits

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def expand(text: str, variables: Mapping[str, str], name: str) -> str:
    """`text` with its variables replaced. :class:`VariableMissing` for one that is not set and has no
    default.
    """

    def value(match: re.Match[str]) -> str:
        variable, default = match.groups()
        found = variables.get(variable) or default
        if found is None and variable in variables:
            found = ""
        if found is None:
            raise VariableMissing(name=name, variable=variable)
        return found

    return _VARIABLE.sub(value, text)


def expanded_values(entry: MCPServerEntry, variables: Mapping[str, str]) -> list[str]:
    """What the variables in its arguments, its `env`, its headers and its address are replaced by."""
    texts = (*entry.args, *entry.env.values(), *entry.headers.values(), entry.url)
    return [variables.get(match[1]) or match[2] or "" for text in texts for match in _VARIABLE.finditer(text)]


def launch_spec(
    entry: MCPServerEntry,
    variables: Mapping[str, str],
    root: str,
    marker: str,
    limits: ResourceLimits = NO_LIMITS,
) -> LaunchSpec:
    """What `entry` runs, all variables expanded; `cwd` absolute, the workspace `root` where the entry names
    none; `limits` where it sets none of its own.
    """
    known = {"workspaceFolder": root, **variables}

    def full(text: str) -> str:
        return expand(text, known, entry.name)

    return LaunchSpec(
        name=entry.name,
        command=full(entry.command),
        args=tuple(full(arg) for arg in entry.args),
        env={name: full(value) for name, value in entry.env.items()},
        cwd=os.path.join(root, full(entry.cwd or "")) if entry.cwd else root,
        url=full(entry.url),
        headers={name: full(value) for name, value in entry.headers.items()},
        marker=marker,
        limits=entry.limits.over(limits),
    )
