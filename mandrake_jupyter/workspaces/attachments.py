"""What a person attaches to a message (a file, a notebook, a cell) as text for the prompt, bounded.

Reads only, and only inside the folder: hidden files, pipes, binaries and what is too large are refused in
words.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..errors import BadRequest, BrokenFile, NotFound
from ..stores.files import parse_json
from ..stores.notebook_text import cell_text, find_cell, notebook_text, size_words
from ..stores.reading import confine_visible, read_bounded, read_text_bounded, relative_name, shorten
from ..values.images import MAX_IMAGE

#: Of a larger file the first part is attached, in bytes; notebooks count after their pictures are left out.
MAX_ATTACHED = 64_000
#: A larger notebook is not read, in bytes.
MAX_NOTEBOOK = 50_000_000
KINDS = ("file", "notebook", "cell")


def read_attachment(root: Path, attachment: Any) -> str:
    """One attachment of docs/reference/wire.md as a block of text that names its path and says what was cut.

    Blocks on the disk. :class:`BadRequest`, :class:`NotFound` and :class:`Forbidden` name the path.
    """
    kind, path = _field(attachment, "type"), _field(attachment, "path")
    if kind not in KINDS:
        raise BadRequest(
            f"{shorten(kind, 40)!r} can't be attached. The type is one of: {', '.join(KINDS)}, image, resource."
        )
    found = confine_visible(root, path)
    name = relative_name(root, found)
    if kind == "file" and not name.endswith(".ipynb"):
        return _file(found, name)
    notebook = _notebook(found, name)
    try:
        if kind == "cell":
            return _cell(notebook, name, _field(attachment, "cell_id"))
        text, cut = notebook_text(notebook, max_chars=MAX_ATTACHED)
    except ValueError as exc:
        raise BadRequest(f"{name!r} can't be attached: {exc}.") from exc
    return block(f"Notebook {name}" + (", shortened" if cut else ""), text)


def read_image(root: Path, attachment: Any) -> tuple[str, bytes]:
    """The path of an image inside the folder, as people write it, and its bytes: one more than it may have at most."""
    found = confine_visible(root, _field(attachment, "path"))
    name = relative_name(root, found)
    data, more = read_bounded(found, MAX_IMAGE, name)
    return name, data + b"\0" * more


def _file(path: Path, name: str) -> str:
    text, more = read_text_bounded(path, MAX_ATTACHED, name)
    cut = f", the first {size_words(len(text.encode()))} of {size_words(path.stat().st_size)}" if more else ""
    return block(f"File {name}{cut}", text)


def _notebook(path: Path, name: str) -> Any:
    text, more = read_text_bounded(path, MAX_NOTEBOOK, name)
    if more:
        raise BadRequest(
            f"{name!r} is larger than {size_words(MAX_NOTEBOOK)}. Attach a cell's text or clear its outputs."
        )
    try:
        return parse_json(text, name)
    except BrokenFile as exc:
        raise BadRequest(f"{name!r} can't be read as a notebook: {exc}") from exc


def _cell(notebook: Any, name: str, cell_id: str) -> str:
    found = find_cell(notebook, cell_id)
    if found is None:
        raise NotFound(
            f"The notebook {name!r} has no cell with the id {shorten(cell_id, 80)!r}. Is it saved?"
        )
    text, cut = cell_text(found[1], found[0], max_source=MAX_ATTACHED // 2, max_output=MAX_ATTACHED // 4)
    return block(f"A cell of the notebook {name}" + (", shortened" if cut else ""), text)


def _field(attachment: Any, key: str) -> str:
    value = attachment.get(key) if isinstance(attachment, dict) else None
    if not isinstance(value, str) or not value:
        raise BadRequest(f'An attachment needs "{key}", as in {{"type": "file", "path": "data/x.csv"}}.')
    return value


def block(title: str, text: str) -> str:
    """The text between fences longer than any in it, so that it can't pretend to end."""
    fence = "`" * max(3, 3, *(len(run) + 1 for run in re.findall("`+", text)))
    return f"[Attached: {title}]\n{fence}\n{text}\n{fence}"
