"""Lists that come in pages, read to their end or to where nobody would read on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

#: A list that is longer, or pages for ever, is cut off here.
MAX_ITEMS = 5_000
#: Pages of nothing, or of the same, end here.
MAX_PAGES = 1_000


async def all_pages(
    ask: Callable[[str | None], Awaitable[Any]], items: Callable[[Any], list[Any]]
) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await ask(cursor)
        found += items(page)
        if len(found) >= MAX_ITEMS or not page.next_cursor or page.next_cursor == cursor:
            break
        cursor = page.next_cursor
    return found[:MAX_ITEMS]
