"""Routes of what was said in a chat: delete a message with its answer, take the chat along as a file."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..registry.exporting import export_chat
from ..registry.sessions import SessionsDirectory
from ..values.file_names import disposition
from .base import MandrakeHandler
from .sessions import undo_of


class MessageHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def delete(self, workspace: str, session: str, message: str) -> None:
        undo = undo_of(self)
        await SessionsDirectory(self.registry).remove_message(workspace, session, message, undo=undo)
        self.set_status(204)
        self.finish()


class RestoreMessageHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def post(self, workspace: str, session: str, message: str) -> None:
        await SessionsDirectory(self.registry).restore_message(workspace, session, message)
        self.set_status(204)
        self.finish()


class ExportHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self, workspace: str, session: str) -> None:
        wanted = self.get_query_argument("format", "markdown")
        file = await export_chat(self.registry, workspace, session, wanted)
        self.set_header("Content-Type", file.content_type)
        self.set_header("Content-Disposition", disposition(file.name))
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(file.content, set_content_type=file.content_type)
