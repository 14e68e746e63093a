"""What a registry holds once it was used: the services, and the pools over them. Opened by its first use, closed by its stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Busy
from ..lifecycle.leases import Leases
from ..lifecycle.phases import ALIVE, Phase
from ..values import SessionKey, WorkspaceKey, isoformat, utcnow
from .chats import Chats
from .housekeeping import Housekeeping
from .limits import Limit, Limits
from .mcp_servers import Servers, seen
from .pressure import memory
from .projects import Project, Projects
from .removed import Removed
from .services import Services
from .titles import Titles

if TYPE_CHECKING:
    from ..servers.server import MCPServer
    from ..sessions.session import SessionCoordinator
    from ..stores.rows import WorkspaceRow
    from .registry import ServiceRegistry


class Opened:
    """`registry` has the traits; all else is here."""

    @classmethod
    async def open(cls, registry: ServiceRegistry) -> Opened:
        """Raises :class:`StoreUnavailable`."""
        return cls(
            registry,
            await Services.open(
                Path(registry.data_dir), registry.log, registry.secrets.learn, registry.hub.instance
            ),
        )

    def __init__(self, registry: ServiceRegistry, services: Services) -> None:
        from ..stores.grants import GrantStore

        common: dict[str, Any] = {
            "supervisor": services.supervisor,
            "clock": registry.clock,
            "announce": registry.hub.announce,
        }
        self.registry, self.services = registry, services
        self.chats = Chats(
            open_chat=self._open_chat,
            detached=self._detached,
            limit=lambda: registry.max_sessions,
            stop_timeout=lambda: registry.session_culler.cull_stop_timeout,
            **common,
        )
        self.projects = Projects(
            services=services,
            root=registry.hosts.root,
            open_project=self._open_project,
            in_use=self._in_use,
            put_chats_away=self._put_chats_away,
            limit=lambda: registry.max_workspaces,
            stop_timeout=lambda: registry.mcp_server_culler.cull_stop_timeout,
            **common,
        )
        self.servers = Servers(
            self._managers,
            supervisor=services.supervisor,
            announce=registry.hub.announce,
            limit=lambda: registry.max_mcp_servers,
            container_limit=lambda: registry.max_containers,
            memory_over=self._memory_over,
        )
        self._removed = Removed(GrantStore(services.database), services.supervisor)
        self._unheard = registry.hub.add(Titles(self).hear)
        registry.session_culler.look_after(self.chats)
        registry.mcp_server_culler.look_after(self.servers)
        self.housekeeping = Housekeeping(
            services.sessions,
            keep=registry.keep,
            held=lambda: {key.session_id for key in self.chats.entries},
            announce=registry.hub.announce,
        )
        services.supervisor.spawn("upkeep of the store", self.housekeeping.run())
        for culler in (registry.session_culler, registry.mcp_server_culler):
            services.supervisor.spawn(f"culler of {culler.noun}s", culler.run())

    @property
    def busy(self) -> bool:
        chats = (entry.service for entry in self.chats.entries.values())
        return any(chat is not None and chat.busy for chat in chats) or any(
            server.leases.busy for server in self.servers.all()
        )

    def _managers(self) -> dict[str, Any]:
        found = self.projects.entries.values()
        return {entry.key.workspace_id: entry.service.mcp for entry in found if entry.service is not None}

    def _memory_over(self) -> int:
        percent = self.registry.mcp_server_culler.cull_memory_percent
        now = memory() if percent else None
        return now.over(percent) if now else 0

    def look_at(self, row: WorkspaceRow) -> Project:
        """What is open of a workspace, or what would be: not kept, good for describing."""
        return self.projects.peek(WorkspaceKey(row.id)) or self._open_project(row)

    # Making.

    def _open_project(self, row: WorkspaceRow) -> Project:
        from ..providers.references import References
        from ..servers.manager import MCPServerManager
        from ..servers.seams import Owner
        from ..workspaces.workspace import WorkspaceManager

        registry, data_dir = self.registry, Path(self.registry.data_dir)
        references = References(row.id, self.services.keys)
        workspace = WorkspaceManager(
            workspace_id=row.id,
            root=Path(row.path),
            data_dir=data_dir,
            limits=lambda: mcp.limits,
            references=references,
            parent=registry,
        )
        mcp = MCPServerManager(
            key=WorkspaceKey(row.id),
            root=workspace.root,
            state_dir=data_dir,
            entries=self._removed.watch(row.id, workspace),
            builtins=registry.hosts.builtins(workspace.root, self.services.runs.result),
            rules=workspace.tool_rules.read,
            supervisor=self.services.supervisor,
            announce=registry.hub.announce,
            admit=lambda key: self.servers.admit(key),
            due=self._due,
            sweeps=self.servers.sweeps,
            owner=Owner(self.services.instances.own, self.services.instances.alive),
            references=references,
            clock=registry.clock,
            parent=registry,
        )
        return Project(row, workspace, mcp, self.services.model_catalogue(workspace))

    def _due(self, server: MCPServer) -> dict[str, Any]:
        """When it is paused, and ended, if nobody uses it."""
        if server.phase not in ALIVE:
            return {}
        culler, now = self.registry.mcp_server_culler, seen(server)
        left = {"culls_at": culler.culls_in(now), "pauses_at": culler.pauses_in(now)}
        return {
            name: None if seconds is None else isoformat(utcnow() + timedelta(seconds=seconds))
            for name, seconds in left.items()
        }

    async def _open_chat(self, key: SessionKey, leases: Leases) -> SessionCoordinator:
        from ..sessions.seams import Seams
        from ..sessions.session import SessionCoordinator

        registry, services = self.registry, self.services
        session = await services.sessions.get(key.workspace_id, key.session_id)
        async with self.projects.use(WorkspaceKey(key.workspace_id)) as project:
            seams = Seams(
                services.runs,
                services.sessions,
                project.models,
                project.mcp,
                project.workspace.root.name,
                services.instances.own,
                registry.bounds(),
                registry.hub.announce,
                registry.slots,
                registry.clock,
                instructions=project.workspace.instructions,
            )
            alive = services.instances.alive
            coordinator = SessionCoordinator(session, seams, services.supervisor, alive=alive, leases=leases)
            await coordinator.open()
        return coordinator

    def _detached(self, key: SessionKey) -> None:
        if (project := self.projects.peek(WorkspaceKey(key.workspace_id))) is not None:
            project.mcp.detach(key.session_id)

    # Ending.

    def _in_use(self, key: WorkspaceKey) -> bool:
        chats = self.chats.of(key)
        return any(
            c.leases.busy or c.leases.connections or c.held or c.phase is Phase.STARTING for c in chats
        )

    async def _put_chats_away(self, key: WorkspaceKey) -> None:
        """Those that are being opened, too, where they may have the project already: by force it goes while it is in use."""
        project = self.projects.entries.get(key)
        waits = {Phase.STARTING} if project is None or not project.leases.busy else set()
        ends = [
            self.chats.begin_end(entry, "Its project was put away.")
            for entry in self.chats.of(key)
            if entry.phase in ALIVE - waits
        ]
        if ends:
            await asyncio.wait(ends)

    async def release(self, key: WorkspaceKey, *, force: bool) -> list[str]:
        """See :meth:`ServiceRegistry.release_workspace_resources`."""
        entry = self.projects.entries.get(key)
        if entry is None or entry.service is None:
            return []
        if not force and (entry.leases.busy or entry.held):
            raise Busy(what=entry.title)
        alive = [server for server in entry.service.mcp.servers if server.phase in ALIVE]
        freed = [f"session {chat.key.session_id}" for chat in self.chats.of(key)]
        freed += [f"mcp_server {server.key.name}" for server in alive]
        return (
            [*freed, f"workspace {key.workspace_id}"] if await self.projects.release(key, force=force) else []
        )

    async def close(self, budget: float) -> list[str]:
        """Sessions, MCP servers and models, tasks, the store: in this order, in `budget` seconds in all. What went wrong."""
        self._unheard()
        problems = await self.chats.stop(budget * 0.4, lambda chat: chat.close())
        models = self.services.close_models(budget * 0.3)
        problems += await self._bounded(
            budget * 0.4, "Projects and models", self.projects.stop(budget * 0.35), models
        )
        problems += await self.services.supervisor.close(budget * 0.1)
        return problems + await self._bounded(budget * 0.1, "The store", self.services.close())

    async def _bounded(self, timeout: float, what: str, *stops: Coroutine[Any, Any, Any]) -> list[str]:
        tasks = {asyncio.ensure_future(stop) for stop in stops}
        done, late = await asyncio.wait(tasks, timeout=timeout)
        for task in late:
            task.cancel()
        problems = [f"{what}: not stopped within {timeout:.1f} s"] * len(late)
        for task in done:
            if task.cancelled():
                problems.append(f"{what}: the end was cancelled")
            elif exc := task.exception():
                problems.append(f"{what}: {exc!r}")
            else:
                problems += task.result() or []
        return problems


def limits_of(registry: ServiceRegistry) -> Limits:
    """Works also before the first use."""

    def counted(of: Callable[[Opened], list[Any]]) -> Callable[[], tuple[int, int]]:
        def count() -> tuple[int, int]:
            there = of(registry.opened) if registry.opened else []
            return len(there), sum(1 for one in there if one.leases.busy)

        return count

    def held(holders: list[str]) -> tuple[int, int]:
        return len(holders), len(holders)

    def alive(pool: Any) -> list[Any]:
        return [entry for entry in pool.entries.values() if entry.phase in ALIVE]

    return Limits(
        registry,
        {
            "sessions": Limit("max_sessions", counted(lambda o: alive(o.chats))),
            "workspaces": Limit("max_workspaces", counted(lambda o: alive(o.projects))),
            "mcp_servers": Limit("max_mcp_servers", counted(lambda o: o.servers.alive())),
            "containers": Limit("max_containers", counted(lambda o: o.servers.containers()), least=0),
            "runs": Limit("max_concurrent_runs", lambda: held(registry.slots.holders)),
            "streams": Limit("max_open_streams", lambda: held(registry.streams.holders)),
        },
    )
