"""Routes of MCP servers and of trust."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import BadRequest
from ..values import CallContext
from .base import MandrakeHandler

if TYPE_CHECKING:
    from ..servers.manager import MCPServerManager

LONGEST_TAIL = 2000


class _MCPHandler(MandrakeHandler):
    auth_resource = "mandrake:mcp-servers"

    async def manager(self, workspace: str) -> MCPServerManager:
        return await self.registry.get_mcp_manager(workspace)


class AllMCPServersHandler(_MCPHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        managers = [await self.manager(w["id"]) for w in await self.registry.list_workspaces()]
        self.answer([model for manager in managers for model in manager.describe()])


class MCPServersHandler(_MCPHandler):
    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        self.answer((await self.manager(workspace)).describe())

    @web.authenticated
    @authorized
    async def post(self, workspace: str) -> None:
        entries = _entries(self.body())
        files = await self.registry.get_workspace_manager(workspace)
        names = await asyncio.to_thread(files.add_mcp_servers, entries)
        manager = await self.manager(workspace)
        for name in names:
            manager.changed(name, "created")
        made = [manager.describe_one(name) for name in names]
        self.answer(
            made[0] if len(made) == 1 else made,
            201,
            location=f"workspaces/{workspace}/mcp-servers/{names[0]}",
        )


def _entries(body: dict[str, Any]) -> dict[str, Any]:
    if isinstance(body.get("name"), str):
        body = {"mcpServers": {body["name"]: body.get("entry")}}
    entries = body.get("mcpServers")
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
        self.answer((await self.manager(workspace)).describe_one(name))

    @web.authenticated
    @authorized
    async def delete(self, workspace: str, name: str) -> None:
        manager = await self.manager(workspace)
        manager.describe_one(name)
        files = await self.registry.get_workspace_manager(workspace)
        await asyncio.to_thread(files.remove_mcp_server, name)
        await manager.refresh()
        manager.changed(name, "deleted")
        self.set_status(204)
        self.finish()


class MCPServerActionHandler(_MCPHandler):
    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def post(self, workspace: str, name: str, action: str) -> None:
        manager = await self.manager(workspace)
        await {"start": manager.start, "stop": manager.stop, "restart": manager.restart}[action](name)
        self.answer(manager.describe_one(name))


class MCPToolsHandler(_MCPHandler):
    @web.authenticated
    @authorized
    async def get(self, workspace: str, name: str) -> None:
        self.answer([tool.as_json() for tool in await (await self.manager(workspace)).tools(name)])


class MCPLogsHandler(_MCPHandler):
    @web.authenticated
    @authorized
    async def get(self, workspace: str, name: str) -> None:
        tail = min(self.number("tail", self.get_query_argument("tail", None), 200), LONGEST_TAIL)
        self.answer((await self.manager(workspace)).logs(name, tail))


class MCPCallHandler(_MCPHandler):
    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def post(self, workspace: str, name: str) -> None:
        body = self.body()
        arguments = body.get("arguments") or {}
        if not isinstance(arguments, dict):
            raise BadRequest("arguments must be a JSON object.")
        manager = await self.manager(workspace)
        context = CallContext(workspace_id=manager.key.workspace_id)
        result = await manager.call(name, self.text(body, "tool"), arguments, context=context)
        self.answer(result.as_json())


class TrustHandler(MandrakeHandler):
    auth_resource = "mandrake:workspaces"

    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        files = await self.registry.get_workspace_manager(workspace)
        self.answer(await asyncio.to_thread(files.trust_pending))

    @web.authenticated
    @authorized
    async def post(self, workspace: str) -> None:
        body = self.body()
        entries = body.get("entries")
        if not isinstance(entries, list) or not all(isinstance(item, str) for item in entries):
            raise BadRequest("entries must be a list of ids, as GET trust gives them.")
        files = await self.registry.get_workspace_manager(workspace)
        left = await asyncio.to_thread(files.trust, self.text(body, "hash"), entries)
        manager = await self.registry.get_mcp_manager(workspace)
        await manager.refresh()
        for server in manager.describe():
            manager.changed(server["name"])
        self.answer(left)
