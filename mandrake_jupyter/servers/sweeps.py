"""What dead owners left on something that all places share, as an engine: swept at its first use, and then now and again.

What nobody here ever used is never asked, nor imported. One for all projects of a Jupyter server.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..lifecycle.supervisor import Supervisor
from ..provisioners.base import Provisioner, Swept

#: Seconds for which a first start waits for it; it goes on beyond that.
WAIT = 3.0

Told = Callable[[str], None]

_log = logging.getLogger("mandrake_jupyter")


class Sweeps:
    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._used: dict[type[Provisioner], bool] = {}  #: whether it was swept at least once
        self._left: dict[type[Provisioner], int] = {}
        self._tasks: dict[type[Provisioner], asyncio.Task[None]] = {}

    async def first(self, kind: type[Provisioner], told: Told) -> None:
        """Before one starts there: nothing, but for the first time. Until it is done or took too long."""
        if not self._used.setdefault(kind, False):
            await asyncio.wait([self._begin(kind, told)], timeout=WAIT)

    def again(self) -> None:
        """Of all that is in use here. Returns at once; what hangs is not asked a second time meanwhile."""
        for kind in self._used:
            self._begin(kind, _log.info)

    def _begin(self, kind: type[Provisioner], told: Told) -> asyncio.Task[None]:
        task = self._tasks.get(kind)
        if task is None or task.done():
            task = self._supervisor.spawn("sweep of containers", self._sweep(kind, told))
            self._tasks[kind] = task
        return task

    async def _sweep(self, kind: type[Provisioner], told: Told) -> None:
        swept = await kind.sweep_all()
        if swept is None:
            return
        self._used[kind] = True
        if swept.ended:
            told(f"ended what a killed Jupyter server had left: {_containers(swept.ended)}")
        self._say_left(kind, swept, told)

    def _say_left(self, kind: type[Provisioner], swept: Swept, told: Told) -> None:
        """Once, and when they are more."""
        if swept.left > self._left.get(kind, 0):
            words = f"{_containers(swept.left)} of other owners left alone: from here it can't be told whether those still run"
            _log.info("%s", words)
            if told != _log.info:
                told(words)
        self._left[kind] = max(swept.left, self._left.get(kind, 0))


def _containers(count: int) -> str:
    return f"{count} container" + ("" if count == 1 else "s")
