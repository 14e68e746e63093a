"""What is shown of a session: its stored messages, and those at work as far as their events were shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..stores.rows import Message, RunRow
from ..stores.runs import RunStore
from ..values import JSON
from .endings import WITHDRAWN
from .run import Run


@dataclass(frozen=True)
class Asked:
    """The last `limit` messages of those before the place `before`; None: all."""

    limit: int | None = None
    before: int | None = None


ALL = Asked()


async def rows(
    runs: RunStore, session_id: str, live: Mapping[str, Run], *, replaced: bool = False
) -> list[tuple[Message, RunRow]]:
    """The history, oldest first, with those that were `replaced` or without. `live`: the runs that are held in memory, as
    they were before this was asked."""
    history = await runs.history(session_id, replaced=replaced)
    return [_now(*pair, live.get(pair[1].id)) for pair in history if pair[1].finish_reason != WITHDRAWN]


async def messages(
    runs: RunStore, session_id: str, live: Mapping[str, Run], *, replaced: bool = False, asked: Asked = ALL
) -> tuple[list[JSON], int | None]:
    """Likewise, as they are shown: a page of them, and where the one before it ends."""
    page = await runs.page(session_id, replaced=replaced, limit=asked.limit, before=asked.before)
    found = [_now(*pair, live.get(pair[1].id)) for pair in page.found]
    return [_message(message, row, live.get(row.id)) for message, row in found], page.older


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
