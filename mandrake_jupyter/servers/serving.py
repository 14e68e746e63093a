"""What is done with a connection while it lives: its list of tools is kept as the MCP server says it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..errors import MCPError
from ..lifecycle.supervisor import first_of
from .catalogue import Catalogue
from .connection import Connection


async def serve(
    connection: Connection, key: str, stop: asyncio.Event, catalogue: Catalogue, outdated: Callable[[], None]
) -> None:
    """Until it is to stop or has ended; lists the tools anew when they changed."""
    ended = connection.provisioner.ended
    await catalogue.save(key)
    while not (stop.is_set() or ended.is_set()):
        await first_of(stop, ended, connection.changed)
        if connection.changed.is_set() and not stop.is_set() and not ended.is_set():
            connection.changed.clear()
            try:
                tools = await connection.list_tools()
            except MCPError as exc:
                connection.logs.add("mandrake", str(exc))
                continue
            catalogue.remember(key, tools, connection.protocol)
            outdated()
            await catalogue.save(key)
