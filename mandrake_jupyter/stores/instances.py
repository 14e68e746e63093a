"""Which Jupyter servers live: each holds a lock on ``instances/<uuid>.lock`` that the system frees at its death."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

from ..errors import StoreUnavailable


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
            self._lock.acquire(timeout=0)
        except OSError as exc:
            raise StoreUnavailable(why=str(exc)) from exc

    def release(self) -> None:
        self._lock.release()
        self._path(self.own).unlink(missing_ok=True)

    async def alive(self, instance: str) -> bool:
        """Whether that server still holds its lock. The lock file of a dead one is removed."""
        return instance == self.own or await asyncio.to_thread(self._held, instance)

    def _held(self, instance: str) -> bool:
        from filelock import FileLock, Timeout

        path = self._path(instance)
        if not path.exists():
            return False
        lock = FileLock(path, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        path.unlink(missing_ok=True)
        return False

    def _path(self, instance: str) -> Path:
        return self._folder / f"{instance}.lock"
