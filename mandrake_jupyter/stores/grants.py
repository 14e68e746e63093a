"""What people allowed beyond one call: given by the decision on it, listed, revoked. Deleted with its chat."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from ..values import JSON, isoformat, utcnow
from . import tables
from .auditing import put_records, shown
from .database import Database
from .rows import Part, RunRow
from .tables import grants


def decide(
    db: Connection,
    run: RunRow,
    part: Part,
    grant: Mapping[str, Any] | None,
    *,
    reason: str = "",
    edited: bool = False,
) -> bool:
    """Compare-and-set on a waiting call: True for the one decision that counts, of which `part` is the outcome. What it
    allows from now on (`grant`, columns of the table) and its record belong to it."""
    won = db.execute(
        update(tables.parts)
        .where(
            tables.parts.c.message_id == run.message_id,
            tables.parts.c.part == part.part,
            tables.parts.c.status == "waiting",
        )
        .values(
            status=part.status,
            decision=part.decision,
            by=part.by,
            arguments=dict(part.arguments),
            result=part.result,
            last_seq=part.last_seq,
        )
    )
    if not won.rowcount:
        return False
    put_records(db, run, [part], reason=reason, edited=edited)
    if grant:
        _give(db, grant)
    return True


def _give(db: Connection, grant: Mapping[str, Any]) -> None:
    same = [grants.c[name].is_not_distinct_from(value) for name, value in grant.items() if name != "by"]
    if db.execute(select(grants.c.id).where(*same)).first() is None:
        db.execute(insert(grants).values(**grant, created=isoformat(utcnow())))


class GrantStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, workspace_id: str) -> list[JSON]:
        """Oldest first."""
        query = select(*(column for column in grants.c if column is not grants.c.workspace_id))
        query = query.where(grants.c.workspace_id == workspace_id, shown(grants.c.session_id))
        query = query.order_by(grants.c.id)
        async with self._database.read() as db:
            return [dict(row._mapping) for row in await db.execute(query)]

    async def revoke(self, workspace_id: str, grant_id: int) -> bool:
        """False where there is none."""

        def remove(db: Connection) -> bool:
            where = (grants.c.workspace_id == workspace_id) & (grants.c.id == grant_id)
            return bool(db.execute(delete(grants).where(where)).rowcount)

        return await self._database.at_once(remove)

    async def revoke_of(self, workspace_id: str, servers: Collection[str]) -> None:
        """All that was allowed for these MCP servers, in its chats, too."""
        own = (grants.c.workspace_id == workspace_id) & grants.c.server.in_(servers)

        def any_there(db: Connection) -> bool:
            return db.execute(select(grants.c.id).where(own)).first() is not None

        found = await self._database.look(any_there)
        if found:
            await self._database.at_once(lambda db: db.execute(delete(grants).where(own)))
