"""The audit: one record per tool call of a chat, written by the transactions that write the call itself.

Who was asked what, what was decided by whom, and what came of it. Nothing is shown before its record is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, func, or_, select
from sqlalchemy.engine import Connection

from ..values import JSON, Event, isoformat, utcnow
from .columns import Put
from .database import Database
from .rows import DELETED, Part, RunRow
from .tables import audit, runs, sessions


def _changes(new: Any) -> Mapping[str, Any]:
    return {
        "arguments": new.arguments,
        "edited": or_(audit.c.edited, new.edited),
        "decision": new.decision,
        "by": new.by,
        "reason": func.coalesce(audit.c.reason, new.reason),
        "decided": func.coalesce(audit.c.decided, new.decided),
        "outcome": new.outcome,
        "finished": func.coalesce(audit.c.finished, new.finished),
    }


_OF = select(sessions.c.workspace_id).where(sessions.c.id == bindparam("of_session")).scalar_subquery()
_PUT = Put(audit, ("call_id",), _changes, {"workspace_id": _OF})


def put_records(
    db: Connection,
    run: RunRow,
    parts: Iterable[Part],
    events: Iterable[Event] = (),
    columns: Mapping[str, Any] | None = None,
    *,
    reason: str = "",
    edited: bool = False,
) -> None:
    """Bring the records of those of `parts` that are tool calls up to date. `events` and `columns` are what else is
    committed: they say why a call was never decided on."""
    calls = [part for part in parts if part.type == "tool"]
    if not calls:
        return
    now = isoformat(utcnow())
    stopped_by = next((event.data.get("by") for event in events if event.type == "cancelled"), None)
    late = ((columns or {}).get("error") or {}).get("code") == "approval_timeout"
    for part in calls:
        decision, by = _decision(part, stopped_by, late=late)
        values = {
            "of_session": run.session_id,
            "session_id": run.session_id,
            "run_id": run.id,
            "call_id": part.call_id,
            "server": part.call.get("server") or "",
            "tool": part.call.get("tool") or "",
            "schema_hash": part.call.get("schema_hash") or "",
            "arguments": dict(part.arguments),
            "edited": edited,
            "asked": now,
            "decision": decision,
            "by": by,
            "reason": reason or None,
            "decided": now if decision else None,
            "outcome": None if part.pending else part.status,
            "finished": None if part.pending else now,
        }
        db.execute(_PUT.of(db), values)


def _decision(part: Part, stopped_by: str | None, *, late: bool) -> tuple[str | None, str | None]:
    """What let the call run or kept it from it, and the person who said so."""
    if permit := part.call.get("permit"):
        return str(permit), part.by
    if part.decision is None and part.status == "withdrawn":
        return ("timeout", None) if late else ("withdrawn", stopped_by)
    return part.decision, part.by


def shown(session_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether what belongs to that session is shown: not while it is deleted and may come back."""
    return ~exists().where(sessions.c.id == session_id, sessions.c.deleted.is_not(None))


class AuditStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def records(
        self,
        workspace_id: str,
        *,
        session_id: str | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> list[JSON]:
        """Newest first, those below the id `before`."""
        query = select(*(column for column in audit.c if column is not audit.c.workspace_id))
        deleted = exists().where(runs.c.id == audit.c.run_id, runs.c.replaced_by.startswith(DELETED))
        query = query.where(audit.c.workspace_id == workspace_id, shown(audit.c.session_id), ~deleted)
        if session_id is not None:
            query = query.where(audit.c.session_id == session_id)
        if before is not None:
            query = query.where(audit.c.id < before)
        async with self._database.read() as db:
            found = await db.execute(query.order_by(audit.c.id.desc()).limit(limit))
            return [dict(row._mapping) for row in found]
