"""``%mandrake export``: a chat becomes a file in the folder of the notebook. A file that is there is never replaced."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..client import MandrakeClient
from .words import say

FORMATS = {".md": "markdown", ".ipynb": "notebook", ".json": "json"}


def export(client: MandrakeClient, chat: Mapping[str, Any], wanted: str) -> None:
    """`wanted`: the file, its format by its ending; ``""`` is Markdown under the chat's title."""
    wanted = wanted.strip("'\"")
    suffix = Path(wanted).suffix.lower() if wanted else ".md"
    if suffix not in FORMATS:
        say(f"A chat becomes a file that ends in {', '.join(FORMATS)}, not {wanted!r}.")
        return
    name, content = client.export(str(chat["id"]), FORMATS[suffix])
    path = Path(wanted or Path(name).name).expanduser()
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        say(f"{path} is there already. Say another name: %mandrake export FILE")
    except OSError as exc:
        say(f"{path} can't be written: {exc.strerror}.")
    else:
        say(f"Saved as {path}.")
