"""The stream of everything that happens to resources: one per page of the UI feeds all its lists."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import Unavailable
from .base import StreamHandler


class EventsHandler(StreamHandler):
    """Watching is no use: it neither starts anything nor counts as activity of the Jupyter server."""

    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        hub = self.registry.hub
        if hub.closed:
            raise Unavailable("The Jupyter server is stopping.")
        await self.stream(hub.watch(self.after()))
