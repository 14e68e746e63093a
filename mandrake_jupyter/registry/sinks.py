"""Who hears of what happens, beside the readers of ``GET events``: Jupyter's event system, the metrics and the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from .events import JupyterEvents
from .hub import Hub, Sink
from .logs import NAME, Log, install
from .masker import Masker
from .metrics import Metrics

if TYPE_CHECKING:
    from jupyter_events import EventLogger


def listen(hub: Hub, event_logger: EventLogger, log: logging.Logger, masker: Masker) -> Callable[[], None]:
    """Everybody listens to `hub` until the function this returns is called; `log` is the app's."""
    metrics = Metrics()
    sinks: list[Sink] = [JupyterEvents(event_logger), metrics, Log(logging.getLogger(NAME))]
    undo = [install(log, masker), *map(hub.add, sinks), metrics.close]

    def deafen() -> None:
        while undo:
            undo.pop()()

    return deafen
