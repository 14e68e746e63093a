"""What one MCP server offers beside tools, for whoever asks: listed from memory where possible, read and filled in by
starting it if need be.

A list is asked for when somebody wants it, kept in the catalogue, and asked for anew when the MCP server runs and may
have another one: after its start, and after it said so. Made by the manager, for trusted MCP servers only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import NotOffered, RequestRefused, ResourceNotFound
from .asking import NO_SUCH_RESOURCE, ask
from .connection import LIST_TIMEOUT, Connection
from .hiding import hidden
from .offered import (
    Completions,
    FilledPrompt,
    Item,
    Kind,
    Prompt,
    Resource,
    ResourceContent,
    ResourceTemplate,
)
from .prompts import check_prompt, complete, get_prompt, list_prompts
from .resources import list_resources, list_templates, read_resource

if TYPE_CHECKING:
    from mcp import Client

    from .server import MCPServer

T = TypeVar("T")

#: How each list is asked for, and the capability it belongs to.
_LISTS: Mapping[Kind, tuple[str, Callable[[Client], Awaitable[tuple[Item, ...]]]]] = {
    "resources": ("resources", list_resources),
    "templates": ("resources", list_templates),
    "prompts": ("prompts", list_prompts),
}


class Offers:
    """`server` is None for MCP servers of our own: they have tools only."""

    def __init__(self, name: str, server: MCPServer | None) -> None:
        self.name = name
        self._server = server

    async def resources(self) -> tuple[Resource, ...]:
        """Started only when nothing is known of them. Raises MCPError and the errors of a start, as all of these."""
        return tuple(item for item in await self._list("resources") if isinstance(item, Resource))

    async def templates(self) -> tuple[ResourceTemplate, ...]:
        return tuple(item for item in await self._list("templates") if isinstance(item, ResourceTemplate))

    async def prompts(self) -> tuple[Prompt, ...]:
        return tuple(item for item in await self._list("prompts") if isinstance(item, Prompt))

    async def read(self, uri: str) -> list[ResourceContent]:
        """Raises NotOffered, ResourceNotFound, RequestRefused, RequestTimeout, ServerGone."""
        try:
            return await self._ask("resources", f'the resource "{uri}"', lambda c: read_resource(c, uri))
        except RequestRefused as exc:
            if exc.fields["rpc_code"] not in NO_SUCH_RESOURCE:
                raise
            raise ResourceNotFound(name=self.name, uri=uri, reason=exc.fields["why"]) from exc

    async def prompt(self, name: str, arguments: Mapping[str, str]) -> FilledPrompt:
        """Filled in. Raises PromptNotFound, BadRequest when an argument is missing, and as `read` does."""
        check_prompt(await self.prompts(), self.name, name, arguments)
        return await self._ask("prompts", f'the prompt "{name}"', lambda c: get_prompt(c, name, arguments))

    async def complete(
        self, kind: str, ref: str, argument: str, value: str, known: Mapping[str, str]
    ) -> Completions:
        """Values for `argument` of a prompt (`kind` "prompt", `ref` its name) or of a template ("resource", its URI),
        as begun with `value`; `known` are the other arguments.
        """

        async def send(client: Client) -> Completions:
            from mcp_types import PromptReference, ResourceTemplateReference

            where = PromptReference(name=ref) if kind == "prompt" else ResourceTemplateReference(uri=ref)
            return await complete(client, where, {"name": argument, "value": value}, known)

        return await self._ask("completions", f'values of "{argument}"', send)

    @property
    def has_tools_at_hand(self) -> bool:
        """Whether to list the tools starts nothing."""
        return self._server is None or self._server.tools is not None

    def has_at_hand(self, *kinds: Kind) -> bool:
        """Whether these lists need no start."""
        running = self._server is None or self._server.connection is not None
        return running or all(self._known(kind) is not None for kind in kinds)

    def _known(self, kind: Kind) -> tuple[Item, ...] | None:
        server = self._server
        return server.known.offers.get(kind) if server and server.known else None

    async def _list(self, kind: Kind) -> tuple[Item, ...]:
        server = self._server
        if server is None:
            return ()
        known = self._known(kind)
        if known is not None and (server.connection is None or server.connection.is_fresh(kind)):
            return known
        capability, send = _LISTS[kind]
        async with server.connected() as connection:
            changes = connection.hearing.changes[kind]
            items: tuple[Item, ...] = ()
            if _offers(connection, capability):
                items = await ask(connection, f"its {kind}", send, timeout=LIST_TIMEOUT)
            connection.listed[kind] = changes
        server.catalogue.learned(server.entry.hash, kind, items)
        await server.catalogue.save(server.entry.hash)
        return items

    async def _ask(self, capability: str, what: str, send: Callable[[Client], Awaitable[T]]) -> T:
        server = self._server
        if server is None:
            raise NotOffered(name=self.name, what=capability)
        async with server.connected() as connection:
            if not _offers(connection, capability):
                raise NotOffered(name=self.name, what=capability)
            found = await ask(connection, what, send, timeout=server.call_timeout)
            return hidden(found, connection.hide)


def _offers(connection: Connection, capability: str) -> bool:
    can: Any = connection.client.server_capabilities
    return getattr(can, capability) is not None
