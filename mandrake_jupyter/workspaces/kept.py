"""What was trusted, as it was shown: kept so that a change can be shown as a difference.

One small file for each entry, in the user's data directory, for him alone; it holds no secret (``masking``) and goes
with the trust. Where it can't be kept or read, a change is told without its difference.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import MandrakeError
from ..stores.files import read_json, write_json_atomic
from ..values import content_hash
from .masking import MAX_LINES, Tagger

#: Characters of all lines that are kept of one entry, and the files.
MAX_KEPT, MAX_FILES = 128_000, 20

Lines = Mapping[str | None, Sequence[str]]


@dataclass(frozen=True)
class Kept:
    """The lines of an entry (None) and of its files, and what their tags were made with."""

    salt: bytes
    lines: Lines


class KeptStore:
    """`folder` is made by the first thing to keep."""

    def __init__(self, folder: Path):
        self._folder = folder

    def keep(self, workspace: Path, kind: str, name: str, render: Callable[[Tagger], Lines]) -> None:
        """Keep what `render` says, in the place of what was kept before."""
        salt = secrets.token_bytes(16)
        entry: list[str] = []
        files: dict[str, list[str]] = {}
        left = MAX_KEPT
        for file, given in render(Tagger(salt)).items():
            kept: list[str] = []
            for line in given[: MAX_LINES + 1]:
                left -= len(line) + 1
                if left > 0:
                    kept.append(line)
            if file is None:
                entry = kept
            elif len(files) < MAX_FILES:
                files[file] = kept
        value = {"version": 1, "salt": salt.hex(), "entry": entry, "files": files}
        with contextlib.suppress(OSError, MandrakeError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_json_atomic(self._path(workspace, kind, name), value)

    def get(self, workspace: Path, kind: str, name: str) -> Kept | None:
        try:
            found = read_json(self._path(workspace, kind, name))
            files: dict[str | None, list[str]] = {
                str(file): _texts(lines) for file, lines in found["files"].items()
            }
            return Kept(bytes.fromhex(found["salt"]), {None: _texts(found["entry"]), **files})
        except (OSError, MandrakeError, AttributeError, KeyError, TypeError, ValueError):
            return None

    def forget(self, workspace: Path, kind: str, name: str) -> None:
        with contextlib.suppress(OSError):
            self._path(workspace, kind, name).unlink(missing_ok=True)

    def _path(self, workspace: Path, kind: str, name: str) -> Path:
        return self._folder / f"{content_hash([os.path.realpath(workspace), kind, name])[:40]}.json"


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise TypeError("no list of texts")
    return value
