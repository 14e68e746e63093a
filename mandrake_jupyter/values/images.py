"""An image as a person attaches it: told by its content, never by its name; bounded. Not decoded here or anywhere."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field

#: The type of an attachment that is an image.
IMAGE = "image"
#: Bytes of one.
MAX_IMAGE = 5_000_000
#: In one message.
MAX_IMAGES = 10


@dataclass(frozen=True)
class Image:
    """Stored with its message. `data` None: a copy of the stored image `of`."""

    id: str
    media_type: str
    data: bytes | None = field(default=None, repr=False)
    of: str | None = None


def media_type_of(data: bytes) -> str | None:
    """``image/png``, ``image/jpeg``, ``image/gif`` or ``image/webp`` by how `data` begins; None for anything else."""
    kinds: dict[str, Callable[[bytes], bool]] = {
        "image/png": lambda raw: raw.startswith(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg": lambda raw: raw.startswith(b"\xff\xd8\xff"),
        "image/gif": lambda raw: raw.startswith((b"GIF87a", b"GIF89a")),
        "image/webp": lambda raw: raw.startswith(b"RIFF") and raw[8:12] == b"WEBP",
    }
    return next((kind for kind, begins in kinds.items() if begins(data)), None)


def from_base64(text: str) -> bytes:
    """The bytes, at most one more than an image may have. Raises ``ValueError`` for what is no base64."""
    if len(text) > MAX_IMAGE * 2:
        return bytes(MAX_IMAGE + 1)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError(str(exc)) from exc
