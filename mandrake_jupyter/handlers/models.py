"""Routes of models and keys."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .base import MandrakeHandler


class ModelsHandler(MandrakeHandler):
    auth_resource = "mandrake:workspaces"

    @web.authenticated
    @authorized
    async def get(self, workspace: str) -> None:
        self.answer(await (await self.registry.get_models(workspace)).as_json())

    @web.authenticated
    @authorized
    async def patch(self, workspace: str) -> None:
        models = await self.registry.get_models(workspace)
        await models.activate(self.text(self.body(), "active"))
        self.answer(await models.as_json())

    @web.authenticated
    @authorized(action="execute", resource="mandrake:workspaces")
    async def post(self, workspace: str) -> None:
        body = self.body()
        models = await self.registry.get_models(workspace)
        await models.connect(
            self.text(body, "provider"),
            self.text(body, "model", required=False),
            url=self.text(body, "url", required=False) or None,
            name=self.text(body, "name", required=False) or None,
        )
        self.answer(await models.as_json(), 201, location=f"workspaces/{workspace}/models")


class ModelTestHandler(MandrakeHandler):
    auth_resource = "mandrake:workspaces"

    @web.authenticated
    @authorized(action="execute", resource="mandrake:workspaces")
    async def post(self, workspace: str) -> None:
        body = self.body()
        models = await self.registry.get_models(workspace)
        result = await models.test(
            self.text(body, "provider"),
            self.text(body, "model", required=False),
            key=self.text(body, "key", required=False) or None,
            url=self.text(body, "url", required=False) or None,
        )
        self.answer(result)


class DemoFetchHandler(MandrakeHandler):
    auth_resource = "mandrake:workspaces"

    @web.authenticated
    @authorized(action="execute", resource="mandrake:workspaces")
    async def post(self, workspace: str) -> None:
        self.answer(await (await self.registry.get_models(workspace)).fetch_demo(), 202)


class KeyHandler(MandrakeHandler):
    """Write-only: there is no GET, here or elsewhere."""

    auth_resource = "mandrake:workspaces"

    @web.authenticated
    @authorized
    async def put(self, name: str) -> None:
        services = await self.registry.initialize_services()
        stored_in = await services.keys.set(name, self.text(self.body(), "value"))
        where = services.keys.where if stored_in == "file" else "the keyring of this system"
        self.answer({"name": name, "stored_in": stored_in, "where": where})

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        services = await self.registry.initialize_services()
        await services.keys.delete(name)
        self.set_status(204)
        self.finish()
