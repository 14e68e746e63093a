"""The messages of a chat, oldest first: all of them, or a page from its end on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection, Row

from . import tables
from .replacing import ids_aside
from .rows import WITHDRAWN, Message, Part, RunRow
from .tables import messages, runs

RUN_COLUMNS = [runs.c[f.name] for f in fields(RunRow)]
PART_COLUMNS = [tables.parts.c[f.name] for f in fields(Part)]


@dataclass(frozen=True)
class Page:
    """`older` is where the page before this one ends, None where there is none."""

    found: list[tuple[Message, RunRow]]
    older: int | None = None


def read_history(
    db: Connection,
    session_id: str,
    *,
    replaced: bool = False,
    withdrawn: bool = True,
    limit: int | None = None,
    before: int | None = None,
) -> Page:
    """With their parts and runs; `replaced` and `withdrawn` ones on demand. At most `limit`, the last of those before the
    place `before`.
    """
    shown = messages.c.session_id == session_id
    shown &= runs.c.id.not_in(ids_aside(db, session_id)) if replaced else runs.c.replaced_by.is_(None)
    if not withdrawn:
        shown &= runs.c.finish_reason.is_distinct_from(WITHDRAWN)
    if before is not None:
        shown &= messages.c.position < before
    query = select(messages).join(runs, messages.c.run_id == runs.c.id).where(shown)
    query = query.order_by(messages.c.position.desc())
    rows = db.execute(query if limit is None else query.limit(limit + 1)).all()
    more = limit is not None and len(rows) > limit
    rows = rows[:limit][::-1]
    if not rows:
        return Page([])
    first, last = rows[0].position, rows[-1].position
    here = (messages.c.session_id == session_id) & messages.c.position.between(first, last)
    of_runs = select(*RUN_COLUMNS).where(runs.c.id.in_(select(messages.c.run_id).where(here)))
    by_id = {row.id: RunRow(*row) for row in db.execute(of_runs)}
    joined = (
        select(tables.parts.c.message_id, *PART_COLUMNS)
        .join(messages, messages.c.id == tables.parts.c.message_id)
        .join(runs, messages.c.run_id == runs.c.id)
        .where(here, shown)
        .order_by(messages.c.position, tables.parts.c.part)
    )
    parts: dict[str, list[Row[Any]]] = {}
    for part in db.execute(joined):
        parts.setdefault(part.message_id, []).append(part)
    found = [(message_of(row, parts.get(row.id, ())), by_id[row.run_id]) for row in rows]
    return Page(found, first if more else None)


def message_of(row: Row[Any], joined: Iterable[Row[Any]]) -> Message:
    own = tuple(_part(part) for part in joined)
    return Message(row.id, row.session_id, row.run_id, row.role, row.created, tuple(row.attachments), own)


def _part(row: Row[Any]) -> Part:
    values = dict(row._mapping)
    values.pop("message_id")
    return Part(**{**values, "call": values["call"] or {}, "arguments": values["arguments"] or {}})
