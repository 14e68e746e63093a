"""A reader's place in what is stored of a run: read on from it as often as there may be more, a bounded piece at a time.

A text part is read as one merged token, a long one as several. Of a part that grows only what is new is read on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Integer, Label, func, insert, literal, select
from sqlalchemy.engine import Connection, Row

from ..values import Event
from .columns import size
from .database import Database
from .rows import PIECE, RunRow
from .tables import events, parts

#: Events that are read at once.
MANY = 1000
#: About what an event is on the wire beside its content.
FRAME = 200


class Replay:
    """`seq` is that of the newest event that was read."""

    def __init__(self, database: Database, run: RunRow, after: int = 0) -> None:
        self.seq = after
        self._database = database
        self._run = run
        self._read: dict[int, int] = {}
        # Whoever comes in the middle of a part has seen some of it, nobody knows how much: he is given all of it at once.
        self._certain = after == 0

    async def more(self, most: int = 1_000_000) -> list[Event]:
        """The next events, about `most` bytes of them but at least one; none where there is nothing new."""
        async with self._database.read() as db:
            return await db.run_sync(self._more, most)

    async def rest(self) -> list[Event]:
        """All there is now."""
        found: list[Event] = []
        while more := await self.more():
            found += more
        return found

    def _more(self, db: Connection, most: int) -> list[Event]:
        found: list[Event] = []
        for row in self._ahead(db):
            if found and FRAME + (row.size if row.part is None else min(2 * row.size, 6 * PIECE)) > most:
                break
            event = self._stored(db, row.seq) if row.part is None else self._text(db, row)
            most -= len(event.line)
            self.seq, self._certain = event.seq, True
            found.append(event)
            if event.seq < row.seq:  # the rest of a long part is read next time
                break
        return found

    def _ahead(self, db: Connection) -> list[Row[Any]]:
        """(seq, part or None, size in bytes) of what comes next, in its order."""
        noted = select(events.c.seq, literal(None, Integer).label("part"), _size(events.c.data)).where(
            events.c.run_id == self._run.id, events.c.seq > self.seq
        )
        texts = select(parts.c.last_seq, parts.c.part, _size(parts.c.content)).where(
            parts.c.message_id == self._run.message_id, parts.c.type != "tool", parts.c.last_seq > self.seq
        )
        return list(db.execute(noted.union_all(texts).order_by("seq").limit(MANY)))

    def _stored(self, db: Connection, seq: int) -> Event:
        where = (events.c.run_id == self._run.id) & (events.c.seq == seq)
        row = db.execute(select(events.c.type, events.c.time, events.c.data).where(where)).one()
        return Event(row.type, seq, self._run.id, row.time, row.data)

    def _text(self, db: Connection, row: Row[Any]) -> Event:
        """A part from where it was read to its end, or to as much as one event holds.

        A piece that is not the last takes the next sequence number: the run's own event with that number ended at no later
        character, as it held no more than a piece, so whoever resumes behind it misses nothing."""
        where = (parts.c.message_id == self._run.message_id) & (parts.c.part == row.part)
        kind, content = db.execute(select(parts.c.type, parts.c.content).where(where)).one()
        offset = self._read.get(row.part, 0)
        seq = row.seq
        if self._certain and len(content) - offset > PIECE and self.seq + 1 < row.seq:
            content, seq = content[: offset + PIECE], self.seq + 1
        self._read[row.part] = len(content)
        data = {"content": content[offset:], "part": row.part, "offset": offset}
        return Event(
            "reasoning" if kind == "reasoning" else "token", seq, self._run.id, self._run.created, data
        )


def _size(column: Column[Any]) -> Label[int]:
    return size(column).label("size")


async def last_seq(database: Database, run: RunRow) -> int:
    """The newest sequence number that is stored of a run; 0 where there is none."""
    noted = select(func.max(events.c.seq)).where(events.c.run_id == run.id)
    texts = select(func.max(parts.c.last_seq)).where(parts.c.message_id == run.message_id)
    async with database.read() as db:
        return max(await db.scalar(noted) or 0, await db.scalar(texts) or 0)


def add_events(db: Connection, added: Iterable[Event]) -> None:
    """Note what is to be read again later."""
    values = [
        {"run_id": e.run_id, "seq": e.seq, "type": e.type, "time": e.time, "data": dict(e.data)}
        for e in added
    ]
    if values:
        db.execute(insert(events), values)
