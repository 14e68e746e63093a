"""Work on several MCP servers at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any

from ..errors import MandrakeError


async def each(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """At once, each to its end; raises what went wrong first."""
    for outcome in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def quietly(work: Coroutine[Any, Any, None]) -> None:
    """Its failure stays with its MCP server."""
    with suppress(MandrakeError):
        await work
