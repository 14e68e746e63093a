"""Small JSON files of ours in the Mandrake data dir: written atomically, for their owner only. Holds no
policy.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..errors import Unavailable

LOCK_TIMEOUT = 5.0


def private_dir(path: Path) -> Path:
    """`path`, made with mode 0700 where it is missing."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def read_json(path: Path) -> dict[str, Any]:
    """The object in `path`; empty when there is no file. Raises :class:`Unavailable` when it is not
    readable JSON.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise Unavailable(f"{path} can't be read: {exc}. Repair it or move it away.") from exc
    if not isinstance(value, dict):
        raise Unavailable(f"{path} holds no JSON object. Repair it or move it away.")
    return value


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace `path` in one step, mode 0600 from its first byte."""
    private_dir(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


@contextmanager
def edited(path: Path) -> Iterator[dict[str, Any]]:
    """The object in `path`, written back at the end; two Jupyter servers of one user take turns."""
    private_dir(path.parent)
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=LOCK_TIMEOUT, mode=0o600):
            value = read_json(path)
            yield value
            write_json(path, value)
    except Timeout as exc:
        raise Unavailable(f"{path} is in use by another Jupyter server. Try again.") from exc
