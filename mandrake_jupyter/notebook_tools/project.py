"""The project's files and notebooks, read through Jupyter's contents manager, safely in untrusted folders.

The contents manager may be any (local files, Hub storage, jupytext). What lies on the local disk is checked
first: links out of the folder, hidden files, pipes and devices are refused before the manager would open
them.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from ..errors import BadRequest, Forbidden, MandrakeError, NotFound
from ..stores.notebook_text import cells_of, size_words
from ..stores.reading import as_text, confine_visible, is_hidden, read_bounded, relative_name, shorten
from ..values import JSON

#: Of a larger text file on the local disk this much can be read, in bytes; of one elsewhere nothing.
MAX_FILE = 4_000_000
#: A larger notebook is not read, in bytes.
MAX_NOTEBOOK = 50_000_000


class ProjectFiles:
    """The files below `root`, read through `contents_manager`."""

    def __init__(self, root: Path, contents_manager: Any):
        self.root = Path(os.path.realpath(root))
        self._contents = contents_manager

    async def list(self, path: str) -> tuple[str, list[JSON]]:
        """The folder's name and its entries (contents models), folders first; errors name the path."""
        name, _ = await self._checked(path, folder=True)
        model = await self._get(name, type="directory")
        entries = await asyncio.to_thread(
            lambda: [entry for entry in model["content"] if self._listed(entry["path"])]
        )
        entries.sort(key=lambda entry: (entry["type"] != "directory", entry["name"].lower()))
        return name, entries

    async def text(self, path: str) -> tuple[str, str, bool]:
        """A text file's name, its text, whether it goes on after :data:`MAX_FILE`; errors name the path."""
        name, local = await self._checked(path)
        size = (await self._get(name, content=False)).get("size")
        if local is not None and (size is None or size > MAX_FILE):
            raw, more = await asyncio.to_thread(read_bounded, local, MAX_FILE, name)
            return name, as_text(raw, more, name), more
        if size is not None and size > MAX_FILE:
            raise BadRequest(
                f"{name!r} is {size_words(size)}, more than the {size_words(MAX_FILE)} that can be read."
            )
        content = (await self._get(name, type="file"))["content"]
        if not isinstance(content, str) or "\0" in content:
            raise BadRequest(f"{name!r} is a binary file, not text.")
        return name, content, False

    async def notebook(self, path: str) -> tuple[str, Any]:
        """A notebook's name and its content, as last saved; errors name the path."""
        name, _ = await self._checked(path)
        size = (await self._get(name, content=False)).get("size")
        if size is not None and size > MAX_NOTEBOOK:
            raise BadRequest(
                f"{name!r} is {size_words(size)}, more than the {size_words(MAX_NOTEBOOK)} that can be read."
            )
        content = (await self._get(name, type="notebook"))["content"]
        try:
            cells_of(content)
        except ValueError as exc:
            raise BadRequest(f"{name!r} can't be read: {exc}.") from exc
        return name, content

    def from_server(self, path: str) -> str:
        """A path of the browser's (below the server's root, maybe with a drive) as one of the project."""
        path = re.sub(r"^[A-Za-z]\w+:(?!//)", "", path).strip("/")
        return path.removeprefix(f"{self._prefix()}/")

    async def _checked(self, path: str, folder: bool = False) -> tuple[str, Path | None]:
        """`path` as a name inside the project, and where it is on the local disk, if it is there."""
        try:
            return await asyncio.to_thread(self._check, path, folder)
        except OSError as exc:
            why = exc.strerror or type(exc).__name__
            raise BadRequest(f"{shorten(path)!r} can't be read: {why}.") from exc

    def _check(self, path: str, folder: bool) -> tuple[str, Path | None]:
        found = confine_visible(self.root, path if Path(path).is_relative_to(self.root) else path.lstrip("/"))
        name = relative_name(self.root, found)
        if found.is_dir() and not folder:
            raise BadRequest(f"{name!r} is a folder. Use list_files to see what is in it.")
        if found.exists() and not found.is_dir():
            if folder:
                raise BadRequest(f"{name!r} is a file, not a folder. Use read_file to read it.")
            read_bounded(found, 0, name)
        return name, found if found.exists() else None

    def _listed(self, path: str) -> bool:
        name = path.strip("/").removeprefix(f"{self._prefix()}/")
        try:
            confine_visible(self.root, name)
        except MandrakeError:
            return False
        return not is_hidden(name)

    async def _get(self, name: str, **options: Any) -> JSON:
        async with _in_our_words(name):
            path = f"{self._prefix()}/{'' if name == '.' else name}".strip("/")
            model: JSON = await ensure_async(self._contents.get(path, **options))
            return model

    def _prefix(self) -> str:
        """Where the project is below the contents manager's root: "" unless it is a folder in it."""
        top = getattr(self._contents, "root_dir", None)
        base = Path(os.path.realpath(top)) if isinstance(top, str) and top else self.root
        if self.root == base or not self.root.is_relative_to(base):
            return ""
        return self.root.relative_to(base).as_posix()


@asynccontextmanager
async def _in_our_words(name: str) -> AsyncIterator[None]:
    shown = repr(shorten(name))
    try:
        yield
    except HTTPError as exc:
        if exc.status_code == 404:
            raise NotFound(
                f"There is no {shown} in the project. Use list_files to see what there is."
            ) from exc
        if exc.status_code == 403:
            raise Forbidden(f"You have no permission to read {shown}.") from exc
        why = shorten(str(exc.log_message or exc.reason or exc), 300)
        raise BadRequest(f"{shown} can't be read: {why}.") from exc
    except OSError as exc:
        raise BadRequest(f"{shown} can't be read: {exc.strerror or exc}.") from exc
