"""The body of a request that may bring images: read in a thread, and by a parser that is done with it in a moment.

Python's own holds up everything for as long as it reads, in whatever thread, and once more while what it read is looked at.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ..values import JSON
from .base import LONGEST_BODY, MandrakeHandler


async def large_body(handler: MandrakeHandler) -> JSON:
    """As `handler.body()`."""
    if len(handler.request.body) <= LONGEST_BODY:
        return handler.body()
    return await asyncio.to_thread(handler.body, parse_large)


def parse_large(raw: bytes) -> Any:
    """As `values.parse_json`, but for numbers beyond all floats: they are infinite here, and who reads numbers bounds them."""
    from pydantic_core import from_json

    return from_json(raw, allow_inf_nan=False, cache_strings=False)
