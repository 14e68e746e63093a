"""Why an answer ends before it is complete: a person, the end of the Jupyter server, or a deadline of its own.

Deadlines are judged by clocks that are handed in; nothing here waits. ``run`` and ``session`` ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from ..errors import ApprovalTimeout, MandrakeError, RunTimeout
from ..stores.rows import WITHDRAWN as WITHDRAWN
from ..values import JSON
from .ledger import Ledger
from .run_state import RunState
from .stopwatch import Stopwatch


@dataclass(frozen=True)
class Ending:
    """Why a run is stopped from outside. `error` is what its readers are told where it failed; None: interrupted."""

    state: RunState
    by: str
    error: MandrakeError | None = None


class WorkTime(Stopwatch):
    """Seconds in which a run was driven. It stands still while a person decides."""

    @contextmanager
    def counted(self) -> Iterator[None]:
        self.turn(True)
        try:
            yield
        finally:
            self.turn(False)

    def over(self, limit: float) -> Ending | None:
        """The end of a run that may work for `limit` seconds and has; 0 sets no limit."""
        if not limit or self.seconds < limit:
            return None
        return Ending(RunState.FAILED, "run_timeout", RunTimeout(limit=in_words(limit)))


def unanswered(ledger: Ledger, now: datetime, limit: float) -> Ending | None:
    """The end of a run in which a call has waited for a decision for more than `limit` seconds; 0 waits for ever.

    `now` is UTC: a question outlives the process that asked it, a monotonic clock does not."""
    for part in ledger.answer.parts if limit else ():
        asked = ledger.waiting_since.get(str(part.call_id)) if part.status == "waiting" else None
        if asked and (now - datetime.fromisoformat(asked)).total_seconds() > limit:
            error = ApprovalTimeout(tool=part.call["tool"], limit=in_words(limit))
            return Ending(RunState.FAILED, "approval_timeout", error)
    return None


def in_words(seconds: float) -> str:
    """A span as people say it: ``90 s``, ``1 hour``, ``7 days``; in the largest unit that it is a whole number of."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds and seconds % size == 0:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:g} s"


def error_event(exc: MandrakeError) -> JSON:
    """The fields of a run's ``error`` event."""
    body = exc.as_json()
    keep = ("code", "then", "actions", "retryable", "retry_after")
    return {"content": body["message"], **{k: body[k] for k in keep}}
