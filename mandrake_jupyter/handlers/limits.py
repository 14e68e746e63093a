"""Routes of limits, of cleaning up, and of putting away what is open."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .base import MandrakeHandler


class LimitsHandler(MandrakeHandler):
    auth_resource = "mandrake:admin"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer(self.registry.limits.describe())

    @web.authenticated
    @authorized
    async def patch(self) -> None:
        self.answer(self.registry.limits.change(self.body()))


class CleanupHandler(MandrakeHandler):
    auth_resource = "mandrake:admin"
    _track_activity = False  # it ends what nobody uses: no sign of a person

    @web.authenticated
    @authorized
    async def post(self) -> None:
        report = await self.registry.perform_cleanup(dry_run=self.flag("dry_run"))
        self.answer(report.as_json())


class ReleaseSessionHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def post(self, workspace: str, session: str) -> None:
        released = await self.registry.release_session_coordinator(
            workspace, session, force=self.flag("force")
        )
        self.answer({"released": released, "freed": [f"session {session}"] if released else []})


class ReleaseWorkspaceHandler(MandrakeHandler):
    auth_resource = "mandrake:workspaces"

    @web.authenticated
    @authorized
    async def post(self, workspace: str) -> None:
        freed = await self.registry.release_workspace_resources(workspace, force=self.flag("force"))
        self.answer({"released": bool(freed), "freed": freed})
