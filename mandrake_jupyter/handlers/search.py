"""The route of content search."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..registry.search import search
from .base import MandrakeHandler
from .paging import limit_of

SHOWN = 20
MOST_SHOWN = 100


class SearchHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        workspace = self.get_query_argument("workspace", None)
        limit = limit_of(self, SHOWN, MOST_SHOWN)
        self.answer(await search(self.registry, self.get_query_argument("q"), workspace, limit))
