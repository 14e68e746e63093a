"""A notebook as text that a model reads well: cells in order, with their outputs' text, everything bounded.

Pure, and careful: the JSON may come from anywhere. Pictures and widgets become a word and a size, never data.
Shared by ``workspaces`` (attachments) and ``notebook_tools``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

#: Bounds in characters: of one output, and of the whole text.
MAX_OUTPUT = 2_000
MAX_TEXT = 64_000
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


def notebook_text(
    notebook: Any, *, max_chars: int = MAX_TEXT, max_output: int = MAX_OUTPUT
) -> tuple[str, bool]:
    """The cells of an nbformat 4 notebook as text, and whether something was cut.

    :class:`ValueError` with a reason when `notebook` is none.
    """
    cells = cells_of(notebook)
    language = _language(notebook)
    written: list[str] = [f"{len(cells)} cells" + (f", language {language}" if language else "")]
    size, cut = len(written[0]), False
    for number, cell in enumerate(cells, start=1):
        text, shortened = cell_text(cell, number, max_source=max_chars, max_output=max_output)
        cut = cut or shortened
        if size + len(text) + 2 > max_chars:
            written.append(text[: max(max_chars - size, 0)])
            written.append(f"[cut here, in cell {number} of {len(cells)}]")
            return "\n\n".join(written), True
        written.append(text)
        size += len(text) + 2
    return "\n\n".join(written), cut


def cell_text(
    cell: Any, number: int, *, max_source: int = MAX_TEXT, max_output: int = MAX_OUTPUT
) -> tuple[str, bool]:
    """One cell: a line with number, type and id, its source, its outputs; and whether something was cut."""
    cell = cell if isinstance(cell, Mapping) else {}
    kind, identity, count = cell.get("cell_type"), cell.get("id"), cell.get("execution_count")
    head = f"## Cell {number} ({kind if isinstance(kind, str) else 'unknown'}"
    head += f", id {identity[:64]}" if isinstance(identity, str) else ""
    head += f", run [{count}])" if isinstance(count, int) else ")"
    source, cut = shortened(joined(cell.get("source")), max_source)
    lines = [head, source]
    outputs = cell.get("outputs") if kind == "code" else None
    for output in outputs if isinstance(outputs, list) else ():
        text, more = shortened(output_text(output), max_output)
        cut = cut or more
        if text.strip():
            lines.append(f"Output:\n{text.rstrip()}")
    return "\n".join(lines).rstrip(), cut


def output_text(output: Any) -> str:
    """The text of one output; pictures and the like as ``[image/png 12 KB]``."""
    if not isinstance(output, Mapping):
        return ""
    kind = output.get("output_type")
    if kind == "stream":
        return plain(joined(output.get("text")))
    if kind == "error":
        trace = output.get("traceback")
        lines = [plain(line) for line in trace if isinstance(line, str)] if isinstance(trace, list) else []
        last = f"{output.get('ename', 'Error')}: {output.get('evalue', '')}"
        return "\n".join([*lines[-6:], "" if lines and last.strip() in lines[-1] else last]).rstrip()
    data = output.get("data")
    return _bundle(data) if isinstance(data, Mapping) else ""


def _bundle(data: Mapping[str, Any]) -> str:
    media = [kind for kind in data if kind.startswith(("image/", "audio/", "video/"))]
    parts = [f"[{kind} {_size(data[kind])}]" for kind in media]
    for kind in ("text/markdown", "text/latex", "text/plain"):
        if kind in data:
            parts.append(plain(joined(data[kind])))
            break
    else:
        parts += [f"[{kind} {_size(data[kind])}]" for kind in data if kind not in media]
    return "\n".join(parts)


def cells_of(notebook: Any) -> list[Any]:
    """The cells of a notebook; :class:`ValueError` with a reason when it has none of the form we read."""
    cells = notebook.get("cells") if isinstance(notebook, Mapping) else None
    if isinstance(cells, list):
        return cells
    if isinstance(notebook, Mapping) and isinstance(notebook.get("worksheets"), list):
        raise ValueError(
            "it is a notebook of an old format (3 or before). Open and save it in JupyterLab first"
        )
    raise ValueError("it is not a notebook")


def find_cell(notebook: Any, cell_id: str) -> tuple[int, Any] | None:
    """The number (from 1) and the cell with this id."""
    for number, cell in enumerate(cells_of(notebook), start=1):
        if isinstance(cell, Mapping) and cell.get("id") == cell_id:
            return number, cell
    return None


def shortened(text: str, limit: int) -> tuple[str, bool]:
    """`text` with its middle cut out when it is longer than `limit` characters, and whether it was."""
    if len(text) <= limit:
        return text, False
    half = limit // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters cut …]\n{text[-half:]}", True


def joined(value: Any) -> str:
    """A multiline text of nbformat: one text, or a list of lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def plain(text: str) -> str:
    """Without terminal colours; of a line that was redrawn (a progress bar) the last state."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))


def _language(notebook: Mapping[str, Any]) -> str:
    found: Any = notebook.get("metadata")
    for key in ("kernelspec", "language"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found[:40] if isinstance(found, str) else ""


def _size(value: Any) -> str:
    text = joined(value) or json.dumps(value, default=str)
    size = (
        len(text) * 3 // 4 if isinstance(value, str) and re.match(r"[A-Za-z0-9+/\s]{64}", text) else len(text)
    )
    return size_words(size)


def size_words(size: float) -> str:
    """A size in bytes as people say it: 512 bytes, 12 KB, 3.4 MB."""
    if size < 1000:
        return "1 byte" if size == 1 else f"{int(size)} bytes"
    for unit in ("KB", "MB", "GB", "TB"):
        size /= 1000
        if size < 1000 or unit == "TB":
            break
    return f"{size:.0f} {unit}" if size >= 10 else f"{size:.1f} {unit}".replace(".0 ", " ")
