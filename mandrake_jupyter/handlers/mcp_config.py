"""Routes of what is configured: the file of a project for an editor, switches, and trust."""

from __future__ import annotations

import asyncio

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import BadRequest, PreconditionRequired
from ..registry.approvals import ApprovalsDirectory
from .base import MandrakeHandler


class MCPConfigHandler(MandrakeHandler):
    auth_resource = "mandrake:mcp-servers"

    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        files = await self.registry.get_workspace_manager(workspace)
        answer, etag = await asyncio.to_thread(files.mcp_config)
        self.set_header("ETag", etag)
        self.answer(answer)

    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def put(self, workspace: str) -> None:
        """Writes only over what the client saw: ``If-Match`` is its ETag, or ``*`` for whatever is there."""
        text, tags = self.text(self.body(), "text"), self.tags()
        files = await self.registry.get_workspace_manager(workspace)
        answer, etag, changed = await asyncio.to_thread(
            files.save_mcp_config, text, lambda there: "*" in tags or there in tags
        )
        gone = [name for name, what in changed.items() if what == "deleted"]
        await ApprovalsDirectory(self.registry).removed(workspace, gone)
        async with self.registry.get_mcp_manager_for_request(workspace) as manager:
            await manager.refresh()
            for name, what in changed.items():
                manager.changed(name, what)
        self.set_header("ETag", etag)
        self.answer(answer)

    def compute_etag(self) -> str | None:
        """Ours is of the file, not of the answer."""
        return None

    def tags(self) -> list[str]:
        given = self.request.headers.get("If-Match", "").strip()
        if not given:
            raise PreconditionRequired(
                "If-Match is missing: the ETag that GET gave, or * to write over whatever is there.",
                then="Nothing was written.",
            )
        return [tag.strip().removeprefix("W/") for tag in given.split(",")]


class MCPSwitchHandler(MandrakeHandler):
    auth_resource = "mandrake:mcp-servers"

    @web.authenticated
    @authorized
    async def post(self, workspace: str, name: str, action: str) -> None:
        async with self.registry.get_mcp_manager_for_request(workspace) as manager:
            files = await self.registry.get_workspace_manager(workspace)
            await asyncio.to_thread(files.switch_mcp_server, name, disabled=action == "disable")
            await manager.refresh()
            manager.changed(name)
            self.answer(manager.describe_one(name))


class TrustHandler(MandrakeHandler):
    auth_resource = "mandrake:workspaces"

    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        files = await self.registry.get_workspace_manager(workspace)
        self.answer(await asyncio.to_thread(files.trust_pending))

    @web.authenticated
    @authorized(action="execute", resource="mandrake:workspaces")
    async def post(self, workspace: str) -> None:
        body = self.body()
        entries = body.get("entries")
        if not isinstance(entries, list) or not all(isinstance(item, str) for item in entries):
            raise BadRequest("entries must be a list of ids, as GET trust gives them.")
        files = await self.registry.get_workspace_manager(workspace)
        left = await asyncio.to_thread(files.trust, self.text(body, "hash"), entries)
        async with self.registry.get_mcp_manager_for_request(workspace) as manager:
            await manager.refresh()
            for server in manager.describe():
                manager.changed(server["name"])
        self.answer(left)
