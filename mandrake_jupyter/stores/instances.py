"""Which Jupyter servers live: each holds a lock on ``instances/<uuid>.lock`` that the system frees at its death.

Whoever finds the lock of a dead one removes it, while it holds it, so that a server that is just starting is never mistaken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from ..errors import StoreUnavailable

SUFFIX = ".lock"
#: Seconds to wait for one's own lock: another server may be looking at it in this moment.
OWN_LOCK = 5.0


class Instances:
    """`own` is this server's uuid. The lock is taken by ``hold`` at first use and freed by ``release``."""

    def __init__(self, folder: Path) -> None:
        from filelock import FileLock

        self.own = str(uuid4())
        self._folder = folder
        self._lock = FileLock(self._path(self.own), thread_local=False)

    def hold(self) -> None:
        """Raises :class:`StoreUnavailable` when the folder can't be written."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire(timeout=OWN_LOCK, poll_interval=0.01)
        except OSError as exc:
            raise StoreUnavailable(why=str(exc)) from exc

    def release(self) -> None:
        self._lock.release()
        self._path(self.own).unlink(missing_ok=True)

    async def alive(self, instance: str) -> bool:
        """Whether that server still holds its lock. The lock file of a dead one is removed."""
        return instance == self.own or await asyncio.to_thread(_held, self._path(instance))

    def _path(self, instance: str) -> Path:
        return self._folder / f"{instance}{SUFFIX}"


def found(folder: Path) -> list[Path]:
    """The locks that lie in `folder`: of living Jupyter servers, and of those that were killed. One look, no import."""
    try:
        return [path for path in folder.iterdir() if path.suffix == SUFFIX]
    except OSError:
        return []


def sweep(locks: Iterable[Path]) -> int:
    """Removes those of dead Jupyter servers; how many there were."""
    return sum(not _held(path) for path in locks)


def _held(path: Path) -> bool:
    from filelock import FileLock, Timeout

    if not path.exists():
        return False
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    path.unlink(missing_ok=True)
    lock.release()
    return False
