"""How an answer that was at work ends in a copy of its chat: it never goes on there, and no call of it is made again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import LeftBehind
from ..stores.copying import Ended
from ..stores.rows import Part, RunRow
from ..values import Event, isoformat, utcnow
from .endings import error_event
from .questions import END
from .run_state import RunState
from .run_tools import stopped_call


def left_behind(run: RunRow, calls: list[Part], heard: list[Event]) -> Ended:
    """`calls` are those without an outcome, `heard` the events that were shown. The sequence numbers are the store's to give."""
    now, error = isoformat(utcnow()), LeftBehind()
    told: list[tuple[str, Mapping[str, Any]]] = []
    open_questions = {e.data["question_id"]: e.data["call_id"] for e in heard if e.type == "question"}
    for event in heard:
        if event.type == "questionAnswered":
            open_questions.pop(event.data["question_id"], None)
    for question_id, call_id in open_questions.items():
        data = {"question_id": question_id, "call_id": call_id, "action": "cancel", "by": END}
        told.append(("questionAnswered", data))
    ended = [stopped_call(part) for part in calls]
    told += [("toolResult", data) for _, data in ended]
    told.append(("error", error_event(error)))
    return Ended(
        {"state": str(RunState.FAILED), "finished": now, "error": error.as_json()},
        [part for part, _ in ended],
        [Event(kind, 0, run.id, now, data) for kind, data in told],
    )
