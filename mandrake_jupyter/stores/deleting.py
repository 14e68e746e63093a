"""What a person deletes: put aside, so that it can come back for a while, then gone for good with all that hangs on it.

``stores.sessions`` builds on it. The moment at which it becomes final stands in the row, so that a restart changes nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from ..errors import SessionNotFound
from ..values import isoformat
from .database import Database
from .rows import SessionRow
from .tables import sessions

#: Whether a session is deleted, and only waits for its end.
ASIDE = sessions.c.deleted.is_not(None)


class Deleting:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def put_aside(self, session_id: str, until: datetime) -> None:
        """Out of all lists at once; until `until` (UTC) it can be restored. Raises SessionNotFound."""
        own = (sessions.c.id == session_id) & ~ASIDE
        async with self.database.write() as db:
            done = await db.execute(update(sessions).where(own).values(deleted=isoformat(until)))
            if not done.rowcount:
                raise SessionNotFound(session=session_id)

    async def restore(self, workspace_id: str, session_id: str, now: datetime) -> SessionRow:
        """What was put aside, back as it was. Raises SessionNotFound where nothing was, and when it is final by `now` (UTC)."""
        own = (sessions.c.id == session_id) & (sessions.c.workspace_id == workspace_id)
        async with self.database.write() as db:
            aside = own & (sessions.c.deleted > isoformat(now))
            if not (await db.execute(update(sessions).where(aside).values(deleted=None))).rowcount:
                raise SessionNotFound(session=session_id)
            return SessionRow(*(await db.execute(select(sessions).where(own))).one())

    async def purge(self, now: datetime) -> list[tuple[str, str]]:
        """Delete for good what is final by `now` (UTC): their workspace and session ids."""
        due = sessions.c.deleted <= isoformat(now)
        async with self.database.read() as db:  # most of the time there is none, and nobody needs to wait
            if (await db.execute(select(sessions.c.id).where(due).limit(1))).first() is None:
                return []
        async with self.database.write() as db:
            gone = await db.execute(
                delete(sessions).where(due).returning(sessions.c.workspace_id, sessions.c.id)
            )
            found = [(workspace_id, session_id) for workspace_id, session_id in gone]
        self.database.deleted.set()
        return found

    async def delete(self, session_id: str) -> None:
        """The session and all that hangs on it: runs, messages, parts, images, events, its audit, its grants."""
        async with self.database.write() as db:
            await db.execute(delete(sessions).where(sessions.c.id == session_id))
        self.database.deleted.set()
