"""What was allowed for an MCP server ends with it: once it is configured no more, one that comes back asks anew.

Whoever removes one here says so. What another program takes out of a file is seen at the next look at the configuration. An
entry that a file only can't tell at the moment, for it is broken, is not gone. What could not be stored is done at the next look.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..errors import StoreUnavailable
from ..values import MCPServerEntry
from ..workspaces.entries import BUILTIN

if TYPE_CHECKING:
    from ..lifecycle.supervisor import Supervisor
    from ..servers.seams import Entries
    from ..stores.grants import GrantStore
    from ..workspaces.workspace import WorkspaceManager

#: The name of an entry, and the file that it is of.
Place = tuple[str, str]


class Removed:
    """For all projects; what was seen of one outlives its being put away."""

    def __init__(self, grants: GrantStore, supervisor: Supervisor) -> None:
        self._grants = grants
        self._supervisor = supervisor
        self._seen: dict[str, frozenset[Place]] = {}

    def watch(self, workspace_id: str, workspace: WorkspaceManager) -> Entries:
        """Its MCP servers, each look at all of which is compared with the one before."""

        def entries(only: Collection[str] | None = None) -> Sequence[MCPServerEntry]:
            found = workspace.mcp_entries(only)
            if only is None:
                self._look(workspace_id, workspace, frozenset((it.name, it.origin) for it in found))
            return found

        return entries

    def _look(self, workspace_id: str, workspace: WorkspaceManager, now: frozenset[Place]) -> None:
        before = self._seen.get(workspace_id)
        if before == now:
            return
        unclear = {(problem.name, problem.file) for problem in workspace.problems()}
        if before is None:
            self._seen[workspace_id] = now
            if not any(name is None for name, _ in unclear):
                there = {name for name, _ in (*now, *unclear) if name} | {BUILTIN}
                self._spawn(workspace_id, before, partial(self._end_all_but, workspace_id, there))
            return
        gone = frozenset(place for place in before - now if not {place, (None, place[1])} & unclear)
        self._seen[workspace_id] = now | (before - now - gone)
        if gone:
            names = {name for name, _ in gone}
            self._spawn(workspace_id, gone, partial(self._grants.revoke_of, workspace_id, names))

    async def _end_all_but(self, workspace_id: str, there: Collection[str]) -> None:
        """What was removed while no Jupyter server looked."""
        allowed = {grant["server"] for grant in await self._grants.all(workspace_id)}
        await self._grants.revoke_of(workspace_id, allowed - set(there))

    def _spawn(
        self, workspace_id: str, again: frozenset[Place] | None, work: Callable[[], Awaitable[None]]
    ) -> None:
        """`again`: what is seen once more where `work` can't be stored; None: all is as never seen."""

        async def end() -> None:
            try:
                await work()
            except StoreUnavailable:
                seen = self._seen.pop(workspace_id, None)
                if again is not None and seen is not None:
                    self._seen[workspace_id] = seen | again
                raise

        self._supervisor.spawn("end of what was allowed for removed MCP servers", end())
