"""Routes of what an MCP server offers beside tools: resources, prompts, completions. And its log, to look at or follow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import BadRequest
from ..values import JSON
from .base import MandrakeHandler, StreamHandler
from .starting import check_may_start

if TYPE_CHECKING:
    from ..servers.logs import Level
    from ..servers.offers import Offers

LONGEST_TAIL = 2000


class _OffersHandler(MandrakeHandler):
    auth_resource = "mandrake:mcp-servers"

    @asynccontextmanager
    async def offers(self, workspace: str, name: str) -> AsyncIterator[Offers]:
        async with self.registry.get_mcp_manager_for_request(workspace) as manager:
            yield await manager.offers(name)

    def texts(self, body: JSON, field: str) -> dict[str, str]:
        """A field that is an object of texts, or absent."""
        value = {} if body.get(field) is None else body[field]
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise BadRequest(f"{field} must be a JSON object whose values are texts.")
        return value


class ResourcesHandler(_OffersHandler):
    @web.authenticated
    @authorized
    async def get(self, workspace: str, name: str) -> None:
        async with self.offers(workspace, name) as offers:
            if not offers.has_at_hand("resources", "templates"):
                await check_may_start(self, name)
            resources, templates = await offers.resources(), await offers.templates()
            self.answer(
                {
                    "resources": [resource.as_json() for resource in resources],
                    "templates": [template.as_json() for template in templates],
                }
            )


class ReadResourceHandler(_OffersHandler):
    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def post(self, workspace: str, name: str) -> None:
        uri = self.text(self.body(), "uri")
        async with self.offers(workspace, name) as offers:
            self.answer([content.as_json() for content in await offers.read(uri)])


class PromptsHandler(_OffersHandler):
    @web.authenticated
    @authorized
    async def get(self, workspace: str, name: str) -> None:
        async with self.offers(workspace, name) as offers:
            if not offers.has_at_hand("prompts"):
                await check_may_start(self, name)
            self.answer([prompt.as_json() for prompt in await offers.prompts()])


class GetPromptHandler(_OffersHandler):
    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def post(self, workspace: str, name: str) -> None:
        body = self.body()
        prompt, arguments = self.text(body, "name"), self.texts(body, "arguments")
        async with self.offers(workspace, name) as offers:
            self.answer((await offers.prompt(prompt, arguments)).as_json())


class CompletionsHandler(_OffersHandler):
    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def post(self, workspace: str, name: str) -> None:
        body = self.body()
        ref = self.texts(body, "ref")
        kind = next((kind for kind in ("prompt", "resource") if kind in ref), "")
        if len(ref) != 1 or not ref.get(kind, "").strip():
            raise BadRequest('ref must be {"prompt": "NAME"} or {"resource": "URI TEMPLATE"}.')
        argument, known = self.text(body, "argument"), self.texts(body, "arguments")
        if not isinstance(value := body.get("value", ""), str):
            raise BadRequest("value must be a text: what is written so far.")
        async with self.offers(workspace, name) as offers:
            self.answer((await offers.complete(kind, ref[kind], argument, value, known)).as_json())


class MCPLogsHandler(StreamHandler):
    """Watching is no use: it starts nothing, keeps nothing alive and ends with what it watches."""

    auth_resource = "mandrake:mcp-servers"

    @web.authenticated
    @authorized
    async def get(self, workspace: str, name: str) -> None:
        tail = min(self.number("tail", self.get_query_argument("tail", None), 200), LONGEST_TAIL)
        level, after, follow = self.level(), self.after(), self.flag("follow")
        async with self.registry.get_mcp_manager_for_request(workspace) as manager:
            log, lines = manager.log(name), manager.logs(name, tail, level)
        if follow:
            await self.stream(log.follow(after, tail=tail, level=level))
        else:
            self.answer(lines)

    def level(self) -> Level | None:
        from ..servers.logs import LEVELS

        asked = self.get_query_argument("level", None)
        found = next((level for level in LEVELS if level == asked), None)
        if asked is not None and found is None:
            raise BadRequest(f"level must be one of {', '.join(LEVELS)}, not {asked!r:.40}.")
        return found
