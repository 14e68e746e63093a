"""Titles that a model gives: for which chat one is due, and setting it unless a person was first."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import exists, func, select, update
from sqlalchemy.engine import Connection

from .database import Database
from .deleting import ASIDE
from .passages import put_title
from .rows import UNTITLED, WITHDRAWN
from .tables import messages, parts, passages, runs, sessions

#: Characters of a text that are read.
READ = 4_000


async def due(database: Database, session_id: str, run_id: str) -> tuple[str, str] | None:
    """(question, answer), where `run_id` is the first complete answer of a chat that nobody named; else None.

    The user's own ``/tool`` calls are no answers.
    """
    question = func.substr(parts.c.content, 1, READ)
    complete = (
        select(runs.c.id, runs.c.message_id, question)
        .join(parts, parts.c.message_id == runs.c.user_message_id)
        .join(sessions, sessions.c.id == runs.c.session_id)
        .where(runs.c.session_id == session_id, runs.c.state == "done", runs.c.replaced_by.is_(None))
        .where(~sessions.c.titled, ~ASIDE)
        .order_by(runs.c.created)
    )
    async with database.read() as db:
        rows = await db.execute(complete)
        asked = next((row for row in rows if row[2].split(maxsplit=1)[:1] != ["/tool"]), None)
        if asked is None or asked[0] != run_id:
            return None
        text = select(func.substr(parts.c.content, 1, READ)).where(
            parts.c.message_id == asked[1], parts.c.type == "text"
        )
        said = (await db.execute(text.order_by(parts.c.part))).scalars().all()
    return asked[2], "\n".join(said)[:READ]


async def give(database: Database, session_id: str, run_id: str, title: str) -> bool:
    """Whether it was set: not over a name that a person gave meanwhile, nor for a chat that is gone, nor where the answer of
    `run_id`, which it is made of, was deleted or replaced."""
    there = exists().where(runs.c.id == run_id, runs.c.replaced_by.is_(None))
    own = (sessions.c.id == session_id) & ~sessions.c.titled & ~ASIDE & there
    async with database.write() as db:
        if not (await db.execute(update(sessions).where(own).values(name=title, titled=True))).rowcount:
            return False
        await db.run_sync(put_title, session_id, title, run_id)
        return True


def name_by_words(db: Connection, session_id: str, name: str) -> None:
    """Unless a person or a model named it meanwhile."""
    own = (sessions.c.id == session_id) & ~sessions.c.titled
    if db.execute(update(sessions).where(own).values(name=name)).rowcount:
        put_title(db, session_id, name)


def unname(db: Connection, session_id: str, run_ids: Collection[str], rule: Callable[[str], str]) -> bool:
    """These runs were deleted: where the chat's title was made of one of them, its first words name it again. Whether so."""
    own = (passages.c.session_id == session_id) & (passages.c.kind == "title")
    if db.execute(select(passages.c.id).where(own, passages.c.run_id.in_(run_ids))).first() is None:
        return False
    left = (
        select(parts.c.content)
        .join(messages, messages.c.id == parts.c.message_id)
        .join(runs, runs.c.user_message_id == messages.c.id)
        .where(runs.c.session_id == session_id, runs.c.replaced_by.is_(None))
        .where(runs.c.finish_reason.is_distinct_from(WITHDRAWN))
        .order_by(messages.c.position, parts.c.part)
    )
    words = db.execute(left.limit(1)).scalar()
    name = UNTITLED if words is None else rule(words)
    db.execute(update(sessions).where(sessions.c.id == session_id).values(name=name, titled=False))
    put_title(db, session_id, name)
    return True
