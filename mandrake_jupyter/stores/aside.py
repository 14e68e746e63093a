"""Messages that are deleted with time to undo it: out of the history as what was replaced is, and gone for good in time.

Their run says so, and until when, where another one names the run that took its place; so a restart changes nothing. A chore
is kept as long as there are any, so that nobody looks through all runs for none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, exists, insert, literal, select, update
from sqlalchemy.engine import Connection

from ..errors import MessageNotFound
from ..values import isoformat
from .database import Database
from .replacing import SET_ASIDE, check_ended, find_any_run, find_run, remove_run
from .rows import DELETED, RUN_FIELDS, RunRow
from .tables import chores, messages, parts, runs
from .titling import name_by_words, unname

CHORE = "messages"


async def put_aside(
    database: Database, session_id: str, message_id: str, until: datetime, name: str | None
) -> None:
    """A question with its answer, by the id of either, until then (UTC); `name` as of `replacing.remove`.

    Raises MessageNotFound, Busy."""
    await database.at_once(lambda db: _put_aside(db, session_id, message_id, until, name))


async def restore(database: Database, session_id: str, message_id: str, now: datetime) -> str | None:
    """Take it back, unless it is final by `now` (UTC). The words of the question where the chat begins with it now, by which
    an unnamed chat is called; else None. Raises MessageNotFound, also for what nobody deleted."""
    return await database.at_once(lambda db: _restore(db, session_id, message_id, now))


def _put_aside(db: Connection, session_id: str, message_id: str, until: datetime, name: str | None) -> None:
    _, run = find_run(db, session_id, message_id)
    check_ended(run)
    db.execute(update(runs).where(runs.c.id == run.id).values(replaced_by=DELETED + isoformat(until)))
    none = ~exists().where(chores.c.name == CHORE)
    db.execute(insert(chores).from_select(["name"], select(literal(CHORE)).where(none)))
    if name is not None:
        name_by_words(db, session_id, name)


def _restore(db: Connection, session_id: str, message_id: str, now: datetime) -> str | None:
    _, run = find_any_run(db, session_id, message_id)
    if not run.aside or str(run.replaced_by) <= DELETED + isoformat(now):
        raise MessageNotFound(id=message_id)
    db.execute(update(runs).where(runs.c.id == run.id).values(replaced_by=None))
    shown = (messages.c.session_id == session_id) & runs.c.replaced_by.is_(None)
    first = (
        select(messages.c.id, parts.c.content)
        .join(runs, runs.c.id == messages.c.run_id)
        .join(parts, parts.c.message_id == messages.c.id)
        .where(shown, messages.c.role == "user", parts.c.part == 0)
        .order_by(messages.c.position)
        .limit(1)
    )
    found = db.execute(first).one()
    return str(found.content) if found.id == run.user_message_id else None


async def purge_messages(database: Database, now: datetime, rule: Callable[[str], str]) -> int:
    """Delete for good what is final by `now` (UTC), with the earlier versions it replaced: how many. `rule` as of
    `replacing.remove`."""
    due = select(chores.c.name).where(chores.c.name == CHORE)
    if not await database.look(lambda db: db.execute(due).first()):
        return 0
    gone = await database.at_once(lambda db: _purge(db, DELETED + isoformat(now), rule))
    if gone:
        database.deleted.set()
    return gone


def _purge(db: Connection, final: str, rule: Callable[[str], str]) -> int:
    columns = [runs.c[name] for name in RUN_FIELDS]
    found = [RunRow(*row) for row in db.execute(select(*columns).where(SET_ASIDE)).all()]
    due = [run for run in found if str(run.replaced_by) <= final]
    for run in due:
        unname(db, run.session_id, remove_run(db, run), rule)
    if len(due) == len(found):
        db.execute(delete(chores).where(chores.c.name == CHORE))
    return len(due)
