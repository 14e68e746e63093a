"""What the user trusts: in his own data directory, by folder, kind, name and content hash.

A folder can't write here and can't vouch for itself. A hash that changed is not trusted. A trust file that
can't be read, or that others may write, trusts nothing: everything asks again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from ..errors import BrokenFile
from ..stores.files import read_json, update_json, writing
from ..stores.reading import fingerprint
from ..values import isoformat, utcnow

Kind = Literal["mcp-server", "model", "prompt"]
Item = tuple[Kind, str, str]
#: How many versions of one entry stay trusted (branches switch back and forth); the oldest go.
MAX_VERSIONS = 20
NOT_OURS = "it is not a trust file this version understands. Move it away to start anew."


class TrustStore:
    """The trust file. Asking is a ``stat`` while nothing changed; several Jupyter servers may share it."""

    def __init__(self, path: Path):
        self.path = path
        self._stamp: object = ()
        self._workspaces: dict[str, Any] = {}
        self._keys: dict[Path, str] = {}  #: asked at each use of an MCP server

    def is_trusted(self, workspace: Path, kind: Kind, name: str, hash: str) -> bool:
        """Whether the user trusts exactly this content under this name in this folder."""
        return hash in self._versions(workspace, kind, name)

    def was_trusted(self, workspace: Path, kind: Kind, name: str) -> bool:
        """Whether another version was trusted: the entry changed, rather than being new."""
        return bool(self._versions(workspace, kind, name))

    def since(self, workspace: Path, kind: Kind, name: str) -> str | None:
        """When a version of it was trusted last (ISO-8601); None when none is."""
        times = [str(time) for time in self._versions(workspace, kind, name).values()]
        return max(times, default=None)

    def trust(self, workspace: Path, items: Iterable[Item]) -> None:
        """Trust each (kind, name, hash) in this folder. :class:`BrokenFile` for a broken trust file."""
        given = list(items)
        if not given:
            return
        now = isoformat(utcnow())

        def add(document: Any) -> None:
            names = _checked(document, self.path).setdefault("workspaces", {}).setdefault(_key(workspace), {})
            for kind, name, hash in given:
                versions = names.setdefault(kind, {}).setdefault(name, {})
                versions.pop(hash, None)
                versions[hash] = now
                for old in list(versions)[:-MAX_VERSIONS]:
                    del versions[old]

        self._update(add)

    def revoke(self, workspace: Path, kind: Kind, name: str) -> None:
        """Trust no version of this entry any more; nothing happens when none was trusted."""

        def remove(document: Any) -> None:
            names = _checked(document, self.path).get("workspaces", {}).get(_key(workspace), {})
            names.get(kind, {}).pop(name, None)

        if self.was_trusted(workspace, kind, name):
            self._update(remove)

    def _update(self, change: Any) -> None:
        with writing(str(self.path)):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            update_json(self.path, change)
        except (AttributeError, TypeError) as exc:
            raise BrokenFile(file=str(self.path), line=1, column=1, why=NOT_OURS) from exc
        self._stamp = ()

    def _versions(self, workspace: Path, kind: Kind, name: str) -> dict[str, str]:
        stamp = fingerprint(self.path)
        if stamp != self._stamp:
            self._workspaces, self._stamp = self._load(), stamp
        if workspace not in self._keys:
            self._keys[workspace] = _key(workspace)
        found = self._workspaces.get(self._keys[workspace], {})
        for key in (kind, name):
            found = found.get(key, {}) if isinstance(found, dict) else {}
        return found if isinstance(found, dict) else {}

    def _load(self) -> dict[str, Any]:
        try:
            status = os.stat(self.path)
            others = stat.S_IMODE(status.st_mode) & (stat.S_IWGRP | stat.S_IWOTH)
            mine = not hasattr(os, "geteuid") or status.st_uid in (os.geteuid(), 0)
            if not mine or (others and os.name == "posix"):
                return {}
            found = _checked(read_json(self.path), self.path).get("workspaces", {})
        except (OSError, BrokenFile):
            return {}
        return found if isinstance(found, dict) else {}


def _key(workspace: Path) -> str:
    return os.path.realpath(workspace)


def _checked(document: Any, path: Path) -> dict[str, Any]:
    if not isinstance(document, dict) or document.setdefault("version", 1) != 1:
        raise BrokenFile(file=str(path), line=1, column=1, why=NOT_OURS)
    return document
