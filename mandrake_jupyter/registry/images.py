"""An image that a person attaches: a file of the project, or one he pasted. Refused in words when it is none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest
from ..values import JSON
from ..values.images import IMAGE, MAX_IMAGE, from_base64, media_type_of

if TYPE_CHECKING:
    from ..workspaces.workspace import WorkspaceManager

LONGEST_NAME = 200


async def read_image(manager: WorkspaceManager, item: JSON) -> Mapping[str, Any]:
    """The attachment with its bytes as ``data``. Raises BadRequest, NotFound, Forbidden."""
    if ("path" in item) == ("data" in item):
        raise BadRequest(
            'An image needs either "path", as in {"type": "image", "path": "plots/a.png"}, or "name" and "data" in base64.'
        )
    if "path" in item:
        name, data = await asyncio.to_thread(manager.read_image, item)
        return attached(name, data)
    name, text = item.get("name", "image"), item["data"]
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME or not name.isprintable():
        raise BadRequest(f"The name of an image is one line of at most {LONGEST_NAME} characters.")
    if not isinstance(text, str):
        raise BadRequest('The "data" of an image is a text in base64.')
    try:
        data = await asyncio.to_thread(from_base64, text)
    except ValueError:
        raise BadRequest(f'The "data" of the image {name!r} is not base64.') from None
    return attached(name.strip(), data)


def attached(name: str, data: bytes) -> Mapping[str, Any]:
    if len(data) > MAX_IMAGE:
        raise BadRequest(
            f"The image {name!r} is larger than {MAX_IMAGE // 1_000_000} MB. Attach a smaller one."
        )
    if not data:
        raise BadRequest(f"The image {name!r} is empty.")
    media_type = media_type_of(data)
    if media_type is None:
        raise BadRequest(f"{name!r} is no PNG, JPEG, GIF or WebP image.")
    return {"type": IMAGE, "name": name, "media_type": media_type, "size": len(data), "data": data}
