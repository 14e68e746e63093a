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
from .rows import DELETED, RUN_FIELDS, WITHDRAWN, RunRow
from .tables import chores, messages, parts, runs, sessions
from .titling import name_by_words, unname

CHORE = "messages"


async def put_aside(
    database: Database, session_id: str, message_id: str, until: datetime, name: str | None
) -> None:
    """A question with its answer, by the id of either, until then (UTC); `name` as of `replacing.remove`.

    Raises MessageNotFound, Busy."""
    await database.at_once(lambda db: _put_aside(db, session_id, message_id, until, name))


async def restore(
    database: Database, session_id: str, message_id: str, now: datetime, rule: Callable[[str], str]
) -> None:
    """Take it back, unless it is final by `now` (UTC). Where the chat begins with it now, an unnamed one is called by its words,
    of which `rule` makes a name. Raises MessageNotFound, also for what nobody deleted."""
    await database.at_once(lambda db: _restore(db, session_id, message_id, now, rule))


def _put_aside(db: Connection, session_id: str, message_id: str, until: datetime, name: str | None) -> None:
    _, run = find_run(db, session_id, message_id)
    check_ended(run)
    db.execute(update(runs).where(runs.c.id == run.id).values(replaced_by=DELETED + isoformat(until)))
    none = ~exists().where(chores.c.name == CHORE)
    db.execute(insert(chores).from_select(["name"], select(literal(CHORE)).where(none)))
    if name is not None:
        name_by_words(db, session_id, name)


def _restore(
    db: Connection, session_id: str, message_id: str, now: datetime, rule: Callable[[str], str]
) -> None:
    _, run = find_any_run(db, session_id, message_id)
    if not run.aside or str(run.replaced_by) <= DELETED + isoformat(now):
        raise MessageNotFound(id=message_id)
    db.execute(update(runs).where(runs.c.id == run.id).values(replaced_by=None))
    shown = (messages.c.session_id == session_id) & runs.c.replaced_by.is_(None)
    shown &= runs.c.finish_reason.is_distinct_from(WITHDRAWN)
    first = (
        select(messages.c.id, parts.c.content)
        .join(runs, runs.c.id == messages.c.run_id)
        .join(parts, parts.c.message_id == messages.c.id)
        .where(shown, messages.c.role == "user", parts.c.part == 0)
        .order_by(messages.c.position)
        .limit(1)
    )
    found = db.execute(first).one()
    if found.id == run.user_message_id:
        name_by_words(db, session_id, rule(found.content))


async def purge_messages(
    database: Database, now: datetime, rule: Callable[[str], str]
) -> list[tuple[str, str, bool]]:
    """Delete for good what is final by `now` (UTC), with the earlier versions it replaced: of each the ids of its workspace and
    session, and whether the chat has another name now. `rule` as of `replacing.remove`."""
    due = select(chores.c.name).where(chores.c.name == CHORE)
    if not await database.look(lambda db: db.execute(due).first()):
        return []
    gone = await database.at_once(lambda db: _purge(db, DELETED + isoformat(now), rule))
    if gone:
        database.deleted.set()
    return gone


def _purge(db: Connection, final: str, rule: Callable[[str], str]) -> list[tuple[str, str, bool]]:
    columns = [runs.c[name] for name in RUN_FIELDS]
    of = select(sessions.c.workspace_id, *columns).join(sessions, sessions.c.id == runs.c.session_id)
    found = [(workspace_id, RunRow(*row)) for workspace_id, *row in db.execute(of.where(SET_ASIDE))]
    due = [(workspace_id, run) for workspace_id, run in found if str(run.replaced_by) <= final]
    gone = [
        (workspace_id, run.session_id, unname(db, run.session_id, remove_run(db, run), rule))
        for workspace_id, run in due
    ]
    if len(due) == len(found):
        db.execute(delete(chores).where(chores.c.name == CHORE))
    return gone
