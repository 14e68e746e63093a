"""A chat as a notebook (nbformat 4.5): what was said as Markdown, each fenced Python block as a cell that runs."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from ...stores.rows import Message, RunRow, SessionRow
from .fences import Code, inline
from .words import PYTHON, as_text, body, clean, heading

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def as_notebook(
    session: SessionRow, said: Sequence[tuple[Message, RunRow]], images: Mapping[str, bytes]
) -> str:
    """A block that was not finished is shown and does not run."""
    cells = [_markdown("chat", f"# {inline(clean(session.name))}")]
    for message, run in said:
        cells += _cells(message, run, images)
    return json.dumps({"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def _cells(message: Message, run: RunRow, images: Mapping[str, bytes]) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = []
    text = [heading(message, run)]

    def end_text() -> None:
        if text:
            cells.append(_markdown(f"{message.id}-{len(cells)}", "\n\n".join(text)))
            text.clear()

    for block in body(message, run):
        if isinstance(block, Code) and block.closed and block.language in PYTHON:
            if block.text.strip():
                end_text()
                cells.append(_code(f"{message.id}-{len(cells)}", block.text))
        else:
            text.append(as_text(block))
    shown = [one for one in message.attachments if one.get("type") == "image" and one.get("id") in images]
    text += [f"![{inline(clean(str(one.get('name') or 'image')))}](attachment:{one['id']})" for one in shown]
    attached = {one["id"]: {one["media_type"]: b64encode(images[one["id"]]).decode("ascii")} for one in shown}
    end_text()
    if attached:
        cells[-1]["attachments"] = attached
    return cells


def _markdown(cell_id: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": text.splitlines(True)}


def _code(cell_id: str, text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": {},
        "outputs": [],
        "source": text.splitlines(True),
    }
