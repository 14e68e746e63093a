"""How one MCP server looks on the wire."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from ..lifecycle.phases import ALIVE, Phase
from ..values import JSON, MCPServerEntry, ServerKey, isoformat

if TYPE_CHECKING:
    from .server import MCPServer


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
        "needs": [],
        **state,
    }


def describe_server(server: MCPServer, entry: MCPServerEntry) -> JSON:
    """One that was used before, as `entry` configures it now."""
    running, phase, leases = server.running, server.phase, server.leases
    known = server.catalogue.get(entry.hash, server.key.name)
    return describe(
        server.key,
        entry,
        phase=phase,
        reason=server.life.reason,
        error=server.error.as_json() if server.error else None,
        execution_state="busy" if leases.busy else "idle",
        last_activity=isoformat(leases.last_activity) if leases.last_activity else None,
        idle_seconds=leases.idle_seconds if phase in ALIVE else None,
        busy=leases.busy,
        connections=len(server.chats),
        tools=len(known.tools) if known else None,
        pid=running.pid if running else None,
        **(running.usage() if running else {}),
    )
