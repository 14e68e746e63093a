"""A private directory for the demo model's unix socket: short, for its owner only, swept when its maker
died.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from ..errors import Unavailable

PREFIX = "mandrake-model-"
#: Bytes a unix socket's path may have on every system we run on.
MAX_PATH = 100
#: Seconds a new room is left alone: its maker may not have locked it yet.
NEW = 60.0


class Room:
    """Holds a lock on its directory for as long as this process lives; `close` removes it."""

    def __init__(self) -> None:
        base = _base()
        _sweep(base)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        self._lock = _locked(self.path)

    @property
    def socket(self) -> str:
        # The library takes an address for a unix socket by this ending.
        return str(self.path / "m.sock")

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _base() -> Path:
    places = [os.environ.get("XDG_RUNTIME_DIR") or "", tempfile.gettempdir(), "/tmp"]  # noqa: S108 (made private)
    for place in places:
        if place and len(place) + len(PREFIX) + 12 < MAX_PATH and os.access(place, os.W_OK | os.X_OK):
            return Path(place)
    raise Unavailable("No directory with a short path was found for the demo model's socket.")


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock of the room, None when somebody else does."""
    import fcntl

    handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _sweep(base: Path) -> None:
    """Remove the rooms of processes that were killed."""
    for path in base.glob(f"{PREFIX}*"):
        with suppress(OSError):
            seen = path.lstat()
            if seen.st_uid != os.getuid() or path.is_symlink() or time.time() - seen.st_mtime < NEW:
                continue
            if (lock := _locked(path)) is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(lock)
