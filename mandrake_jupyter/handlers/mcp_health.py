"""Routes that tell how an MCP server is, and how one would be that is not configured yet."""

from __future__ import annotations

import asyncio

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..values import JSON
from .base import MandrakeHandler, StreamHandler
from .mcp_servers import MCPServerHandler


class MCPHealthHandler(MandrakeHandler):
    """Asking is a look: it wakes nothing and keeps nothing open."""

    auth_resource = "mandrake:mcp-servers"

    @web.authenticated
    @authorized
    async def get(self, workspace: str, name: str) -> None:
        manager = await self.registry.look_at_mcp_servers(workspace)
        self.answer(await manager.health(name))


class MCPTestHandler(MCPServerHandler, StreamHandler):
    """Its address could also be that of an MCP server of the name ``test``: looked at and removed as any other."""

    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def post(self, workspace: str, name: str) -> None:
        body = self.body()
        files = await self.registry.get_workspace_manager(workspace)
        entry = await asyncio.to_thread(files.try_entry, self.text(body, "name"), body.get("entry"))

        async def work() -> JSON:
            async with self.manager(workspace) as manager:
                return await manager.test(entry)

        if (outcome := await self.detachable(work())) is not None:
            self.answer(outcome)
