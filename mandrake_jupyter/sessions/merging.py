"""Text that was shown in many small events, held in few: what a reader who comes later is given instead of them.

A merged event has the offset of its first one and the seq of its last, so that it also suits whoever has seen a part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..stores.replaying import PIECE
from ..values import Event

TEXT = frozenset({"token", "reasoning"})
#: About what an event takes beside its content, in bytes.
EVENT = 600


def weight(event: Event) -> int:
    """About how many bytes of memory an event takes, its wire form with it."""
    if event.type not in TEXT:
        return EVENT + 2 * len(event.line)
    content = event.data["content"]
    return EVENT + len(content) * (2 if content.isascii() else 8)


def merged(events: Iterable[Event]) -> Iterator[Event]:
    """`events` with neighbours of one text part made one, of at most `PIECE` characters."""
    group: list[Event] = []
    size = 0
    for event in events:
        length = len(event.data["content"]) if event.type in TEXT else 0
        if group and not (_adjoin(group[-1], event) and size + length <= PIECE):
            yield _one(group)
            group, size = [], 0
        group.append(event)
        size += length
    if group:
        yield _one(group)


def _adjoin(one: Event, other: Event) -> bool:
    if one.type not in TEXT or other.type != one.type or other.data["part"] != one.data["part"]:
        return False
    return bool(other.data["offset"] == one.data["offset"] + len(one.data["content"]))


def _one(group: list[Event]) -> Event:
    if len(group) == 1:
        return group[0]
    content = "".join(event.data["content"] for event in group)
    return replace(group[-1], data={**group[0].data, "content": content})
