"""Whether work can be done, and what stands in the way, each with its remedy. Looks only: nothing is started or repaired by it.

Before the first use everything is ready that could be opened. ``ready`` is for machines that decide, ``detail`` for people.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .._version import __version__
from ..errors import EngineOff, MandrakeError, StoreMisconfigured
from ..lifecycle.phases import Phase
from ..lifecycle.sampling import Meter, tree
from ..servers.describe import describe_server
from ..values import JSON
from .store_place import backend_of

if TYPE_CHECKING:
    from ..servers.server import MCPServer
    from ..stores.backends.base import Backend
    from ..stores.checks import Trouble
    from .opened import Opened
    from .registry import ServiceRegistry

Level = Literal["error", "warning"]
#: Seconds one check may take in all; a file system that hangs must not hang those who ask.
CHECK_TIMEOUT = 5.0


@dataclass(frozen=True)
class Finding:
    """An ``error`` stands in the way of all work, a ``warning`` of some. `code` is stable, the rest are sentences."""

    code: str
    level: Level
    message: str
    remedy: str

    def as_json(self) -> JSON:
        return asdict(self)


class Health:
    """Of one registry."""

    def __init__(self, registry: ServiceRegistry) -> None:
        self._registry = registry
        self._looking: asyncio.Future[list[Finding]] | None = None
        self._meter = Meter(lambda: tree(os.getpid(), alone=True))

    async def findings(self) -> list[Finding]:
        """Errors first."""
        if self._registry.stopping:
            why = "The Jupyter server is stopping."
            return [Finding("stopping", "error", why, "Wait until it has started again.")]
        opened = self._registry.opened
        checks = [self._disk] if opened is None else [self._disk, self._model, self._engine]
        found = [one for several in await asyncio.gather(*map(self._in_time, checks)) for one in several]
        found += _servers(opened) if opened else []
        return sorted(found, key=lambda finding: finding.level)

    async def ready(self) -> JSON:
        """``{status: ready | not_ready, store: sqlite | postgresql, findings}``."""
        found = await self.findings()
        status = "not_ready" if any(finding.level == "error" for finding in found) else "ready"
        store = self._registry.store
        return {"status": status, "store": store, "findings": [finding.as_json() for finding in found]}

    async def detail(self) -> JSON:
        """What is at work, each service by itself, and what ``ready`` says."""
        registry, opened = self._registry, self._registry.opened
        services: JSON = {
            "jupyter": {"pid": os.getpid(), **self._meter.look()},
            "events": {"seq": registry.hub.seq, "readers": registry.hub.readers},
            "workspaces": [],
            "sessions": [],
            "mcp_servers": [],
            "demo_model": None,
        }
        if opened is not None:
            services["workspaces"] = [_entry(entry) for entry in opened.projects.entries.values()]
            services["sessions"] = [_entry(entry) for entry in opened.chats.entries.values()]
            services["mcp_servers"] = list(map(_server, opened.servers.all()))
            process = opened.services.demo.process
            services["demo_model"] = {"pid": process.pid, **process.usage()}
        return {
            "version": __version__,
            "started": registry.started,
            "instance": registry.hub.instance,
            "sessions": len(services["sessions"]),
            "busy": registry.busy,
            "mcp_servers": len(opened.servers.alive()) if opened else 0,
            **await self.ready(),
            "services": services,
        }

    async def _in_time(self, check: Callable[[], Any]) -> list[Finding]:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                return list(await check())
        except TimeoutError:
            why = f"A check took longer than {CHECK_TIMEOUT:g} s."
            return [Finding("check_timeout", "error", why, "Look for a disk or a network that hangs.")]

    async def _disk(self) -> list[Finding]:
        """One look at a time, in a thread: where the disk hangs, all who ask wait for the same one."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> list[Finding]:
        registry, opened = self._registry, self._registry.opened
        data_dir = Path(registry.data_dir)
        try:
            backend = opened.services.database.backend if opened else await _backend(registry)
        except StoreMisconfigured as exc:
            return [Finding(exc.code, "error", str(exc), exc.then)]
        return await asyncio.to_thread(_look, data_dir, backend, opened)

    async def _engine(self) -> list[Finding]:
        opened = self._registry.opened
        return [] if opened is None else await asyncio.to_thread(_engine_trouble, opened)

    async def _model(self) -> list[Finding]:
        try:
            row = await self._registry.workspace_row("default")
            if (opened := self._registry.opened) is None:
                return []
            models = await opened.look_at(row).models.as_json()
        except MandrakeError:
            return []  # of what is wrong, another check tells
        active = next((m for m in models["models"] if m["id"] == models["active"]), None)
        state = active["state"] if active else "missing"
        if state == "ready":
            return []
        name = active["name"] if active else models["active"]
        why, remedy = {
            "needs_key": (
                f"There is no key for the active model, {name}.",
                "Enter its key in the panel, or choose",
            ),
            "fetching": (f"The active model, {name}, is still being fetched.", "Wait, or choose"),
        }.get(
            state,
            (f"The active model, {name}, is not there.", "Fetch the demo model in the panel, or choose"),
        )
        return [Finding("model_missing", "error", why, f"{remedy} or connect another model.")]


