"""Which lists an MCP server says have changed: since 2026-07-28 told on a stream that is asked for, and may be lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Literal

from .offered import Kind

if TYPE_CHECKING:
    from mcp import Client

#: A list that may change.
Changing = Literal["tools"] | Kind

#: The lists that each notification of the handshake era is about.
LISTS: Mapping[str, tuple[Changing, ...]] = {
    "notifications/tools/list_changed": ("tools",),
    "notifications/resources/list_changed": ("resources", "templates"),
    "notifications/prompts/list_changed": ("prompts",),
}


def offered_to_tell(client: Client) -> tuple[Changing, ...]:
    """Of which lists it can tell that they changed."""
    can = client.server_capabilities
    return (
        *(("tools",) if can.tools and can.tools.list_changed else ()),
        *(("resources", "templates") if can.resources and can.resources.list_changed else ()),
        *(("prompts",) if can.prompts and can.prompts.list_changed else ()),
    )


async def changes(client: Client, lists: tuple[Changing, ...], *, again: bool) -> AsyncIterator[Changing]:
    """Each of `lists` when it is said to have changed; first all of them where this is asked for `again`.

    Ends when the MCP server ends the stream; raises the SDK's SubscriptionLost when it breaks.
    """
    from mcp.client.subscriptions import PromptsListChanged, ResourcesListChanged, ToolsListChanged

    about: Mapping[type, tuple[Changing, ...]] = {
        ToolsListChanged: ("tools",),
        ResourcesListChanged: ("resources", "templates"),
        PromptsListChanged: ("prompts",),
    }
    async with client.listen(
        tools_list_changed="tools" in lists,
        resources_list_changed="resources" in lists,
        prompts_list_changed="prompts" in lists,
    ) as events:
        for changed in lists if again else ():
            yield changed
        async for event in events:
            for changed in about.get(type(event), ()):
                yield changed
