"""Taking up a run that an ended Jupyter server left in the store. One taker wins, however many servers try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
    adopted = await seams.runs.adopt(row, seams.instance)
    if adopted is None:
        return None
    events = await seams.runs.replay(adopted)
    answer = await seams.runs.answer(adopted)
    seq = max((event.seq for event in events), default=0) + GAP
    parts = [replace(p, last_seq=seq) if _cut_off(p, events) else p for p in answer.parts]
    if parts != list(answer.parts):
        await seams.runs.commit(adopted, parts=parts[-1:])
        events = await seams.runs.replay(adopted)
    log = log_of(adopted, seams, events, next_seq=seq + 1)
    question = await seams.runs.message(adopted.user_message_id)
    command = parse_command(question.parts[0].content or "") if row.state == RunState.QUEUED else None
    return Run(adopted, question, seams, workspace_id, command=command, parts=parts, log=log)


def _cut_off(part: Part, events: Sequence[Event]) -> bool:
    """Whether a text was the last that was stored. Its readers may have seen more than was: it is shown to them anew."""
    return part.type != "tool" and bool(events) and part.last_seq == events[-1].seq
