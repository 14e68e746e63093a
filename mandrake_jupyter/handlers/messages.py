"""Routes of what was said in a chat: delete a message with its answer."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..registry.sessions import SessionsDirectory
from .base import MandrakeHandler


class MessageHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def delete(self, workspace: str, session: str, message: str) -> None:
        await SessionsDirectory(self.registry).remove_message(workspace, session, message)
        self.set_status(204)
        self.finish()
