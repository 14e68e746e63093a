"""Taking up a run that an ended Jupyter server left in the store. One taker wins, however many servers try."""

from __future__ import annotations

from ..stores.rows import RunRow
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
    log = log_of(adopted, seams, events, next_seq=max((event.seq for event in events), default=0) + GAP)
    answer = await seams.runs.answer(adopted)
    question = await seams.runs.message(adopted.user_message_id)
    command = parse_command(question.parts[0].content or "") if row.state == RunState.QUEUED else None
    return Run(adopted, question, seams, workspace_id, command=command, parts=answer.parts, log=log)
