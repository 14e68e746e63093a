"""Routes of health and of numbers. They start nothing, and asking often is no activity."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

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
        self.answer(self.registry.health())


class MetricsHandler(MandrakeHandler):
    auth_resource = "mandrake:admin"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer(metrics.as_json())
