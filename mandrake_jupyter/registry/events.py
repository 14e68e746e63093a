"""Announcements as events of Jupyter's own event system, for ``/api/events/subscribe`` and any listener.

Their schemas are documents: ``event_schemas/<noun>/v1.yaml``. An event that nobody listens to costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..lifecycle.announce import Announcement
from ..values import JSON

if TYPE_CHECKING:
    from jupyter_events import EventLogger

SCHEMAS = Path(__file__).parent.parent / "event_schemas"
AUTHORITY = "https://events.mandrake.dev/mandrake_jupyter"
#: By the type on the stream: the noun of the schema and, where it is not in the announcement itself, the action.
_NOUNS: Mapping[str, tuple[str, str]] = {
    "moved": ("resource", "moved"),
    "culled": ("resource", "culled"),
    "changed": ("resource", ""),
    "run": ("run", "moved"),
    "run_ended": ("run", "ended"),
    "tool_called": ("tool_call", "ended"),
}


class JupyterEvents:
    """A sink of the hub. Several of one Jupyter server share its schemas."""

    def __init__(self, logger: EventLogger) -> None:
        self._logger = logger
        for noun in dict.fromkeys(noun for noun, _ in _NOUNS.values()):
            if schema_id(noun) not in logger.schemas:
                logger.register_event_schema(SCHEMAS / noun / "v1.yaml")

    def __call__(self, announcement: Announcement, told: JSON) -> None:
        noun, action = _NOUNS[told["type"]]
        data: dict[str, Any] = {k: v for k, v in told.items() if k not in ("type", "seq", "time", "what")}
        data["action"] = action or told["what"]
        self._logger.emit(schema_id=schema_id(noun), data=data)


def schema_id(noun: str) -> str:
    return f"{AUTHORITY}/{noun}/v1"
