"""Starts and ends of several MCP servers at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from ..lifecycle.phases import ALIVE
from .server import MCPServer


async def each(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """At once, each to its end; raises what went wrong first."""
    for outcome in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def end_all(servers: Sequence[MCPServer], timeout: float) -> list[str]:
    """Within `timeout` seconds, by force where need be; none that waits for a place starts. The names of those that did
    not end.
    """
    alive = [server for server in servers if server.phase in ALIVE]
    for server in servers:
        if server.phase not in ALIVE:
            server.begin_stop()
    stops = {asyncio.create_task(server.stop(), name=server.key.name): server for server in alive}
    if not stops:
        return []
    _, pending = await asyncio.wait(stops, timeout=timeout * 0.75)
    for task in pending:
        stops[task].kill()
    if pending:
        _, pending = await asyncio.wait(pending, timeout=timeout * 0.25)
    for task in pending:
        task.cancel()
    await asyncio.gather(*stops, return_exceptions=True)
    return sorted(task.get_name() for task in pending)
