"""Resources and their templates: asked of the SDK's client, made into our values, bounded.

Text that is too large is cut, a file that is too large is left out, and both say so. Errors are left to
`asking`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .offered import Resource, ResourceContent, ResourceTemplate
from .paging import all_pages
from .translate import RESULT_LIMIT

if TYPE_CHECKING:
    from mcp import Client

#: One resource may have that many parts; further ones are left out.
MAX_PARTS = 1_000


async def list_resources(client: Client) -> tuple[Resource, ...]:
    found = await all_pages(
        lambda cursor: client.list_resources(cursor=cursor, cache_mode="refresh"), lambda page: page.resources
    )
    return tuple(
        Resource(
            str(one.uri), one.name, one.title or "", one.description or "", one.mime_type or "", one.size
        )
        for one in found
    )


async def list_templates(client: Client) -> tuple[ResourceTemplate, ...]:
    found = await all_pages(
        lambda cursor: client.list_resource_templates(cursor=cursor, cache_mode="refresh"),
        lambda page: page.resource_templates,
    )
    return tuple(
        ResourceTemplate(
            one.uri_template, one.name, one.title or "", one.description or "", one.mime_type or ""
        )
        for one in found
    )


async def read_resource(client: Client, uri: str, limit: int = RESULT_LIMIT) -> list[ResourceContent]:
    """Its parts as they are now, at most `limit` bytes in all."""
    result = await client.read_resource(uri, cache_mode="refresh")
    return list(bounded(result.contents, limit))


def bounded(contents: list[Any], limit: int) -> Iterator[ResourceContent]:
    """The parts while there is room for them; a text that does not fit is cut, a file is left out."""
    room = limit
    for part in contents[:MAX_PARTS]:
        where = str(part.uri), part.mime_type or ""
        if (blob := getattr(part, "blob", None)) is not None:
            fits = len(blob) <= room
            size = len(blob) * 3 // 4 - blob[-2:].count("=")
            yield ResourceContent(*where, None, blob if fits else None, size, not fits)
            room -= len(blob) if fits else 0
        else:
            raw = part.text.encode(errors="replace")
            kept = raw[: max(room, 0)]
            text = kept.decode(errors="ignore")
            yield ResourceContent(*where, text, None, len(raw), len(kept) < len(raw))
            room -= len(kept)
