"""What happens, as lines of Jupyter's own log: ``key=value``, and the same as fields for whoever collects records.

All records of this package go through one logger, below the app's, and past one filter that masks secrets.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

from ..lifecycle.announce import Announcement, Culled, Moved, RunEnded, ToolCalled
from ..lifecycle.phases import Phase
from ..values import JSON
from .masker import Masker

NAME = "mandrake_jupyter"
#: Moves that are worth a line in the usual log.
_TOLD = frozenset({Phase.READY, Phase.PAUSED, Phase.STOPPED})


class Log:
    """A sink of the hub. A record's ``mandrake`` is the announcement as readers of the stream see it."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def __call__(self, announcement: Announcement, told: JSON) -> None:
        level = _level(announcement)
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", " ".join(_pairs(told)), extra={"mandrake": told})


def _level(announcement: Announcement) -> int:
    match announcement:
        case Moved(new=Phase.FAILED) | RunEnded(state="failed") | ToolCalled(outcome="unknown"):
            return logging.WARNING
        case Moved(kind="mcp_server", new=new) if new in _TOLD:
            return logging.INFO
        case Culled() | RunEnded():
            return logging.INFO
    return logging.DEBUG


def _pairs(told: JSON) -> Iterator[str]:
    for name, value in told.items():
        if isinstance(value, dict):
            yield from _pairs(value)
        elif name not in ("time", "seq") and value not in (None, ""):
            yield f"{name}={_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    text = str(value)
    plain = text.isprintable()
    return text if plain and not set(text) & set(' ="') else json.dumps(text, ensure_ascii=not plain)


class _Redaction(logging.Filter):
    def __init__(self, masker: Masker) -> None:
        super().__init__()
        self._mask = masker.mask

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._mask(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self._mask(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def install(app: logging.Logger, masker: Masker) -> Callable[[], None]:
    """Hang our logger below the app's, as Jupyter does with Tornado's, and mask what both write, until what this returns is
    called."""
    ours, redaction = logging.getLogger(NAME), _Redaction(masker)
    before, ours.parent = ours.parent, app
    for logger in (ours, app):
        logger.addFilter(redaction)

    def undo() -> None:
        if ours.parent is app:
            ours.parent = before
        for logger in (ours, app):
            logger.removeFilter(redaction)

    return undo
