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
    """`own` is this server's uuid. The lock is taken by ``hold`` at first use and freed by ``release``.

    A lock is of use only as long as others find it: its file may be removed or replaced (``intact``), and is then to be
    taken again under the same uuid (``keep``), before another server takes this one for dead.
    """

    remedy = "Leave the folder 'instances' of the data dir alone while a Jupyter server runs. If this stays, restart this one."

    def __init__(self, folder: Path, own: str | None = None) -> None:
        from filelock import FileLock

        self.own = own or str(uuid4())
        self._folder = folder
        self._lock = FileLock(self._path(self.own), thread_local=False)
        self._file: tuple[int, int] | None = None

    def hold(self) -> None:
        """Raises :class:`StoreUnavailable` when the folder can't be written."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire(timeout=OWN_LOCK, poll_interval=0.01)
            self._file = self._there()
        except OSError as exc:
            raise StoreUnavailable(why=str(exc)) from exc

    def release(self) -> None:
        intact = self.intact()
        self._lock.release()
        if intact:
            self._path(self.own).unlink(missing_ok=True)

    def intact(self) -> bool:
        """Whether the file that others look at is the one that is locked."""
        return self._file is not None and self._there() == self._file

    def keep(self) -> bool:
        """Have the lock, also where it was lost; False when somebody else has it, or it can't be made."""
        from filelock import FileLock

        if self.intact():
            return True
        lock = FileLock(self._path(self.own), thread_local=False)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except OSError:  # filelock's Timeout is one, too
            return False
        lost, self._lock, self._file = self._lock, lock, self._there()
        lost.release()
        return True

    def _there(self) -> tuple[int, int] | None:
        try:
            found = self._path(self.own).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

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
