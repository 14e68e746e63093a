"""Taking up a run that an ended Jupyter server left in the store. One taker wins, however many servers try.

What was at work is interrupted, what waited waits on: its message for its turn, or a call for a person, of which none was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..lifecycle.crash_points import Act, about_to, did
from ..stores.rows import Part, RunRow
from ..values import Event
from .event_log import log_of
from .run import Run
from .run_state import RunState
from .seams import Seams
from .slash import parse_command

#: Sequence numbers left free: a reader may have seen more than was stored, and must not take the end for old news.
GAP = 1_000_000


async def take_up(row: RunRow, seams: Seams, workspace_id: str) -> Run | None:
    """The run as far as it was stored, now this server's own; None when another server was first."""
    about_to(Act.TAKE_UP)
    adopted = await seams.runs.adopt(row, seams.instance)
    did(Act.TAKE_UP)
    if adopted is None:
        return None
    events = await seams.runs.replay(adopted)
    answer = await seams.runs.answer(adopted)
    seq = max((event.seq for event in events), default=0) + GAP
    parts = [replace(p, last_seq=seq) if _cut_off(p, events) else p for p in answer.parts]
    if parts != list(answer.parts):
        await seams.runs.commit(adopted, parts=parts[-1:])
        events = await seams.runs.replay(adopted)
    log = log_of(adopted, seams, events, next_seq=seq + 1 if events else 1)
    question = await seams.runs.message(adopted.user_message_id)
    asked = question.parts[0]
    command = parse_command(asked.content or "") if row.state == RunState.QUEUED else None
    by = asked.by or "user"
    return Run(adopted, question, seams, workspace_id, command=command, parts=parts, log=log, by=by)


async def waits_on(run: Run) -> bool:
    """Whether all that is open in a run is a person's to decide: then it is parked, also where that was not yet stored."""
    pending = {part.status for part in run.ledger.answer.parts if part.pending}
    if "waiting" in pending and "running" not in pending:
        await run.ledger.record(state=RunState.AWAITING_APPROVAL)
        run.parked = True
    return run.parked and run.ledger.waiting()


def _cut_off(part: Part, events: Sequence[Event]) -> bool:
    """Whether a text was the last that was stored. Its readers may have seen more than was: it is shown to them anew."""
    return part.type != "tool" and bool(events) and part.last_seq == events[-1].seq
