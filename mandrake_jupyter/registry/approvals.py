"""What was decided on tool calls in a workspace: the audit of all calls, and what people allowed beyond one of them."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import GrantNotFound, StoreUnavailable
from ..values import JSON

if TYPE_CHECKING:
    from .registry import ServiceRegistry


class ApprovalsDirectory:
    """What the routes of audit and grants need of the registry. Raises WorkspaceNotFound."""

    def __init__(self, registry: ServiceRegistry) -> None:
        self._registry = registry

    async def audit(
        self, workspace_id: str, *, session_id: str | None, limit: int, before: int | None
    ) -> list[JSON]:
        """Newest first."""
        from ..stores.auditing import AuditStore

        services = await self._registry.initialize_services()
        own = (await self._registry.workspace_row(workspace_id)).id
        store = AuditStore(services.database)
        return await store.records(own, session_id=session_id, limit=limit, before=before)

    async def grants(self, workspace_id: str) -> list[JSON]:
        """With `current`: whether it still is the tool that was allowed, as far as that is known. Starts no MCP server."""
        from ..stores.grants import GrantStore

        services = await self._registry.initialize_services()
        own = (await self._registry.workspace_row(workspace_id)).id
        grants = await GrantStore(services.database).all(own)
        if not grants:
            return []
        async with self._registry.get_mcp_manager_for_request(own) as manager:
            tools, problems = await manager.catalogue(learn=False)
        now = {(tool.server, tool.name): tool.schema_hash for tool in tools}
        unknown = {problem.server for problem in problems}
        for grant in grants:
            same = now.get((grant["server"], grant["tool"])) == grant["schema_hash"]
            grant["current"] = same or grant["server"] in unknown
        return grants

    async def revoke(self, workspace_id: str, grant_id: int) -> None:
        """From the next call on it is asked about again. Raises GrantNotFound."""
        from ..stores.grants import GrantStore

        services = await self._registry.initialize_services()
        own = (await self._registry.workspace_row(workspace_id)).id
        if not await GrantStore(services.database).revoke(own, grant_id):
            raise GrantNotFound(grant=grant_id)

    async def removed(self, workspace_id: str, servers: Collection[str]) -> None:
        """These MCP servers were taken out of the configuration: what was allowed for them ends now, or, where nothing can be
        stored, once it can: whoever looks at the configuration sees that they are gone."""
        from ..stores.grants import GrantStore

        services = await self._registry.initialize_services()
        own = (await self._registry.workspace_row(workspace_id)).id
        with suppress(StoreUnavailable):
            await GrantStore(services.database).revoke_of(own, servers)
