"""Routes of health and of numbers, and the answer to paths that are none. They start nothing."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import NotFound
from ..registry import metrics
from .base import MandrakeHandler


class LiveHandler(MandrakeHandler):
    auth_resource = "mandrake:admin"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer({"status": "live"})


class HealthHandler(MandrakeHandler):
    auth_resource = "mandrake:admin"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer(await self.registry.health.detail())


class ReadyHandler(MandrakeHandler):
    auth_resource = "mandrake:admin"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        found = await self.registry.health.ready()
        self.answer(found, 200 if found["status"] == "ready" else 503)


class MetricsHandler(MandrakeHandler):
    auth_resource = "mandrake:admin"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer(metrics.as_json())


class NoRouteHandler(MandrakeHandler):
    """Whatever no other route takes, so that programs meet our error body there, too, and not Jupyter's page."""

    auth_resource = "mandrake:admin"

    @web.authenticated
    async def get(self) -> None:
        raise NotFound("There is nothing at this address. docs/reference/wire.md lists what there is.")

    post = put = patch = delete = get
