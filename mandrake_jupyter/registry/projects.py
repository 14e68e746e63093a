"""Workspaces of one Jupyter server: which there are, and what is open of each (files, MCP servers, models)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..lifecycle.leases import Leases
from ..values import JSON, WorkspaceKey
from .entry import Entry
from .pool import Pool

if TYPE_CHECKING:
    from ..providers.catalogue import ModelCatalogue
    from ..servers.manager import MCPServerManager
    from ..stores.rows import WorkspaceRow
    from ..workspaces.workspace import WorkspaceManager
    from .services import Services

#: A folder found below a root is a workspace when it holds this one.
MARK = ".mandrake"


@dataclass(frozen=True)
class Project:
    """What is open of one workspace."""

    row: WorkspaceRow
    workspace: WorkspaceManager
    mcp: MCPServerManager
    models: ModelCatalogue


class Projects(Pool[WorkspaceKey, Project]):
    """`open_project` builds one; `chats_of` says which chats of a workspace are open and in use; `put_chats_away` ends them."""

    kind = "workspace"
    what = "projects"
    way_out = "ServiceRegistry.max_workspaces"

    def __init__(
        self,
        *,
        services: Services,
        root: Path,
        open_project: Callable[[WorkspaceRow], Project],
        in_use: Callable[[WorkspaceKey], bool],
        put_chats_away: Callable[[WorkspaceKey], Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._services = services
        self._root = root
        self._open_project = open_project
        self._in_use = in_use
        self._put_chats_away = put_chats_away
        self._rows: dict[str, WorkspaceRow] = {}
        self._default: str | None = None

    async def make(self, key: WorkspaceKey, leases: Leases) -> Project:
        return self._open_project(await self.row(key.workspace_id))

    async def close(self, key: WorkspaceKey, service: Project) -> None:
        """Chats, then MCP servers, then the workspace itself."""
        await self._put_chats_away(key)
        if left := await service.mcp.close(self._stop_timeout()):
            raise RuntimeError(f"MCP servers that did not end: {', '.join(left)}")

    def ids(self, key: WorkspaceKey) -> tuple[str, str]:
        return key.workspace_id, key.workspace_id

    def name(self, entry: Entry[WorkspaceKey, Project]) -> str:
        return entry.service.row.name if entry.service else entry.key.workspace_id

    def held(self, entry: Entry[WorkspaceKey, Project]) -> bool:
        """While a chat of it is in use, or an MCP server at work or alive and not idle."""
        if self._in_use(entry.key):
            return True
        return entry.service is not None and any(server.leases.busy for server in entry.service.mcp.servers)

    # Which there are.

    def known(self, workspace_id: str) -> WorkspaceRow | None:
        """The row, if it was asked for before."""
        return self._rows.get(self._default or "" if workspace_id == "default" else workspace_id)

    async def row(self, workspace_id: str) -> WorkspaceRow:
        """Raises :class:`WorkspaceNotFound`. ``default`` is the folder of this Jupyter server, known from its first use on."""
        if workspace_id == "default":
            if self._default is None:
                row = await self._services.sessions.workspace_for(self._root)
                self._default = row.id
                self._rows[row.id] = row
            return self._rows[self._default]
        if workspace_id not in self._rows:
            self._rows[workspace_id] = await self._services.sessions.workspace(workspace_id)
        return self._rows[workspace_id]

    async def list(self, roots: tuple[Path, ...]) -> list[JSON]:
        """The registered ones, and the folders with a ``.mandrake`` folder directly below `roots`, registered by this."""
        default = (await self.row("default")).id
        known = await self._services.sessions.workspaces()
        paths = {row.path for row in known}
        for folder in await asyncio.to_thread(_found_below, roots):
            if str(folder) not in paths and self._services.database.refusal is None:
                known.append(await self._services.sessions.workspace_for(folder))
        return [self._describe(row, default) for row in known]

    def _describe(self, row: WorkspaceRow, default: str) -> JSON:
        key = WorkspaceKey(row.id)
        entry, gone = self.entries.get(key), self.reason(key)
        return {
            "id": row.id,
            "path": row.path,
            "name": row.name,
            "default": row.id == default,
            "phase": entry.phase.value if entry else "stopped" if gone else "new",
            "reason": gone or "",
        }


def _found_below(roots: tuple[Path, ...]) -> list[Path]:
    found = []
    for root in roots:
        try:
            folders = sorted(path for path in root.expanduser().resolve().iterdir() if not path.is_symlink())
        except OSError:
            continue
        found += [folder for folder in folders if (folder / MARK).is_dir()]
    return found
