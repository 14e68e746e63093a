"""What the Jupyter server and JupyterHub learn of us, so that neither ends a server at work nor keeps one that is idle.

Jupyter asks ``current()`` whether something is at work; both it and the Hub look at the time of the last activity. That time
is set by what people do, by news of an answer, and by a heartbeat while something is at work, for an answer may be silent for
longer than they have patience. Looking is no activity, and neither is waiting for a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import Any, Protocol

from traitlets import Integer
from traitlets.config import LoggingConfigurable

from ..lifecycle.announce import Announcement, RunEnded, RunMoved, ToolCalled
from ..values import JSON, utcnow

NAME = "mandrake"
#: How many seconds the heartbeat may be apart: the shortest patience that hosts are configured with is some minutes.
SLOWEST = 60


class Handle(Protocol):
    def cancel(self) -> None: ...


def _later(seconds: float, call: Callable[[], None]) -> Handle:
    return asyncio.get_running_loop().call_later(seconds, call)


class HostActivity(LoggingConfigurable):
    """`times` is Jupyter's own ``last_activity_times``; every value in it must be a datetime with a time zone, not in the
    future. `busy` tells whether something is at work.
    """

    heartbeat = Integer(
        30,
        min=1,
        max=SLOWEST,
        config=True,
        help="Seconds between two signs of activity towards Jupyter and JupyterHub while an answer or a tool call is at "
        f"work, from 1 to {SLOWEST}. What ends idle servers must be more patient than that.",
    )

    def __init__(
        self,
        times: MutableMapping[str, datetime],
        busy: Callable[[], bool],
        *,
        now: Callable[[], datetime] = utcnow,
        later: Callable[[float, Callable[[], None]], Handle] = _later,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._times = times
        self._busy = busy
        self._now = now
        self._later = later
        self._next: Handle | None = None

    def current(self) -> JSON | None:
        """What is at work, None when nothing is; never raises. Cheap: Jupyter asks on its loop."""
        return {"busy": True} if self._at_work() else None

    def touch(self) -> None:
        """Something happened that counts. From here on the heartbeat looks whether it led to work."""
        self._times[NAME] = self._now()
        if self._next is None:
            self._next = self._later(self.heartbeat, self._beat)

    def hear(self, announcement: Announcement, _: JSON) -> None:
        """A sink of the hub: news of an answer or a tool call counts; that something idle was ended does not."""
        if isinstance(announcement, RunMoved | RunEnded | ToolCalled):
            self.touch()

    def stop(self) -> None:
        """No heartbeat any more; idempotent."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _beat(self) -> None:
        self._next = None
        if self._at_work():
            self.touch()

    def _at_work(self) -> bool:
        try:
            return self._busy()
        except Exception:
            self.log.exception("It is not known whether something is at work; it counts as idle")
            return False
