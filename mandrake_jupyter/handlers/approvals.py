"""Routes of what was decided: the audit of tool calls, and the permissions that go beyond one call."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import BadRequest
from ..registry.approvals import ApprovalsDirectory
from .base import MandrakeHandler

MOST_RECORDS = 1000


class _ApprovalsHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @property
    def directory(self) -> ApprovalsDirectory:
        return ApprovalsDirectory(self.registry)


class AuditHandler(_ApprovalsHandler):
    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        limit = self.number("limit", self.get_query_argument("limit", None), 100)
        if not 1 <= limit <= MOST_RECORDS:
            raise BadRequest(f"limit must be a whole number from 1 to {MOST_RECORDS}, not {limit}.")
        before = self.get_query_argument("before", None)
        self.answer(
            await self.directory.audit(
                workspace,
                session_id=self.get_query_argument("session", None) or None,
                limit=limit,
                before=self.number("before", before, 0) if before else None,
            )
        )


class GrantsHandler(_ApprovalsHandler):
    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        self.answer(await self.directory.grants(workspace))


class GrantHandler(_ApprovalsHandler):
    @web.authenticated
    @authorized
    async def delete(self, workspace: str, grant: str) -> None:
        await self.directory.revoke(workspace, int(grant))
        self.set_status(204)
        self.finish()
