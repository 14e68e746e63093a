"""The files of a workspace: what can be listed, and text read from them with bounds.

The rules of reading (confinement, pipes, binaries, hidden files) are those of ``stores.reading``, re-exported
here for the rooms above. Nothing is written.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from ..errors import BadRequest, Forbidden, NotFound
from ..stores.reading import confine, confine_visible, read_text_bounded, relative_name
from ..values import JSON

__all__ = ["FileEntry", "confine", "confine_visible", "list_files", "read_text_bounded", "relative_name"]

#: A folder with more entries than this is listed in part, in no order.
MAX_SCANNED = 20_000


@dataclass(frozen=True)
class FileEntry:
    """One line of a listing: `path` in the project, `kind` (folder, notebook, file), `size` in bytes."""

    name: str
    path: str
    kind: str
    size: int | None

    def as_json(self) -> JSON:
        return asdict(self)


def list_files(root: Path, relative: str = "", limit: int = 500) -> tuple[list[FileEntry], bool]:
    """One folder's files and folders, folders first, and whether there are more than `limit`.

    Hidden ones are left out, and so is what is neither (pipes, sockets) and links that lead out of the
    project. :class:`NotFound`, :class:`BadRequest` and :class:`Forbidden` name the path.
    """
    folder = confine_visible(root, relative)
    shown = relative_name(root, folder)
    found: list[FileEntry] = []
    try:
        with os.scandir(folder) as scan:
            scanned = list(islice(scan, MAX_SCANNED + 1))
    except FileNotFoundError as exc:
        raise NotFound(f"There is no folder {shown!r}.") from exc
    except NotADirectoryError as exc:
        raise BadRequest(f"{shown!r} is a file, not a folder.") from exc
    except PermissionError as exc:
        raise Forbidden(f"You have no permission to list {shown!r}.") from exc
    for item in scanned[:MAX_SCANNED]:
        entry = _entry(root, item, shown)
        if entry is not None:
            found.append(entry)
    found.sort(key=lambda entry: (entry.kind != "folder", entry.name.lower(), entry.name))
    return found[: max(limit, 0)], len(found) > limit or len(scanned) > MAX_SCANNED


def _entry(root: Path, item: os.DirEntry[str], parent: str) -> FileEntry | None:
    path = item.name if parent == "." else f"{parent}/{item.name}"
    try:
        path.encode()
        confine_visible(root, path)
        if item.is_dir():
            return FileEntry(item.name, path, "folder", None)
        if item.is_file():
            kind = "notebook" if item.name.endswith(".ipynb") else "file"
            return FileEntry(item.name, path, kind, item.stat().st_size)
    except (BadRequest, Forbidden, OSError, UnicodeEncodeError):
        pass
    return None
