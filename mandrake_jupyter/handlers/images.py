"""The route of a chat's images."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .base import MandrakeHandler

#: It never changes.
KEPT = 365 * 86_400


class ImageHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self, workspace: str, session: str, image: str) -> None:
        from ..stores.images import get_image

        services = await self.registry.initialize_services()
        own = (await self.registry.workspace_row(workspace)).id
        row = await services.sessions.get(own, session)
        media_type, data = await get_image(services.database, row.id, image)
        self.set_header("Content-Type", media_type)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("Cache-Control", f"private, max-age={KEPT}, immutable")
        self.finish(data, set_content_type=media_type)
