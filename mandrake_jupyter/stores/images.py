"""The bytes of images, once each, beside the message they were attached to; they go when it goes."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import insert, literal, select
from sqlalchemy.engine import Connection

from ..errors import ImageNotFound
from .database import Database
from .replacing import NOT_ASIDE
from .rows import Message
from .tables import images, messages, runs


def put_images(db: Connection, message: Message) -> None:
    for image in message.images:
        row = {"id": image.id, "message_id": message.id, "media_type": image.media_type}
        if image.data is not None:
            db.execute(insert(images).values(**row, data=image.data))
        else:
            own = select(*(literal(value) for value in row.values()), images.c.data)
            copy = insert(images).from_select([*row, "data"], own.where(images.c.id == image.of))
            db.execute(copy)


async def load_images(database: Database, ids: Collection[str]) -> dict[str, bytes]:
    """id → bytes of those that are there."""
    if not ids:
        return {}
    async with database.read() as db:
        found = await db.execute(select(images.c.id, images.c.data).where(images.c.id.in_(ids)))
        return {row.id: row.data for row in found}


async def get_image(database: Database, session_id: str, image_id: str) -> tuple[str, bytes]:
    """Media type and bytes of an image of that session. Raises ImageNotFound, also while its message is deleted and may come
    back."""
    query = (
        select(images.c.media_type, images.c.data)
        .join(messages, messages.c.id == images.c.message_id)
        .join(runs, runs.c.id == messages.c.run_id)
        .where(messages.c.session_id == session_id, images.c.id == image_id, NOT_ASIDE)
    )
    async with database.read() as db:
        found = (await db.execute(query)).one_or_none()
    if found is None:
        raise ImageNotFound(image=image_id)
    return found.media_type, found.data
