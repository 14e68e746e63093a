"""The messages of a chat as one JSON text, however many: read and written a few at a time, beside the event loop.

All at once they would be so many objects that Python stops everything to look through them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from ..registry.sessions import SessionsDirectory

#: Messages that are in memory as objects at one time.
AT_ONCE = 100


async def history(
    directory: SessionsDirectory,
    workspace: str,
    session: str,
    *,
    replaced: bool,
    limit: int | None,
    before: int | None,
) -> tuple[str, int | None]:
    """The last `limit` messages (None: all) of those before the place `before`, oldest first, and where the page before that
    ends.
    """
    written: list[str] = []
    while limit is None or limit > 0:
        few = AT_ONCE if limit is None else min(limit, AT_ONCE)
        shown, before = await directory.messages(
            workspace, session, replaced=replaced, limit=few, before=before
        )
        if shown:
            written.append(await asyncio.to_thread(_written, shown))
        if before is None:
            break
        limit = limit and limit - few
    return f"[{', '.join(reversed(written))}]", before


def _written(messages: Sequence[Any]) -> str:
    return ", ".join(map(json.dumps, messages))
