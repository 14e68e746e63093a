"""How a run is stopped: not its driver, but the tasks that the driver waits for are cancelled; the driver then ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import Any, TypeVar

from ..lifecycle.crash_points import Act, about_to, did
from .endings import Ending, WorkTime
from .seams import Bounds

T = TypeVar("T")


class Stopped(Exception):
    """Raised in the driver where it finds that it was stopped."""


class Stoppable:
    """`worked` counts the seconds in which it was driven by this Jupyter server: those that ``bounds.run`` limits."""

    def __init__(self, name: str, bounds: Bounds, worked: WorkTime) -> None:
        self.worked = worked
        self._name = name
        self._bounds = bounds
        self._children: set[asyncio.Task[Any]] = set()
        self._ending: Ending | None = None
        self._give_up = 0.0

    async def waits_for(self, turn: Coroutine[Any, Any, None]) -> bool:
        """Whether `turn` came; False when the run was stopped before."""
        child = self._child(turn)
        await asyncio.wait({child})
        return not child.cancelled()

    def stop(self, ending: Ending) -> None:
        """Ask the driver to end; idempotent, the first ending counts. A run that nobody drives needs ``drive`` for it."""
        about_to(Act.CANCEL)
        if self._ending is None:
            self._ending = ending
            self._give_up = monotonic() + self._bounds.cancel
        for child in self._children:
            child.cancel()
        did(Act.CANCEL)

    def _keep_time(self) -> bool:
        """Asked at least every second: stops a run that worked for too long; True once what was stopped had its time to end."""
        if late := self.worked.over(self._bounds.run):
            self.stop(late)
        return self._ending is not None and monotonic() > self._give_up

    def _child(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        child = asyncio.create_task(work, name=self._name)
        self._children.add(child)
        child.add_done_callback(self._child_done)
        if self._ending:
            child.cancel()
        return child

    def _child_done(self, child: asyncio.Task[Any]) -> None:
        self._children.discard(child)
        if not child.cancelled():
            child.exception()  # marks it as seen: after a stop nobody else asks

    def _check(self) -> None:
        if self._ending:
            raise Stopped
