"""Edit, regenerate and delete in the database: runs that give way to another one, and runs that are removed for good.

A run that was replaced stays as it was, out of the history; only a delete takes rows away. One that may be undone: ``aside``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.engine import Connection

from ..errors import AlreadyReplaced, Busy, MessageNotFound
from ..values import isoformat, utcnow
from .rows import DELETED, RUN_FIELDS, UNFINISHED, WITHDRAWN, Message, RunRow
from .tables import messages, runs
from .titling import name_by_words, unname

AT_WORK = "An answer is at work or waits in this chat."
KEPT = "Nothing was changed. Wait until it is done, or stop it."


#: Whether a run was deleted, and may come back; and that it was not.
SET_ASIDE = runs.c.replaced_by.startswith(DELETED)
NOT_ASIDE = or_(runs.c.replaced_by.is_(None), ~SET_ASIDE)


@dataclass(frozen=True)
class Place:
    """A question in a chat and the run that answers it; `role` is that of the message by which it was found."""

    role: str
    run: RunRow
    question: Message


def find_run(db: Connection, session_id: str, message_id: str) -> tuple[str, RunRow]:
    """(role, run) of a message. Raises MessageNotFound, also for one that was deleted, or taken back while it waited."""
    role, run = find_any_run(db, session_id, message_id)
    if run.aside:
        raise MessageNotFound(id=message_id)
    return role, run


def find_any_run(db: Connection, session_id: str, message_id: str) -> tuple[str, RunRow]:
    """Likewise, also of one that was deleted and may come back."""
    query = (
        select(messages.c.role, *(runs.c[name] for name in RUN_FIELDS))
        .join(runs, runs.c.id == messages.c.run_id)
        .where(messages.c.session_id == session_id, messages.c.id == message_id)
    )
    found = db.execute(query).one_or_none()
    if found is None or (run := RunRow(*found[1:])).finish_reason == WITHDRAWN:
        raise MessageNotFound(id=message_id)
    return found[0], run


def give_way(db: Connection, run: RunRow, place: Place) -> None:
    """`run`, which is about to be stored, takes the place of the run at `place` and of all later ones.

    Raises Busy while anything in the chat is unfinished, AlreadyReplaced, MessageNotFound; and then changes nothing. A
    run that was stored before with the same key is left to the table to find.
    """
    own = runs.c.session_id == run.session_id
    if (
        run.idempotency_key
        and db.execute(select(runs.c.id).where(own, runs.c.idempotency_key == run.idempotency_key)).first()
    ):
        return
    if db.execute(select(runs.c.id).where(own, runs.c.state.in_(UNFINISHED))).first():
        raise Busy(AT_WORK, then=KEPT)
    _, replaced = find_run(db, run.session_id, place.question.id)
    if replaced.replaced_by is not None:
        raise AlreadyReplaced()
    first = select(messages.c.position).where(messages.c.id == replaced.user_message_id).scalar_subquery()
    later = select(messages.c.run_id).where(
        messages.c.session_id == run.session_id, messages.c.position >= first
    )
    deleted = own & SET_ASIDE & runs.c.id.in_(later)  # it has no place to come back to
    db.execute(update(runs).where(deleted).values(replaced_by=DELETED + isoformat(utcnow())))
    where = own & runs.c.replaced_by.is_(None) & runs.c.id.in_(later)
    db.execute(update(runs).where(where).values(replaced_by=run.id))


def take_back(db: Connection, run: RunRow) -> None:
    """A run that was withdrawn before it began gives back what it had replaced."""
    own = (runs.c.session_id == run.session_id) & (runs.c.replaced_by == run.id)
    db.execute(update(runs).where(own).values(replaced_by=None))


def remove(
    db: Connection, session_id: str, message_id: str, name: str | None, rule: Callable[[str], str]
) -> None:
    """A question with its answer, and with the earlier versions of it that it replaced, with all their rows. `name` is what
    the chat goes by from then on, where its name came of their words; where a model made a title of them, `rule` makes one of
    the first words that are left.

    What had followed those versions stays stored as it was. Raises MessageNotFound, and Busy while it is at work.
    """
    _, run = find_run(db, session_id, message_id)
    check_ended(run)
    versions = remove_run(db, run)
    if name is not None:
        name_by_words(db, session_id, name)
    unname(db, session_id, versions, rule)


def check_ended(run: RunRow) -> None:
    """Raises Busy."""
    if run.open:
        raise Busy("This answer is at work or waits.", then=KEPT)


def remove_run(db: Connection, run: RunRow) -> list[str]:
    """With the earlier versions of it, for good; the ids of all of them."""
    versions = _versions(db, run)
    db.execute(delete(runs).where(runs.c.session_id == run.session_id, runs.c.id.in_(versions)))
    return versions


def ids_aside(db: Connection, session_id: str) -> list[str]:
    """Of all that was deleted in that chat and may come back: the earlier versions, too."""
    found = select(*(runs.c[name] for name in RUN_FIELDS)).where(runs.c.session_id == session_id, SET_ASIDE)
    return [version for row in db.execute(found).all() for version in _versions(db, RunRow(*row))]


def _versions(db: Connection, run: RunRow) -> list[str]:
    """Newest first, from `run` on."""
    versions = [run.id]
    while (
        older := db.execute(_version_before(run.session_id, versions[-1])).scalar_one_or_none()
    ) is not None:
        versions.append(older)
    return versions


def _version_before(session_id: str, run_id: str) -> Select[Any]:
    """The first of the runs that `run_id` replaced is the one that was edited or asked again."""
    return (
        select(runs.c.id)
        .join(messages, messages.c.id == runs.c.user_message_id)
        .where(runs.c.session_id == session_id, runs.c.replaced_by == run_id)
        .order_by(messages.c.position)
        .limit(1)
    )
