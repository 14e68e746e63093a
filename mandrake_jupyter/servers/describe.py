"""How one MCP server looks on the wire."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..lifecycle.phases import ALIVE, Phase
from ..values import JSON, NO_LIMITS, MCPServerEntry, ResourceLimits, ServerKey, isoformat, usual_limits

if TYPE_CHECKING:
    from .record import Record
    from .server import MCPServer

#: What is shown of several, the last first.
_LIVELIEST = (
    Phase.NEW,
    Phase.STOPPED,
    Phase.FAILED,
    Phase.STOPPING,
    Phase.PAUSED,
    Phase.STARTING,
    Phase.READY,
)


def describe(key: ServerKey, entry: MCPServerEntry, limits: ResourceLimits = NO_LIMITS, **state: Any) -> JSON:
    """The wire's MCP server; without `state` one that never ran. Nothing in its command is expanded. `limits` are those of
    all MCP servers here.
    """
    return {
        "id": f"{key.workspace_id}/{key.name}",
        "name": key.name,
        "workspace_id": key.workspace_id,
        "transport": entry.transport,
        "origin": entry.origin,
        "level": entry.level if entry.transport != "builtin" else None,
        "command": entry.url or shlex.join(_words(entry)),
        "trusted": entry.trusted,
        "disabled": entry.disabled,
        "sharing": entry.sharing,
        "phase": Phase.NEW,
        "reason": "",
        "error": None,
        "execution_state": "idle",
        "last_activity": None,
        "idle_seconds": None,
        "culls_at": None,
        "pauses_at": None,
        "connections": 0,
        "busy": 0,
        "tools": None,
        "pid": None,
        "memory": None,
        "cpu": None,
        "needs": [],
        "container": container(entry, limits),
        "instances": 0,
        "restarts": 0,
        "crashes": 0,
        "last_crash": None,
        **state,
    }


def describe_builtin(key: ServerKey, tools: int | None) -> JSON:
    entry = MCPServerEntry(key.name, transport="builtin", origin="builtin", trusted=True)
    return describe(key, entry, phase=Phase.READY, tools=tools)


def soonest(dues: Iterable[JSON]) -> JSON:
    """Of several processes: when the first of them is paused, and ended."""
    found: JSON = {}
    for due in dues:
        found |= {name: min(at, found.get(name, at)) for name, at in due.items() if at}
    return found


def _words(entry: MCPServerEntry) -> list[str]:
    if entry.container:
        return [entry.container.image, *([entry.command] if entry.command else []), *entry.args]
    return [entry.command, *entry.args] if entry.command else []


def container(entry: MCPServerEntry, limits: ResourceLimits, id: str | None = None) -> JSON | None:
    """What is told of where it runs, and with which limits; `id` is that of the engine, while there is one."""
    if entry.container is None:
        return None
    bounds = entry.limits.over(usual_limits(limits, True)).as_json()
    image, network = entry.container.image, entry.container.network
    return {"image": image, "network": network, "id": id, "limits": bounds}


def counts(record: Record) -> JSON:
    return {
        "restarts": record.restarts,
        "crashes": record.crashes,
        "last_crash": isoformat(record.last_crash) if record.last_crash else None,
    }


def describe_server(server: MCPServer, entry: MCPServerEntry) -> JSON:
    """One that was used before, as `entry` configures it now."""
    return describe_servers([server], entry)


def describe_servers(
    servers: Sequence[MCPServer], entry: MCPServerEntry, limits: ResourceLimits = NO_LIMITS
) -> JSON:
    """All processes of one entry together, one of which is shown where only one can be: the liveliest, last used."""
    lead = max(servers, key=lambda one: (_LIVELIEST.index(one.phase), one.leases.used or 0.0))
    living = [one for one in servers if one.phase in ALIVE]
    used = [one.leases.last_activity for one in servers if one.leases.last_activity]
    busy = sum(one.leases.busy for one in servers)
    return describe(
        lead.key,
        entry,
        phase=lead.phase,
        reason=lead.life.reason,
        error=lead.error.as_json() if lead.error else None,
        execution_state="busy" if busy else "idle",
        last_activity=isoformat(max(used)) if used else None,
        idle_seconds=min(
            (idle for one in living if (idle := one.leases.idle_seconds) is not None), default=None
        ),
        busy=busy,
        connections=len(set[str]().union(*(one.chats for one in servers))),
        tools=lead.catalogue.count(entry.hash),
        pid=living[0].running.pid if len(living) == 1 and living[0].running else None,
        instances=len(living),
        container=container(entry, limits, _only(living)),
        **counts(lead.record),
        **usage(living),
    )


def _only(living: Sequence[MCPServer]) -> str | None:
    return living[0].running.container if len(living) == 1 and living[0].running else None


def usage(servers: Sequence[MCPServer]) -> JSON:
    """``{memory, cpu}`` of all of them together."""
    looks = [server.running.usage() for server in servers if server.running]

    def total(name: str) -> Any:
        known = [look[name] for look in looks if look.get(name) is not None]
        return sum(known) if known else None

    return {"memory": total("memory"), "cpu": total("cpu")}
