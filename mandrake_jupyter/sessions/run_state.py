"""The states of a run: one table of legal moves. A run that waits for a person is parked: no task, no lease."""

from __future__ import annotations

from enum import StrEnum

from ..errors import MandrakeError


class RunState(StrEnum):
    QUEUED = "queued"
    CALLING_MODEL = "calling_model"
    CALLING_TOOL = "calling_tool"
    AWAITING_APPROVAL = "awaiting_approval"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_ENDS = {RunState.DONE, RunState.FAILED, RunState.CANCELLED}
_WORK = {RunState.CALLING_MODEL, RunState.CALLING_TOOL, RunState.AWAITING_APPROVAL}

NEXT: dict[RunState, set[RunState]] = {
    RunState.QUEUED: {RunState.CALLING_MODEL, RunState.CALLING_TOOL, *_ENDS},
    RunState.CALLING_MODEL: {RunState.CALLING_TOOL, RunState.AWAITING_APPROVAL, *_ENDS},
    RunState.CALLING_TOOL: {RunState.CALLING_MODEL, RunState.AWAITING_APPROVAL, *_ENDS},
    RunState.AWAITING_APPROVAL: {*_WORK, *_ENDS} - {RunState.AWAITING_APPROVAL},
    RunState.DONE: set(),
    RunState.FAILED: set(),
    RunState.CANCELLED: set(),
}


class BadMove(MandrakeError):
    code = "bad_move"


def move(old: RunState, new: RunState) -> RunState:
    """`new`, if the table allows it; staying where one is is no move and always fine."""
    if new is not old and new not in NEXT[old]:
        raise BadMove(f"a run cannot go from {old} to {new}")
    return new
