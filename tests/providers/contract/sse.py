"""Server-sent events as bytes, and the scenarios that every provider is put through, in words of none of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

#: Two bytes each, in and out of pieces of seven.
WORDS = ("Größe: ", "naïve ", "☃ ", "done.")


def event(data: Any, name: str = "", newline: str = "\n") -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    named = f"event: {name}{newline}" if name else ""
    return f"{named}data: {text}{newline}{newline}".encode()


@dataclass
class Say:
    """What a model says in one answer. `calls` are (id, name, pieces of the arguments)."""

    text: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    signature: str = ""
    calls: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    finish: str = "stop"
    usage: tuple[int, int, int] = field(default=(25, 15, 5))  #: input in all, output, read from a cache


class Dialect(Protocol):
    """How one provider says it."""

    name: str
    kind: Any
    model: str
    path: str

    def base(self, url: str) -> str: ...
    def answer(self, say: Say) -> bytes:
        """A whole stream."""

    def unfinished(self, say: Say) -> bytes:
        """The same, as far as it was written when something broke: no end of the last block, no finish, no usage."""

    def trouble(self) -> bytes:
        """An overload that is told in the stream."""

    def error(self, status: int) -> Any:
        """The JSON body of a refusal."""

    def images(self, body: Any) -> list[tuple[str, str]]:
        """(media type, base64) of the images of the request's last message."""