def _engine_trouble(opened: Opened) -> list[Finding]:
    """Blocks. An engine that no trusted entry of an open project needs is never looked for."""
    from ..provisioners.docker.engine import trouble

    projects = [entry.service for entry in list(opened.projects.entries.values()) if entry.service]
    needed = [
        one.name
        for project in projects
        for one in project.workspace.mcp_entries()
        if one.transport == "docker" and one.trusted and not one.disabled
    ]
    why = trouble() if needed else None
    if why is None:
        return []
    names = ", ".join(f'"{name}"' for name in sorted(set(needed)))
    remedy = f"Start Docker: MCP servers that run in containers need it ({names}). All else works without."
    return [Finding("docker_off", "warning", f"Docker is not running. {why}", remedy)]


async def _backend(registry: ServiceRegistry) -> Backend:
    from ..providers.keys import KeyStore

    learn, data_dir = registry.secrets.learn, Path(registry.data_dir)
    keys = KeyStore(data_dir, os.environ, seen=learn)
    return await backend_of(data_dir, registry.database_url, keys, os.environ, learn)


def _look(data_dir: Path, backend: Backend, opened: Opened | None) -> list[Finding]:
    from ..stores.checks import folder_trouble, network_file_system

    trouble = folder_trouble(data_dir)
    if trouble is None and (opened or backend.path is None or backend.path.exists()):
        trouble = backend.trouble()
    found = [_finding(trouble)] if trouble else []
    if opened is not None and not opened.services.instances.intact():
        why = "The lock of this Jupyter server is lost: another one may take its answers for broken off."
        remedy = f"It is taken again if it is free. {opened.services.instances.remedy}"
        found.append(Finding("instance_lock_lost", "error", why, remedy))
    if backend.path is None:
        return found
    if kind := network_file_system(data_dir):
        why = f"The data dir lies on a network file system ({kind}). The chat database goes without its log (WAL) there: "
        why += "that is slower, and only as safe as the file locks of that system are."
        found.append(
            Finding(
                "network_file_system", "warning", why, "Set MandrakeApp.data_dir to a folder on a local disk."
            )
        )
    return found


def _finding(trouble: Trouble) -> Finding:
    return Finding(trouble.code, "error", trouble.message, trouble.remedy)


def _servers(opened: Opened) -> Iterator[Finding]:
    for server in opened.servers.all():
        if server.phase is Phase.FAILED and not isinstance(
            server.error, EngineOff
        ):  # that is told once for all
            why = f'The MCP server "{server.key.name}" failed: {server.life.reason}'
            yield Finding("mcp_server_failed", "warning", why, "See its log, then start it again.")


def _entry(entry: Any) -> JSON:
    workspace_id = entry.key.workspace_id
    return {
        "id": getattr(entry.key, "session_id", workspace_id),
        "workspace_id": workspace_id,
        "phase": entry.phase.value,
        "busy": entry.leases.busy,
        "connections": entry.leases.connections,
        "idle_seconds": entry.leases.idle_seconds,
    }


def _server(server: MCPServer) -> JSON:
    shown = describe_server(server, server.entry)
    names = ("name", "workspace_id", "transport", "phase", "reason", "busy", "connections", "idle_seconds")
    return {name: shown[name] for name in (*names, "pid", "memory", "cpu")}
