"""Work on several MCP servers at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def each(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """At once, each to its end; raises what went wrong first."""
    for outcome in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
