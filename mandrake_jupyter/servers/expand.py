"""The ``${…}`` in an MCP server's entry. Called only at the launch of a trusted one.

``${NAME}`` and ``${NAME:-default}`` are variables, ``${secret:NAME}`` and ``${input:ID}`` values of the key store.
What they are replaced by is never looked at again: a ``${…}`` in a value stays text.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..errors import SecretMissing, VariableMissing
from ..provisioners.base import LaunchSpec
from ..values import NO_LIMITS, REFERENCE, MCPServerEntry, Reference, ResourceLimits, usual_limits

#: The values of secrets and answers.
Kept = Mapping[Reference, str]
NONE: Kept = MappingProxyType({})


def expand(text: str, variables: Mapping[str, str], name: str, kept: Kept = NONE) -> str:
    """`text` with its references replaced. :class:`VariableMissing` for a variable that is not set and has no
    default, :class:`SecretMissing` for a value that is not `kept`.
    """

    def value(match: re.Match[str]) -> str:
        reference = Reference.of(match)
        found = _value(reference, variables, kept)
        if found is None and reference.kind == "variable":
            raise VariableMissing(name=name, variable=reference.name)
        if found is None:
            raise SecretMissing(name=name, what=_words(reference))
        return found

    return REFERENCE.sub(value, text)


def _value(reference: Reference, variables: Mapping[str, str], kept: Kept) -> str | None:
    if reference.kind != "variable":
        return kept.get(reference)
    found = variables.get(reference.name) or reference.default
    return variables.get(reference.name) if found is None else found


def _words(reference: Reference) -> str:
    return f'{"the secret" if reference.kind == "secret" else "an answer to"} "{reference.name}"'


def expanded_values(entry: MCPServerEntry, variables: Mapping[str, str], kept: Kept = NONE) -> list[str]:
    """What its references are replaced by."""
    return [_value(reference, variables, kept) or "" for reference in entry.references]


def launch_spec(
    entry: MCPServerEntry,
    variables: Mapping[str, str],
    root: str,
    marker: str,
    limits: ResourceLimits = NO_LIMITS,
    *,
    kept: Kept = NONE,
    read: Mapping[str, str] = MappingProxyType({}),
) -> LaunchSpec:
    """What `entry` runs, all references expanded; `cwd` absolute, the workspace `root` where the entry names
    none; `limits` where it sets none of its own; `read` is what its files of variables say.
    """
    known = {"workspaceFolder": root, **variables}

    def full(text: str) -> str:
        return expand(text, known, entry.name, kept)

    return LaunchSpec(
        name=entry.name,
        command=full(entry.command),
        args=tuple(full(arg) for arg in entry.args),
        env={**read, **{name: full(value) for name, value in entry.env.items()}},
        cwd=_folder(entry, full, root),
        url=full(entry.url),
        headers={name: full(value) for name, value in entry.headers.items()},
        marker=marker,
        limits=entry.limits.over(usual_limits(limits, entry.container is not None)),
        root=root,
        container=entry.container,
    )


def _folder(entry: MCPServerEntry, full: Callable[[str], str], root: str) -> str | None:
    """Where it starts: in the project, or where its image says."""
    if entry.container is not None:
        return full(entry.cwd) if entry.cwd else None
    return os.path.join(root, full(entry.cwd)) if entry.cwd else root
