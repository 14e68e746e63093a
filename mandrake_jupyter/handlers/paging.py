"""Lists in pages: how much of one is asked for, and the ``Link`` to what comes after it."""

from __future__ import annotations

from urllib.parse import urlencode

from ..errors import BadRequest
from .base import MandrakeHandler

#: Of anything, in one page.
MOST_SHOWN = 1_000


def limit_of(handler: MandrakeHandler, usual: int, most: int) -> int:
    """``?limit=``. Raises BadRequest beyond 1 … `most`."""
    limit = handler.number("limit", handler.get_query_argument("limit", None), usual)
    if not 1 <= limit <= most:
        raise BadRequest(f"limit must be from 1 to {most:,}.")
    return limit


def link_next(handler: MandrakeHandler, place: str | None, argument: str = "after") -> None:
    """What is asked for now, from `place` on: a path on this Jupyter server."""
    if place is None:
        return
    asked = handler.request.query_arguments
    kept = [(name, value) for name, values in asked.items() if name != argument for value in values]
    query = urlencode([*kept, (argument, place)])
    handler.set_header("Link", f'<{handler.request.path}?{query}>; rel="next"')
