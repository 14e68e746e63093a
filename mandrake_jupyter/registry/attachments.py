"""What a person attaches to a message, as text for the prompt: files of the project, resources of its MCP servers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest
from ..values import JSON
from ..values.images import IMAGE, MAX_IMAGES
from .images import read_image
from .sessions import relative_notebook

if TYPE_CHECKING:
    from ..servers.offered import ResourceContent
    from .registry import ServiceRegistry

RESOURCE = "resource"
#: In one message.
MAX_ATTACHMENTS = 100
#: What is kept of a file, a notebook or a cell; what else was sent with it is not stored.
KEPT = ("type", "path", "cell_id")
#: Characters of its fields.
LONGEST = {"server": 200, "uri": 2_000, "name": 200}


async def read_attachments(
    registry: ServiceRegistry, workspace: str, given: Sequence[JSON], session_id: str = ""
) -> list[Mapping[str, Any]]:
    """Each with its ``text``, as the model is to read it, now; an image with its bytes.

    Raises BadRequest and NotFound that name what can't be attached, NotTrusted and the errors of a start.
    """
    if len(given) > MAX_ATTACHMENTS:
        raise BadRequest(f"A message takes at most {MAX_ATTACHMENTS} attachments.")
    if sum(item.get("type") == IMAGE for item in given) > MAX_IMAGES:
        raise BadRequest(f"A message takes at most {MAX_IMAGES} images.")
    manager = await registry.get_workspace_manager(workspace)
    read: list[Mapping[str, Any]] = []
    for item in given:
        if item.get("type") == RESOURCE:
            read.append(await _resource(registry, workspace, item, session_id))
        elif item.get("type") == IMAGE:
            read.append(await read_image(manager, item))
        else:
            text = await asyncio.to_thread(manager.read_attachment, item)
            kept = {field: item[field] for field in KEPT if field in item}
            read.append({**kept, "path": relative_notebook(item["path"], manager.root), "text": text})
    return read


async def _resource(
    registry: ServiceRegistry, workspace: str, item: JSON, session_id: str
) -> Mapping[str, Any]:
    server, uri = _field(item, "server"), _field(item, "uri")
    name = _field(item, "name") if item.get("name") is not None else ""
    async with registry.get_mcp_manager_for_request(workspace) as manager:
        contents = await (await manager.offers(server, session_id)).read(uri)
    kept = {"type": RESOURCE, "server": server, "uri": uri} | ({"name": name} if name else {})
    return {**kept, "text": await asyncio.to_thread(resource_text, server, uri, contents)}


def resource_text(server: str, uri: str, contents: Sequence[ResourceContent]) -> str:
    """Its texts as one block, bounded as a file is; a part that is no text is named. Raises BadRequest without any text."""
    from ..stores.notebook_text import size_words
    from ..workspaces.attachments import MAX_ATTACHED, block

    texts = [part.text for part in contents if part.text is not None]
    files = [part for part in contents if part.text is None]
    if files and not texts:
        what = files[0].mime_type or "a file"
        raise BadRequest(f'The resource "{uri}" of the MCP server "{server}" is no text ({what}).')
    words = [f"[a part that is no text: {file.mime_type or 'of unknown type'}]" for file in files]
    raw = "\n".join([*texts, *words]).encode(errors="replace")
    size = sum(part.size for part in contents if part.text is not None)
    shown = raw[:MAX_ATTACHED].decode(errors="ignore")
    more = len(raw) > MAX_ATTACHED or any(part.truncated for part in contents if part.text is not None)
    cut = f", the first {size_words(len(shown.encode()))} of {size_words(size)}" if more else ""
    return block(f"Resource {uri} of the MCP server {server}{cut}", shown)


def _field(item: JSON, key: str) -> str:
    value = item.get(key)
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > LONGEST[key]
        or not value.isprintable()
    ):
        raise BadRequest(
            f'A resource needs "{key}" of at most {LONGEST[key]:,} characters, as in '
            '{"type": "resource", "server": "notes", "uri": "note://today"}.'
        )
    return value
