"""What the user switched off or on in files that are not ours to write: kept in his data directory, by folder.

A switch is the user's word on what a file says at that time. When the file says something else later, it has lapsed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import BrokenFile
from ..stores.files import read_json, update_json, writing
from ..stores.reading import fingerprint

NOT_OURS = "it is no file of switches that this version understands. Move it away to start anew."


class SwitchStore:
    """Asking is a ``stat`` while nothing changed; a file that can't be read has no switch in it."""

    def __init__(self, path: Path):
        self.path = path
        self._stamp: object = ()
        self._workspaces: dict[str, Any] = {}
        self._real: dict[Path, str] = {}  #: asked at each use of an MCP server

    def disabled(self, workspace: Path, file: str, name: str, disabled: bool) -> bool:
        """Whether an entry is switched off; `disabled` is what its file says."""
        stamp = fingerprint(self.path)
        if stamp != self._stamp:
            self._workspaces, self._stamp = self._load(), stamp
        found: Any = self._workspaces
        if workspace not in self._real:
            self._real[workspace] = os.path.realpath(workspace)
        for key in (self._real[workspace], file, name):
            found = found.get(key) if isinstance(found, dict) else None
        return not disabled if isinstance(found, bool) and found == disabled else disabled

    def set(self, workspace: Path, file: str, name: str, *, says: bool, disabled: bool) -> None:
        """From now on it is `disabled`, as long as its file `says` so. Raises as :func:`update_json`."""

        def change(document: Any) -> None:
            folders = document.setdefault("workspaces", {})
            names = folders.setdefault(os.path.realpath(workspace), {}).setdefault(file, {})
            if says == disabled:
                names.pop(name, None)
            else:
                names[name] = says

        with writing(str(self.path)):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            update_json(self.path, change)
        except (AttributeError, TypeError) as exc:
            raise BrokenFile(file=str(self.path), line=1, column=1, why=NOT_OURS) from exc
        self._stamp = ()

    def _load(self) -> dict[str, Any]:
        try:
            found = read_json(self.path)
        except (OSError, BrokenFile):
            return {}
        workspaces = found.get("workspaces") if isinstance(found, dict) else None
        return workspaces if isinstance(workspaces, dict) else {}
