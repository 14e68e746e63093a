"""How one MCP server looks on the wire."""

from __future__ import annotations

import shlex
from typing import Any

from ..lifecycle.leases import Leases
from ..lifecycle.phases import Phase
from ..values import JSON, MCPServerEntry, ServerKey, isoformat


def describe(key: ServerKey, entry: MCPServerEntry, **state: Any) -> JSON:
    """The wire's MCP server; without `state` one that never ran. Nothing in its command is expanded."""
    return {
        "id": f"{key.workspace_id}/{key.name}",
        "name": key.name,
        "workspace_id": key.workspace_id,
        "transport": entry.transport,
        "origin": entry.origin,
        "command": entry.url or shlex.join([entry.command, *entry.args] if entry.command else []),
        "trusted": entry.trusted,
        "disabled": entry.disabled,
        "phase": Phase.NEW,
        "reason": "",
        "error": None,
        "execution_state": "idle",
        "last_activity": None,
        "idle_seconds": None,
        "culls_at": None,
        "connections": 0,
        "busy": 0,
        "tools": None,
        "pid": None,
        "memory": None,
        "cpu": None,
        **state,
    }


def used(leases: Leases) -> JSON:
    """The fields that say how much it is in use."""
    last = leases.last_activity
    return {
        "execution_state": "busy" if leases.busy else "idle",
        "last_activity": isoformat(last) if last else None,
        "idle_seconds": leases.idle_seconds,
        "busy": leases.busy,
    }
