"""A chat as a file to keep or to hand on: Markdown to read, a notebook to run, JSON with everything.

Pure functions of stored rows: nothing here asks a model, reads a file or knows where anything lies. What was said may be
anything; whatever it is, the file keeps its form, and what one message says can't pass for another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...stores.rows import Message, RunRow, SessionRow
from .as_json import as_json
from .markdown import as_markdown
from .notebook import as_notebook

__all__ = ["FORMATS", "Format", "Said"]

#: Messages with their runs, oldest first.
Said = Sequence[tuple[Message, RunRow]]


@dataclass(frozen=True)
class Format:
    """`render` is given the bytes of images by their id. `whole`: it is given replaced messages, too."""

    suffix: str
    content_type: str
    render: Callable[[SessionRow, Said, Mapping[str, bytes]], str]
    whole: bool = False


FORMATS: Mapping[str, Format] = {
    "markdown": Format(".md", "text/markdown; charset=UTF-8", as_markdown),
    "json": Format(".json", "application/json", as_json, whole=True),
    "notebook": Format(".ipynb", "application/x-ipynb+json", as_notebook),
}
