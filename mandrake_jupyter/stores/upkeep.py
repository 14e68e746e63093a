"""What nobody waits for: chats whose time is over go, and what deletions left behind goes after them, for good.

A deletion takes rows at once, and SQLite overwrites their pages (``secure_delete``). Words then still stand in two places: in
the index, which marks them as gone and drops them when it is merged, and in the log beside the file. Both are done here, in
short transactions; `chores` remembers it beyond a kill. Called by ``registry.housekeeping``.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import delete, exists, insert, select, text
from sqlalchemy.engine import Connection

from ..values import isoformat
from .database import Database
from .deleting import ASIDE
from .rows import UNFINISHED
from .tables import audit, chores, events, runs, sessions

T = TypeVar("T")
#: After each of many transactions nothing is done for so many times as long as it took: who writes for people waits for a free
#: moment by looking now and then, and would hardly find one.
BREATH = 2.0
#: The events that end a run. They stay, so that a replay ends as it should.
TERMINAL = ("complete", "error", "cancelled")
#: Chats, and runs with their events, that one transaction takes.
AT_ONCE = 100
#: Pages of the index that one transaction merges: some 30 ms.
PAGES = 100
#: Seconds for which the log waits for those who read.
LOG_WITHIN = 1.0
#: Days for which the copy that an update made is kept.
KEEP_BACKUPS_DAYS = 30
WIPE, LOG = "wipe", "log"


@dataclass(frozen=True)
class Keep:
    """For how many days what is kept; 0 is for ever."""

    chats: int = 0
    audit: int = 90
    events: int = 90


class Upkeep:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def retire(self, now: datetime, keep: Keep, held: Collection[str] = ()) -> list[tuple[str, str]]:
        """Delete what is older than it is kept, by `now` (UTC), but chats that are at work or `held`. The chats that are gone."""
        gone: list[tuple[str, str]] = []
        if keep.chats:
            before = isoformat(now - timedelta(days=keep.chats))
            while chats := await self._bit(lambda db: _old_chats(db, before, held)):
                gone += chats
        if keep.audit:
            before_audit = isoformat(now - timedelta(days=keep.audit))
            old = select(audit.c.id).where(audit.c.asked < before_audit).limit(1)
            if await self.database.look(
                lambda db: db.execute(old).first()
            ):  # else nobody needs to wait for a write
                await self.database.at_once(lambda db: _old_audit(db, before_audit))
        if keep.events:
            before_events = isoformat(now - timedelta(days=keep.events))
            ended = select(runs.c.id).where(runs.c.finished < before_events).limit(1)
            if await self.database.look(lambda db: db.execute(ended).first()):
                while await self._bit(lambda db: _old_events(db, before_events)):
                    pass
        return gone

    async def wipe(self) -> bool:
        """Take what deletions left in the index and in the log; False where that must wait for those who read."""
        async with self.database.read() as db:
            left = set((await db.execute(select(chores.c.name))).scalars())
        if (path := self.database.path) is None:
            return await self._nothing_to_wipe(left)
        if WIPE in left:
            while await self._bit(_merge):
                pass
            left.add(LOG)
        if LOG not in left:
            return True
        if not await asyncio.to_thread(_empty_log, path):
            return False
        await self.database.at_once(lambda db: db.execute(delete(chores).where(chores.c.name == LOG)))
        return True

    async def _nothing_to_wipe(self, left: Collection[str]) -> bool:
        """PostgreSQL's own vacuum frees what deletions left, in the index, too."""
        if left:
            await self.database.at_once(lambda db: db.execute(delete(chores)))
        return True

    async def _bit(self, work: Callable[[Connection], T]) -> T:
        """One of many transactions."""
        began = time.monotonic()
        done = await self.database.at_once(work)
        await asyncio.sleep(BREATH * (time.monotonic() - began))
        return done

    async def drop_backups(self, days: int = KEEP_BACKUPS_DAYS) -> list[Path]:
        """Those of updates of more than `days` days ago."""
        if (path := self.database.path) is None:
            return []
        return await asyncio.to_thread(_old_backups, path, time.time() - days * 86_400)


def _old_chats(db: Connection, before: str, held: Collection[str]) -> list[tuple[str, str]]:
    at_work = exists().where(runs.c.session_id == sessions.c.id, runs.c.state.in_(UNFINISHED))
    due = select(sessions.c.id).where(sessions.c.last_activity < before, ~ASIDE, ~at_work)
    ids = list(db.execute(due.where(sessions.c.id.not_in(held)).limit(AT_ONCE)).scalars())
    gone = delete(sessions).where(sessions.c.id.in_(ids)).returning(sessions.c.workspace_id, sessions.c.id)
    return [(workspace_id, session_id) for workspace_id, session_id in db.execute(gone)] if ids else []


def _old_audit(db: Connection, before: str) -> None:
    at_work = select(runs.c.id).where(runs.c.state.in_(UNFINISHED))
    if db.execute(delete(audit).where(audit.c.asked < before, audit.c.run_id.not_in(at_work))).rowcount:
        _note(db, WIPE)


def _old_events(db: Connection, before: str) -> int:
    """How many runs had some."""
    some = exists().where(events.c.run_id == runs.c.id, events.c.type.not_in(TERMINAL))
    due = select(runs.c.id).where(runs.c.finished < before, runs.c.state.not_in(UNFINISHED), some)
    if ids := list(db.execute(due.limit(AT_ONCE)).scalars()):
        db.execute(delete(events).where(events.c.run_id.in_(ids), events.c.type.not_in(TERMINAL)))
        _note(db, WIPE)
    return len(ids)


def _note(db: Connection, chore: str) -> None:
    if db.execute(select(chores.c.name).where(chores.c.name == chore)).first() is None:
        db.execute(insert(chores).values(name=chore))


def _merge(db: Connection) -> bool:
    """One step towards an index in one piece, in which nothing is marked as gone; False when it is."""
    driver: Any = db.connection.dbapi_connection
    before = driver.total_changes
    db.execute(text("INSERT INTO search (search, rank) VALUES ('merge', :pages)"), {"pages": -PAGES})
    if driver.total_changes - before >= 2:
        return True
    db.execute(delete(chores).where(chores.c.name == WIPE))
    _note(db, LOG)
    return False


def _empty_log(path: Path) -> bool:
    """Also where there is none."""
    with closing(sqlite3.connect(path, timeout=LOG_WITHIN)) as connection:
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def _old_backups(path: Path, before: float) -> list[Path]:
    old = [file for file in path.parent.glob(f"{path.stem}.*.backup") if file.stat().st_mtime < before]
    for file in old:
        file.unlink(missing_ok=True)
    return old
