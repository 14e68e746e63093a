"""A chat as a file, from its store alone: no model, MCP server or project is asked, so it works while any of them is down."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import BadRequest
from ..values import SessionKey
from ..values.file_names import file_name
from ..values.images import IMAGE

if TYPE_CHECKING:
    from ..stores.rows import Message
    from .registry import ServiceRegistry

#: Bytes of images that go into one file, the first ones first; further ones are named only.
MOST_IMAGES = 100_000_000


@dataclass(frozen=True)
class ExportedFile:
    name: str
    content_type: str
    content: bytes


async def export_chat(
    registry: ServiceRegistry, workspace_id: str, session_id: str, format: str
) -> ExportedFile:
    """An answer at work is in it as far as it was shown. Raises BadRequest for an unknown `format`, SessionNotFound."""
    from ..sessions import shown
    from ..sessions.exports import FORMATS
    from ..stores.images import load_images

    if (wanted := FORMATS.get(format)) is None:
        raise BadRequest(f"format must be one of {', '.join(FORMATS)}, not {format!r:.40}.")
    services = await registry.initialize_services()
    own = (await registry.workspace_row(workspace_id)).id
    row = await services.sessions.get(own, session_id)
    held = registry.coordinator(SessionKey(own, row.id))
    live = {run.id: run for run in held.runs} if held else {}
    said = await shown.rows(services.runs, row.id, live, replaced=wanted.whole)
    images = await load_images(services.database, _chosen(message for message, _ in said))
    content = await asyncio.to_thread(lambda: wanted.render(row, said, images).encode("utf-8", "replace"))
    return ExportedFile(file_name(row.name, wanted.suffix), wanted.content_type, content)


def _chosen(messages: Iterable[Message]) -> list[str]:
    """Ids of the images that find room."""
    room, ids = MOST_IMAGES, []
    for one in (one for message in messages for one in message.attachments if one.get("type") == IMAGE):
        if one["size"] <= room:
            room -= one["size"]
            ids.append(one["id"])
    return ids
