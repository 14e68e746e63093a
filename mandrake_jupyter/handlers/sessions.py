"""Routes of workspaces and sessions."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import BadRequest
from ..registry.sessions import SessionsDirectory
from .base import MandrakeHandler
from .paging import MOST_SHOWN, limit_of, link_next

#: Chats in one page.
SHOWN = 100

LONGEST_UNDO = 3600


class _SessionsHandler(MandrakeHandler):
    @property
    def directory(self) -> SessionsDirectory:
        return SessionsDirectory(self.registry)

    async def answer_page(self, workspace: str | None) -> None:
        after, name, notebook = (
            self.get_query_argument(argument, None) for argument in ("after", "name", "notebook")
        )
        limit = limit_of(self, SHOWN, MOST_SHOWN)
        shown, following = await self.directory.page(
            workspace, limit=limit, after=after, name=name, notebook=notebook
        )
        link_next(self, following)
        self.answer(shown)


class WorkspacesHandler(MandrakeHandler):
    auth_resource = "mandrake:workspaces"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer(await self.registry.list_workspaces())


class WorkspaceHandler(MandrakeHandler):
    auth_resource = "mandrake:workspaces"

    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        own = (await self.registry.workspace_row(workspace)).id
        self.answer(next(w for w in await self.registry.list_workspaces() if w["id"] == own))


class AllSessionsHandler(_SessionsHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer_page(None)


class SessionsHandler(_SessionsHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        await self.answer_page(workspace)

    @web.authenticated
    @authorized
    async def post(self, workspace: str) -> None:
        made = await self.directory.create(workspace, self.body())
        self.answer(made, 201, location=f"workspaces/{made['workspace_id']}/sessions/{made['id']}")


class SessionHandler(_SessionsHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self, workspace: str, session: str) -> None:
        self.answer(await self.directory.get(workspace, session))

    @web.authenticated
    @authorized
    async def patch(self, workspace: str, session: str) -> None:
        self.answer(await self.directory.change(workspace, session, self.body()))

    @web.authenticated
    @authorized
    async def delete(self, workspace: str, session: str) -> None:
        undo = self.number("undo", self.get_query_argument("undo", None), 0)
        if undo > LONGEST_UNDO:
            raise BadRequest(f"undo must be a number of seconds from 0 to {LONGEST_UNDO}.")
        await self.registry.delete_session(workspace, session, self.username, undo=undo)
        self.set_status(204)
        self.finish()


class RestoreHandler(_SessionsHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def post(self, workspace: str, session: str) -> None:
        self.answer(await self.directory.restore(workspace, session))
