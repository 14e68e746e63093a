"""One registry per Jupyter server: workspaces, MCP managers, models and session coordinators, made at first use.

Built by the app and handed to handlers through Jupyter's settings. Knows no HTTP. Building it opens nothing; the first use
of a service does. Every service is made once per key, however many ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import Float, Instance, Integer, Unicode
from traitlets.config import LoggingConfigurable

from .._version import __version__
from ..errors import Unavailable
from ..lifecycle.supervisor import SingleFlight
from ..values import JSON, SessionKey, WorkspaceKey
from .hosts import HostServices
from .hub import Hub
from .recovery import Recovery

if TYPE_CHECKING:
    from ..providers.catalogue import ModelCatalogue
    from ..servers.manager import MCPServerManager
    from ..sessions.session import SessionCoordinator
    from ..stores.rows import WorkspaceRow
    from ..workspaces.workspace import WorkspaceManager
    from .services import Services


class ServiceRegistry(LoggingConfigurable):
    """``get_*`` look and make; work goes through the lease form, ``use_session_coordinator``."""

    data_dir = Unicode(
        config=True,
        help="Folder for chats, trust, keys and catalogues. Default: 'mandrake' in the Jupyter data dir.",
    )
    max_steps = Integer(
        25,
        min=1,
        config=True,
        help="Model requests one answer may make before it ends with finish_reason 'steps'.",
    )
    max_queued = Integer(20, min=0, config=True, help="Messages that may wait in one chat while it answers.")
    first_token_timeout = Float(
        120.0,
        min=0.1,
        config=True,
        help="Seconds a model may take to its first word. An error ends the answer after it.",
    )
    stall_timeout = Float(
        60.0, min=0.1, config=True, help="Seconds a model may fall silent in the middle of an answer."
    )
    stop_timeout = Float(8.0, min=0.1, config=True, help="Seconds that stopping everything may take in all.")

    hosts = Instance(HostServices)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hub = Hub()
        self.recovery = Recovery(self)
        self._services: Services | None = None
        self._stopped = False
        self._opening: asyncio.Lock | None = None
        self._flights: SingleFlight[Any] | None = None
        self._coordinators: dict[SessionKey, SessionCoordinator] = {}
        self._closing: dict[SessionKey, asyncio.Task[None]] = {}
        self._workspaces: dict[WorkspaceKey, WorkspaceManager] = {}
        self._mcp: dict[WorkspaceKey, MCPServerManager] = {}
        self._models: dict[WorkspaceKey, ModelCatalogue] = {}
        self._rows: dict[str, WorkspaceRow] = {}
        self._default: str | None = None

    # ---------------------------------------------------------------------------------------------- life

    async def initialize_services(self) -> Services:
        """Open the store and take the instance lock; idempotent, called by the first use of anything.

        Raises :class:`StoreUnavailable` with the reason when the data dir or the database can't be used.
        """
        if self._stopped:
            raise Unavailable("The Jupyter server is stopping.")
        if self._services is None:
            self._opening = self._opening or asyncio.Lock()
            async with self._opening:
                if self._services is None:
                    from .services import Services

                    self._services = await Services.open(Path(self.data_dir), self.log)
                    self._flights = SingleFlight(self._services.supervisor)
        return self._services

    def health(self) -> JSON:
        """What is at work; starts nothing."""
        return {
            "version": __version__,
            "started": self.started,
            "instance": self._services.instances.own if self._services else None,
            "sessions": len(self._coordinators),
            "busy": self.busy,
            "mcp_servers": sum(
                m["phase"] == "ready" for manager in self._mcp.values() for m in manager.describe()
            ),
        }

    @property
    def started(self) -> bool:
        """Whether anything was used yet."""
        return self._services is not None

    @property
    def busy(self) -> bool:
        """Whether an answer is in work; one that waits for a person is not."""
        return any(c.busy for c in self._coordinators.values())

    async def stop(self) -> list[str]:
        """End everything in reverse order within ``stop_timeout`` seconds, then by force. Returns what did not end well."""
        self._stopped = True
        self.hub.close()
        await self.recovery.stop()
        if self._opening is not None:  # what is just being opened is closed, too
            async with self._opening:
                pass
        services, self._services = self._services, None
        if services is None:
            return []
        problems: list[str] = []
        budget = self.stop_timeout
        await self._bounded(problems, budget * 0.4, "chats", [c.close() for c in self._coordinators.values()])
        closing: list[Coroutine[Any, Any, Any]] = [m.close(budget * 0.3) for m in self._mcp.values()]
        closing.append(services.close_models(budget * 0.3))
        await self._bounded(problems, budget * 0.4, "MCP servers and models", closing)
        problems += await services.supervisor.close(budget * 0.1)
        await self._bounded(problems, budget * 0.1, "store", [services.close()])
        for held in (self._coordinators, self._mcp, self._models, self._workspaces, self._rows):
            held.clear()
        return problems

    async def _bounded(self, problems: list[str], timeout: float, what: str, stops: list[Any]) -> None:
        tasks = {asyncio.ensure_future(stop) for stop in stops}
        if not tasks:
            return
        done, late = await asyncio.wait(tasks, timeout=timeout)
        for task in late:
            task.cancel()
        problems += [f"{what}: not stopped within {timeout:.1f} s"] * len(late)
        problems += [f"{what}: {exc!r}" for task in done if (exc := task.exception())]

    # ---------------------------------------------------------------------------------------------- workspaces

    async def workspace_row(self, workspace_id: str) -> WorkspaceRow:
        """Raises :class:`WorkspaceNotFound`. ``default`` is the folder of this Jupyter server, made at first use."""
        services = await self.initialize_services()
        if workspace_id == "default":
            if self._default is None:
                row = await services.sessions.workspace_for(self.hosts.root)
                self._default = row.id
                self._rows[row.id] = row
            return self._rows[self._default]
        if workspace_id not in self._rows:
            self._rows[workspace_id] = await services.sessions.workspace(workspace_id)
        return self._rows[workspace_id]

    async def list_workspaces(self) -> list[JSON]:
        services = await self.initialize_services()
        default = (await self.workspace_row("default")).id
        rows = await services.sessions.workspaces()
        return [{"id": r.id, "path": r.path, "name": r.name, "default": r.id == default} for r in rows]

    async def get_workspace_manager(self, workspace_id: str) -> WorkspaceManager:
        row = await self.workspace_row(workspace_id)
        key = WorkspaceKey(row.id)
        if key not in self._workspaces:
            from ..workspaces.workspace import WorkspaceManager

            self._workspaces[key] = WorkspaceManager(
                workspace_id=row.id, root=Path(row.path), data_dir=Path(self.data_dir), parent=self
            )
        return self._workspaces[key]

    async def get_mcp_manager(self, workspace_id: str) -> MCPServerManager:
        services = await self.initialize_services()
        workspace = await self.get_workspace_manager(workspace_id)
        key = WorkspaceKey(workspace.workspace_id)
        if key not in self._mcp:
            from ..servers.manager import MCPServerManager

            self._mcp[key] = MCPServerManager(
                key=key,
                root=workspace.root,
                state_dir=Path(self.data_dir),
                entries=workspace.mcp_entries,
                builtins=self.hosts.builtins(workspace.root),
                supervisor=services.supervisor,
                parent=self,
            )
        return self._mcp[key]

    async def get_models(self, workspace_id: str) -> ModelCatalogue:
        services = await self.initialize_services()
        workspace = await self.get_workspace_manager(workspace_id)
        key = WorkspaceKey(workspace.workspace_id)
        if key not in self._models:
            self._models[key] = services.model_catalogue(workspace)
        return self._models[key]

    # ---------------------------------------------------------------------------------------------- sessions

    async def get_session_coordinator(self, workspace_id: str, session_id: str) -> SessionCoordinator:
        """The coordinator, made once from its store. Raises WorkspaceNotFound, SessionNotFound."""
        row = await self.workspace_row(workspace_id)
        key = SessionKey(row.id, session_id)
        if key in self._closing:  # whoever comes during the stop waits for it, and gets a new one
            await asyncio.wait({self._closing[key]})
        if key in self._coordinators:
            return self._coordinators[key]
        assert self._flights is not None
        coordinator: SessionCoordinator = await self._flights.run(key, lambda: self._make_coordinator(key))
        return coordinator

    async def _make_coordinator(self, key: SessionKey) -> SessionCoordinator:
        if (held := self._coordinators.get(key)) is not None:  # made while the caller was on its way here
            return held
        from ..sessions.seams import Bounds, Seams
        from ..sessions.session import SessionCoordinator

        services = await self.initialize_services()
        session = await services.sessions.get(key.workspace_id, key.session_id)
        workspace = await self.get_workspace_manager(key.workspace_id)
        seams = Seams(
            services.runs,
            services.sessions,
            await self.get_models(key.workspace_id),
            await self.get_mcp_manager(key.workspace_id),
            workspace.root.name,
            services.instances.own,
            Bounds(
                steps=self.max_steps,
                queued=self.max_queued,
                first_token=self.first_token_timeout,
                stall=self.stall_timeout,
            ),
        )
        coordinator = SessionCoordinator(session, seams, services.supervisor, alive=services.instances.alive)
        await coordinator.open()
        self._coordinators[key] = coordinator
        return coordinator

    @asynccontextmanager
    async def use_session_coordinator(
        self, workspace_id: str, session_id: str
    ) -> AsyncIterator[SessionCoordinator]:
        """The coordinator, in use until the block ends."""
        coordinator = await self.get_session_coordinator(workspace_id, session_id)
        with coordinator.leases.work():
            yield coordinator

    async def release_session_coordinator(self, workspace_id: str, session_id: str) -> bool:
        """Close a coordinator and let it go; False when none was held. What it stored comes back at the next use."""
        row = await self.workspace_row(workspace_id)
        key = SessionKey(row.id, session_id)
        coordinator = self._coordinators.get(key)
        if coordinator is None:
            return False
        await self._let_go(key, coordinator.close())
        return True

    async def delete_session(self, workspace_id: str, session_id: str, by: str) -> None:
        """End everything in a session and remove it with all its rows. Raises RunningElsewhere, and then removes nothing."""
        services = await self.initialize_services()
        coordinator = await self.get_session_coordinator(workspace_id, session_id)

        async def remove() -> None:
            await coordinator.end(by)
            await services.sessions.delete(session_id)

        await self._let_go(SessionKey(coordinator.row.workspace_id, session_id), remove())

    async def _let_go(self, key: SessionKey, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, the last that a coordinator does; whoever asks for the session meanwhile waits for its end."""
        services = await self.initialize_services()
        coordinator = self._coordinators.pop(key)
        closing = services.supervisor.spawn(f"end of chat {key.session_id}", work)
        self._closing[key] = closing

        def ended(task: asyncio.Task[None]) -> None:
            del self._closing[key]
            if not coordinator.closed:  # it refused: somebody else works on the session
                self._coordinators[key] = coordinator

        closing.add_done_callback(ended)
        await asyncio.shield(closing)

    def coordinator(self, key: SessionKey) -> SessionCoordinator | None:
        """The coordinator if it is held; makes none."""
        return self._coordinators.get(key)
