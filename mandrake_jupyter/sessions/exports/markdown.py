"""A chat as one Markdown document: a heading for each message, its words, its tools and what they answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...stores.rows import Message, RunRow, SessionRow
from .fences import inline
from .words import as_text, body, clean, heading


def as_markdown(
    session: SessionRow, said: Sequence[tuple[Message, RunRow]], images: Mapping[str, bytes]
) -> str:
    """Images are named, not shown."""
    blocks = [f"# {inline(clean(session.name))}"]
    for message, run in said:
        blocks += [heading(message, run), *(as_text(block) for block in body(message, run))]
    return "\n\n".join(blocks) + "\n"
