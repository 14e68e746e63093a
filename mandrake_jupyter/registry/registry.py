"""One registry per Jupyter server: workspaces, MCP managers, models and session coordinators, made at first use.

Built by the app and handed to handlers through Jupyter's settings. Knows no HTTP. Building it opens nothing; the first use
of a service does. Every service is made once per key, however many ask, and never more of them than the limits say.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import Callable, Instance, Integer, List, Unicode, observe

from ..errors import Unavailable
from ..lifecycle.announce import Changed
from ..lifecycle.limits import Slots
from ..lifecycle.seconds import Seconds
from ..values import JSON, SessionKey, WorkspaceKey
from .bounds import RunBounds
from .cleanup import CleanupReport, perform
from .culler import MCPServerCuller, SessionCuller
from .health import Health
from .hosts import HostServices
from .hub import Hub
from .limits import Limits
from .masker import Masker
from .pool import STOPPING
from .recovery import Recovery
from .retention import Retention
from .store_place import Storing

if TYPE_CHECKING:
    from ..providers.catalogue import ModelCatalogue
    from ..servers.manager import MCPServerManager
    from ..sessions.session import SessionCoordinator
    from ..stores.rows import WorkspaceRow
    from ..workspaces.workspace import WorkspaceManager
    from .opened import Opened
    from .services import Services


class ServiceRegistry(RunBounds, Retention, Storing):
    """``get_*`` look and make; work goes through the lease forms, ``use_*`` and ``…_for_request``."""

    data_dir = Unicode(
        config=True,
        help="Folder for chats, trust, keys and catalogues. Default: 'mandrake' in the Jupyter data dir.",
    )
    workspace_roots = List(
        Unicode(),
        config=True,
        help="Folders whose direct subfolders are projects where they hold a '.mandrake' folder. The folder Jupyter serves "
        "always is one.",
    )
    max_sessions = Integer(
        100,
        min=1,
        config=True,
        help="Chats that may be open at once. The one unused for longest is put away for the next; if all are in use, the next "
        "is refused (429).",
    )
    max_workspaces = Integer(
        50, min=1, config=True, help="Projects that may be open at once, as max_sessions."
    )
    max_mcp_servers = Integer(
        30, min=1, config=True, help="MCP servers that may run at once, of all projects; as max_sessions."
    )
    max_containers = Integer(
        10, min=0, config=True, help="How many of the MCP servers may be containers. 0 allows none."
    )
    max_concurrent_runs = Integer(
        50,
        min=1,
        config=True,
        help="Answers that may be at work at once, of all chats. A message beyond is refused (429); an answer that goes on after "
        "a decision, or a message that already waits in a chat, waits for its turn.",
    )
    max_open_streams = Integer(
        200,
        min=1,
        config=True,
        help="Event streams that clients may hold open at once. The next is refused (429).",
    )
    stop_timeout = Seconds(
        8.0, min=0.1, config=True, help="Seconds that stopping everything may take in all."
    )

    hosts = Instance(HostServices)
    clock = Callable(time.monotonic, help="Monotonic seconds, for decisions.")

    def __init__(self, **kwargs: Any) -> None:
        self._opened: Opened | None = None
        super().__init__(**kwargs)
        self.secrets = Masker(os.environ)
        self.hub = Hub(mask=self.secrets.mask)
        self.health = Health(self)
        self.recovery = Recovery(self)
        self.session_culler = SessionCuller(parent=self)
        self.mcp_server_culler = MCPServerCuller(parent=self)
        self.streams = Slots(
            "open streams", "ServiceRegistry.max_open_streams", lambda: self.max_open_streams
        )
        self.slots = Slots(
            "answers at work", "ServiceRegistry.max_concurrent_runs", lambda: self.max_concurrent_runs
        )
        self._stopped = False
        self._opening: asyncio.Lock | None = None

    # ---------------------------------------------------------------------------------------------- life

    async def initialize_services(self) -> Services:
        """Open the store, take the instance lock, begin to cull; idempotent, called by the first use of anything.

        Raises :class:`StoreUnavailable` with the reason when the data dir or the database can't be used.
        """
        return (await self._open()).services

    async def _open(self) -> Opened:
        if self._stopped:
            raise Unavailable(STOPPING)
        if self._opened is None:
            self._opening = self._opening or asyncio.Lock()
            async with self._opening:
                if self._opened is None:
                    from .opened import Opened

                    self._opened = await Opened.open(self)
        return self._opened

    @property
    def stopping(self) -> bool:
        """Whether its end has begun."""
        return self._stopped

    @property
    def started(self) -> bool:
        """Whether anything was used yet."""
        return self._opened is not None

    @property
    def opened(self) -> Opened | None:
        """What is open, for looks that start nothing."""
        return self._opened

    @property
    def busy(self) -> bool:
        """Whether an answer or a tool call is in work; an answer that waits for a person is not."""
        return self._opened is not None and self._opened.busy

    async def stop(self) -> list[str]:
        """End everything in reverse order within ``stop_timeout`` seconds, then by force. Returns what did not end well."""
        self._stopped = True
        await self.recovery.stop()
        if self._opening is not None:  # what is just being opened is closed, too
            async with self._opening:
                pass
        opened, self._opened = self._opened, None
        try:
            return [] if opened is None else await opened.close(self.stop_timeout)
        finally:
            self.hub.close()

    # ---------------------------------------------------------------------------------------------- workspaces

    async def workspace_row(self, workspace_id: str) -> WorkspaceRow:
        """Raises :class:`WorkspaceNotFound`. ``default`` is the folder of this Jupyter server, made at first use."""
        opened = self._opened or await self._open()
        return opened.projects.known(workspace_id) or await opened.projects.row(workspace_id)

    async def list_workspaces(self) -> list[JSON]:
        """The registered ones, and those found below ``workspace_roots``, which are registered by this."""
        return await (await self._open()).projects.list(tuple(map(Path, self.workspace_roots)))

    async def list_mcp_servers(self) -> list[JSON]:
        """Those of all workspaces; opens none of them."""
        opened = await self._open()
        known = [await self.workspace_row(workspace["id"]) for workspace in await self.list_workspaces()]
        return [model for row in known for model in opened.look_at(row).mcp.describe()]

    async def get_workspace_manager(self, workspace_id: str) -> WorkspaceManager:
        key = WorkspaceKey((await self.workspace_row(workspace_id)).id)
        return (await (await self._open()).projects.get(key)).workspace

    async def get_mcp_manager(self, workspace_id: str) -> MCPServerManager:
        key = WorkspaceKey((await self.workspace_row(workspace_id)).id)
        return (await (await self._open()).projects.get(key)).mcp

    async def look_at_mcp_servers(self, workspace_id: str) -> MCPServerManager:
        """As they are: for a look that opens, touches and keeps nothing."""
        row = await self.workspace_row(workspace_id)
        return (await self._open()).look_at(row).mcp

    async def get_models(self, workspace_id: str) -> ModelCatalogue:
        key = WorkspaceKey((await self.workspace_row(workspace_id)).id)
        return (await (await self._open()).projects.get(key)).models

    @asynccontextmanager
    async def get_workspace_manager_for_request(self, workspace_id: str) -> AsyncIterator[WorkspaceManager]:
        """In use until the block ends: from the start of a request to its end."""
        key = WorkspaceKey((await self.workspace_row(workspace_id)).id)
        async with (await self._open()).projects.use(key) as project:
            yield project.workspace

    @asynccontextmanager
    async def get_mcp_manager_for_request(self, workspace_id: str) -> AsyncIterator[MCPServerManager]:
        """In use until the block ends."""
        key = WorkspaceKey((await self.workspace_row(workspace_id)).id)
        async with (await self._open()).projects.use(key) as project:
            yield project.mcp

    async def release_workspace_resources(self, workspace_id: str, *, force: bool = False) -> list[str]:
        """End what is open of a workspace: chats, MCP servers, then itself. What was freed; [] when nothing was open.

        Raises WorkspaceNotFound; Busy unless `force`, and then ends nothing.
        """
        key = WorkspaceKey((await self.workspace_row(workspace_id)).id)
        return await (await self._open()).release(key, force=force)

    # ---------------------------------------------------------------------------------------------- sessions

    async def get_session_coordinator(self, workspace_id: str, session_id: str) -> SessionCoordinator:
        """The coordinator, made once from its store. Raises WorkspaceNotFound, SessionNotFound, TooMany."""
        row = await self.workspace_row(workspace_id)
        return await (await self._open()).chats.get(SessionKey(row.id, session_id))

    @asynccontextmanager
    async def use_session_coordinator(
        self, workspace_id: str, session_id: str
    ) -> AsyncIterator[SessionCoordinator]:
        """The coordinator, in use until the block ends."""
        row = await self.workspace_row(workspace_id)
        opened = self._opened or await self._open()
        async with opened.chats.use(SessionKey(row.id, session_id)) as coordinator:
            yield coordinator

    #: The name that request handlers use it by, beside those for workspaces and MCP servers.
    get_session_coordinator_for_request = use_session_coordinator

    async def release_session_coordinator(
        self, workspace_id: str, session_id: str, *, force: bool = False
    ) -> bool:
        """Put a session away; False when it was not open. What it stored comes back at the next use.

        Raises Busy unless `force`; what is at work then ends as interrupted.
        """
        row = await self.workspace_row(workspace_id)
        return await (await self._open()).chats.release(SessionKey(row.id, session_id), force=force)

    async def delete_session(self, workspace_id: str, session_id: str, by: str, *, undo: int = 0) -> None:
        """End everything in a session and remove it with all its rows; for `undo` seconds it is only put aside. Raises
        RunningElsewhere, and then removes nothing."""
        opened = await self._open()
        async with self.use_session_coordinator(workspace_id, session_id) as coordinator:
            key = SessionKey(coordinator.row.workspace_id, session_id)

        async def remove(coordinator: SessionCoordinator) -> None:
            await coordinator.end(by)
            await opened.services.remove_session(session_id, undo)

        await opened.chats.release(key, force=True, work=remove)
        self.hub.announce(Changed("session", key.workspace_id, session_id, "deleted"))

    def coordinator(self, key: SessionKey) -> SessionCoordinator | None:
        """The coordinator if it is held; makes none."""
        return self._opened.chats.peek(key) if self._opened else None

    # ---------------------------------------------------------------------------------------------- limits, cleanup

    @property
    def limits(self) -> Limits:
        """The limits as they are now; see ``registry.limits``."""
        from .opened import limits_of

        return limits_of(self)

    def open_stream(self, what: str) -> AbstractContextManager[None]:
        """Counted while it is open; raises TooMany, naming the open ones. `what` is for people."""
        return self.streams.held(what)

    async def perform_cleanup(self, *, dry_run: bool = False) -> CleanupReport:
        """What the cullers would do now, done now: sessions, then MCP servers. A dry run ends nothing."""
        await self._open()
        return await perform(self.session_culler, self.mcp_server_culler, dry_run=dry_run)

    @observe("max_sessions", "max_workspaces", "max_mcp_servers", "max_concurrent_runs", "max_open_streams")
    def _limit_changed(self, change: Any) -> None:
        """A raised limit serves who waits; a lowered one is looked after at once."""
        if self._opened is not None:
            self.slots.wake()
            self.session_culler.hurry()
            self.mcp_server_culler.hurry()
