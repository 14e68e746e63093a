"""Images of a chat: kept apart from their message when it is posted, and given to models that may take them.

A model that takes none is told of those of earlier turns in words; one in the question itself is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from ..errors import ModelTakesNoImages
from ..providers.base import ImagePart
from ..stores.database import Database
from ..stores.images import load_images
from ..stores.rows import Message
from ..values.images import IMAGE, Image
from .seams import ResolvedModel

#: Bytes of the images of one request: the newest ones, as many as fit. Providers refuse requests that are much larger.
MAX_SHOWN = 20_000_000
Attachment = Mapping[str, Any]


def kept_apart(question: Message) -> Message:
    """`question` with its attachments as they are stored, and the bytes of its images in ``images``.

    An image without bytes is one that was stored before, with another message: it is copied under an id of its own."""
    attachments: list[Attachment] = []
    images: list[Image] = []
    for item in question.attachments:
        if item.get("type") != IMAGE:
            attachments.append(item)
            continue
        data, own = item.get("data"), str(uuid4())
        images.append(Image(own, item["media_type"], data, None if data is not None else item["id"]))
        attachments.append({**{k: v for k, v in item.items() if k != "data"}, "id": own})
    return replace(question, attachments=tuple(attachments), images=tuple(images))


async def shown_images(
    database: Database, model: ResolvedModel, messages: Iterable[Message]
) -> Mapping[str, bytes]:
    """The bytes of the images that `model` is shown with `messages` (oldest first), by their id.

    Raises ModelTakesNoImages where the newest question has one and the model is known to take none."""
    asked = [message for message in messages if message.role == "user"]
    if model.images is False:
        if asked and images_of(asked[-1].attachments):
            raise ModelTakesNoImages(model=model.model)
        return {}
    room, chosen = MAX_SHOWN, []
    for item in reversed([item for message in asked for item in images_of(message.attachments)]):
        room -= item["size"]
        if room < 0:
            break
        chosen.append(item["id"])
    return await load_images(database, chosen)


def images_of(attachments: Iterable[Attachment]) -> list[Attachment]:
    return [item for item in attachments if item.get("type") == IMAGE]


def as_parts(
    attachments: Sequence[Attachment], images: Mapping[str, bytes]
) -> tuple[list[str], tuple[ImagePart, ...]]:
    """What the model is told of them, a line each, and those that it is shown."""
    told, shown = [], []
    for item in images_of(attachments):
        if (data := images.get(item["id"])) is not None:
            told.append(f"[Attached: Image {item['name']}]")
            shown.append(ImagePart(item["media_type"], data))
        else:
            told.append(f"[An image was attached here that is not shown to you: {item['name']}]")
    return told, tuple(shown)
