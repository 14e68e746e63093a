"""Who hears of what happens, beside the readers of ``GET events``: Jupyter's event system, the metrics and the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .events import JupyterEvents
from .hub import Hub
from .metrics import Metrics

if TYPE_CHECKING:
    from jupyter_events import EventLogger


def listen(hub: Hub, event_logger: EventLogger) -> Callable[[], None]:
    """Everybody listens to `hub` until the function this returns is called."""
    metrics = Metrics()
    undo = [hub.add(sink) for sink in (JupyterEvents(event_logger), metrics)]
    undo.append(metrics.close)

    def deafen() -> None:
        while undo:
            undo.pop()()

    return deafen
