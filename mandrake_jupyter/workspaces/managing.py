"""An entry that starts a ``docker`` command, as one whose container is ours: all of it kept, or not offered."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import BadRequest
from ..values import MCPServerEntry
from .containers import KEYS, managed
from .entries import pairs, parse_entry

PROGRAM = re.compile(r"(?:.*[/\\])?(?:docker|podman)(?:\.exe)?", re.IGNORECASE)
#: What would be another thing for a container than for the program that starts it.
OTHERWISE = frozenset({"envFile", "limits", "image", *KEYS})
#: What the command was, and nothing of the container.
GONE = frozenset({"command", "args", "env", "type", "transport", "cwd"})
#: Variables that choose another engine than ours.
STEERS = ("DOCKER_", "CONTAINER_")


def managed_entry(
    name: str, raw: Mapping[str, Any], root: Path
) -> tuple[dict[str, Any], MCPServerEntry] | None:
    """What to write, and what that is; None where it is no ``docker run``, or says what can't be kept."""
    command, args = raw.get("command"), raw.get("args") or []
    if not isinstance(command, str) or not PROGRAM.fullmatch(command) or OTHERWISE & raw.keys():
        return None
    it = f'The MCP server "{name}"'
    env = pairs(it, raw.get("env"), "env")
    if any(variable.startswith(STEERS) for variable in env):
        return None
    entry = managed(args, env)
    if entry is None:
        return None
    for mount in entry.get("mounts", []):
        source = mount["source"].replace("${workspaceFolder}", str(root))
        if source.startswith(("~", "$")) or (raw.get("cwd") and not os.path.isabs(source)):
            return None
        if _inside(source, root):
            del mount["outside"]
    entry |= {key: value for key, value in raw.items() if key not in GONE}
    try:
        return entry, parse_entry(name, entry, root=root).entry
    except BadRequest:
        return None


def _inside(source: str, root: Path) -> bool:
    return Path(os.path.realpath(root / source)).is_relative_to(os.path.realpath(root))
