"""What is shown of a session: its stored messages, and those at work as far as their events were shown."""

from __future__ import annotations

from collections.abc import Mapping

from ..stores.rows import Message, RunRow
from ..stores.runs import RunStore
from ..values import JSON
from .endings import WITHDRAWN
from .run import Run


async def rows(
    runs: RunStore, session_id: str, live: Mapping[str, Run], *, replaced: bool = False
) -> list[tuple[Message, RunRow]]:
    """The history, oldest first, with those that were `replaced` or without. `live`: the runs that are held in memory, as
    they were before this was asked."""
    history = await runs.history(session_id, replaced=replaced)
    return [_now(*pair, live.get(pair[1].id)) for pair in history if pair[1].finish_reason != WITHDRAWN]


async def messages(
    runs: RunStore, session_id: str, live: Mapping[str, Run], *, replaced: bool = False
) -> list[JSON]:
    """Likewise, as they are shown."""
    found = await rows(runs, session_id, live, replaced=replaced)
    return [_message(message, row, live.get(row.id)) for message, row in found]


def _now(message: Message, row: RunRow, run: Run | None) -> tuple[Message, RunRow]:
    if run is None:
        return message, row
    return message if message.role == "user" else run.ledger.as_message(), run.ledger.row


def _message(message: Message, row: RunRow, run: Run | None) -> JSON:
    if message.role == "user" or run is None:
        return message.as_json(row)
    ledger = run.ledger
    return ledger.as_message().as_json(
        ledger.row, seq=ledger.log.last_seq, question=ledger.question, retry=ledger.retry
    )


async def run(runs: RunStore, session_id: str, run_id: str, live: Mapping[str, Run]) -> JSON:
    """Raises RunNotFound."""
    held = live.get(run_id)
    row = held.ledger.row if held else await runs.get(session_id, run_id)
    last = held.ledger.log.last_seq if held else await runs.last_seq(row)
    waits = {"question": held.ledger.question(), "retry": held.ledger.retry} if held else {}
    return {**row.as_json(), "last_seq": last, "question": None, "retry": None, **waits}


async def answer(runs: RunStore, session_id: str, run_id: str, live: Mapping[str, Run]) -> JSON:
    """Raises RunNotFound."""
    row = await runs.get(session_id, run_id)
    return _message(await runs.answer(row), row, live.get(run_id))
