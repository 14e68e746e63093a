"""The route of what is added to the instructions of every model."""

from __future__ import annotations

import asyncio

from jupyter_server.auth.decorator import authorized
from tornado import web

from .base import MandrakeHandler


class PromptHandler(MandrakeHandler):
    auth_resource = "mandrake:workspaces"

    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        files = await self.registry.get_workspace_manager(workspace)
        parts = await asyncio.to_thread(files.prompt_parts)
        told = [
            {"level": part.level, "file": part.origin, "text": part.text, "trusted": part.trusted}
            for part in parts
        ]
        self.answer({"instructions": await asyncio.to_thread(files.instructions), "parts": told})
