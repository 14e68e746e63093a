"""Routes of MCP servers."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import BadRequest
from ..registry.approvals import ApprovalsDirectory
from ..values import CallContext
from .base import MandrakeHandler
from .starting import check_may_start

if TYPE_CHECKING:
    from ..servers.manager import MCPServerManager


class _MCPHandler(MandrakeHandler):
    auth_resource = "mandrake:mcp-servers"

    def manager(self, workspace: str) -> AbstractAsyncContextManager[MCPServerManager]:
        return self.registry.get_mcp_manager_for_request(workspace)


class AllMCPServersHandler(_MCPHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer(await self.registry.list_mcp_servers())


class MCPServersHandler(_MCPHandler):
    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        async with self.manager(workspace) as manager:
            self.answer(manager.describe())

    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def post(self, workspace: str) -> None:
        entries = _entries(self.body())
        files = await self.registry.get_workspace_manager(workspace)
        names = await asyncio.to_thread(files.add_mcp_servers, entries)
        async with self.manager(workspace) as manager:
            for name in names:
                manager.changed(name, "created")
            made = [manager.describe_one(name) for name in names]
        self.answer(
            made[0] if len(made) == 1 else made,
            201,
            location=f"workspaces/{workspace}/mcp-servers/{names[0]}",
        )


def _entries(body: dict[str, Any]) -> dict[str, Any]:
    entries = body.get("mcpServers")
    if "name" in body:
        named = isinstance(body["name"], str) and "mcpServers" not in body
        entries = {body["name"]: body.get("entry")} if named else None
    if not isinstance(entries, dict) or not entries or not all(isinstance(e, dict) for e in entries.values()):
        raise BadRequest('Give {"name": "…", "entry": {…}} or {"mcpServers": {"name": {…}}}.')
    return entries


class MCPParseHandler(_MCPHandler):
    @web.authenticated
    @authorized
    async def post(self, workspace: str) -> None:
        files = await self.registry.get_workspace_manager(workspace)
        self.answer(files.parse_pasted(self.text(self.body(), "text")))


class MCPServerHandler(_MCPHandler):
    @web.authenticated
    @authorized
    async def get(self, workspace: str, name: str) -> None:
        async with self.manager(workspace) as manager:
            self.answer(manager.describe_one(name))

    @web.authenticated
    @authorized
    async def delete(self, workspace: str, name: str) -> None:
        async with self.manager(workspace) as manager:
            manager.describe_one(name)
            files = await self.registry.get_workspace_manager(workspace)
            await asyncio.to_thread(files.remove_mcp_server, name)
            await ApprovalsDirectory(self.registry).removed(workspace, [name])
            await manager.refresh()
            manager.changed(name, "deleted")
        self.set_status(204)
        self.finish()


class MCPServerActionHandler(_MCPHandler):
    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def post(self, workspace: str, name: str, action: str) -> None:
        async with self.manager(workspace) as manager:
            act = {
                "start": manager.start,
                "stop": manager.stop,
                "restart": manager.restart,
                "pause": manager.pause,
                "resume": manager.resume,
            }[action]
            self.answer(await act(name))


class MCPToolsHandler(_MCPHandler):
    @web.authenticated
    @authorized
    async def get(self, workspace: str, name: str) -> None:
        async with self.manager(workspace) as manager:
            if not (await manager.offers(name)).has_tools_at_hand:
                await check_may_start(self, name)
            self.answer([tool.as_json() for tool in await manager.tools(name)])


class MCPCallHandler(_MCPHandler):
    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def post(self, workspace: str, name: str) -> None:
        body = self.body()
        arguments = {} if body.get("arguments") is None else body["arguments"]
        if not isinstance(arguments, dict):
            raise BadRequest("arguments must be a JSON object.")
        async with self.manager(workspace) as manager:
            context = CallContext(workspace_id=manager.key.workspace_id)
            result = await manager.call(name, self.text(body, "tool"), arguments, context=context)
            self.answer(result.as_json())
