"""A chat written down a second time under ids of its own: what is shown of it, in one transaction.

Left out is what was replaced, withdrawn or is still queued, and what people allowed: that was for the other chat. The record of
tool calls (the audit) is not copied either, as each call was made once. Plain SQL, for any database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import insert, literal, or_, select, update
from sqlalchemy.engine import Connection, Row

from ..errors import SessionNotFound
from ..values import Event
from ..values.images import IMAGE
from .database import Database
from .deleting import ASIDE
from .passages import put_message, put_parts, put_title
from .replaying import add_events
from .rows import RUN_FIELDS, UNFINISHED, WITHDRAWN, Part, RunRow, SessionRow
from .tables import events, images, messages, parts, passages, runs, sessions


@dataclass(frozen=True)
class Ended:
    """How a run that was at work ends in the copy: what changes of it, the calls that end with it, the events that say so."""

    columns: Mapping[str, Any]
    parts: Iterable[Part] = ()
    events: Iterable[Event] = ()


T = TypeVar("T")

#: Rows of a kind that are in memory, and on their way, at one time.
AT_ONCE = 100
#: Given the copied run, its tool calls that are open, and all its events.
End = Callable[[RunRow, list[Part], list[Event]], Ended]


@dataclass
class _Ids:
    """What each id is in the copy; the same one each time it is asked for."""

    known: dict[str, str] = field(default_factory=dict)

    def of(self, old: str) -> str:
        return self.known.setdefault(old, str(uuid4()))

    def of_call(self, old: str) -> str:
        return self.known.setdefault(old, f"call_{uuid4().hex}")

    def in_event(self, data: Mapping[str, Any]) -> dict[str, Any]:
        names = {"session_id", "message_id", "user_message_id", "call_id"} & data.keys()
        return {**data, **{name: self.known.get(data[name], data[name]) for name in names}}


async def copy_chat(
    database: Database,
    workspace_id: str,
    session_id: str,
    *,
    name: Callable[[str], tuple[str, bool]],
    now: str,
    end: End,
) -> SessionRow:
    """The new chat; `name` tells what it is called, from the name of the other, and whether it has that from there: then it goes
    with the words it was made of. Raises SessionNotFound."""

    def work(db: Connection) -> SessionRow:
        own = (sessions.c.id == session_id) & (sessions.c.workspace_id == workspace_id) & ~ASIDE
        if (found := db.execute(select(sessions).where(own)).one_or_none()) is None:
            raise SessionNotFound(session=session_id)
        ids = _Ids()
        other = SessionRow(*found)
        called, same = name(other.name)
        row = replace(
            other,
            id=ids.of(other.id),
            name=called,
            titled=True,
            notebook=None,
            created=now,
            last_activity=now,
        )
        db.execute(insert(sessions).values(**row.__dict__))
        copied = _copy_runs(db, session_id, ids)
        put_title(db, row.id, row.name, _named_by(db, other, copied) if same else None)
        _copy_messages(db, session_id, copied, ids)
        heard = _copy_events(db, copied, ids)
        for run in copied.values():
            if run.state in UNFINISHED:
                _end(db, run, end, heard.get(run.id, []))
                put_message(db, run.message_id)
        return row

    return await database.at_once(work)


def _copy_runs(db: Connection, session_id: str, ids: _Ids) -> dict[str, RunRow]:
    """The copies of all that is shown, by the ids of the others."""
    shown = (
        (runs.c.session_id == session_id)
        & runs.c.replaced_by.is_(None)
        & (runs.c.state != "queued")
        & or_(runs.c.finish_reason.is_(None), runs.c.finish_reason != WITHDRAWN)
    )
    copied: dict[str, RunRow] = {}
    for found in db.execute(
        select(*(runs.c[name] for name in RUN_FIELDS)).where(shown).order_by(runs.c.created)
    ).all():
        run = RunRow(*found)
        copied[run.id] = replace(
            run,
            id=ids.of(run.id),
            session_id=ids.of(session_id),
            user_message_id=ids.of(run.user_message_id),
            message_id=ids.of(run.message_id),
            idempotency_key=None,
        )
    for few in _few_of(copied.values()):
        db.execute(insert(runs), [asdict(run) for run in few])
    return copied


def _named_by(db: Connection, other: SessionRow, copied: Mapping[str, RunRow]) -> str | None:
    """The copy of the run of whose words the chat's name was made; None where a person gave it, and where nothing was said."""
    if not other.titled:
        return next((run.id for run in copied.values()), None)
    of = select(passages.c.run_id).where(passages.c.session_id == other.id, passages.c.kind == "title")
    run_id = db.execute(of).scalar()
    while run_id is not None and run_id not in copied:
        run_id = db.execute(select(runs.c.replaced_by).where(runs.c.id == run_id)).scalar()
    return run_id and copied[run_id].id


def _copy_messages(db: Connection, session_id: str, copied: Mapping[str, RunRow], ids: _Ids) -> None:
    of = select(messages).where(messages.c.session_id == session_id).order_by(messages.c.position)
    found = [row for row in db.execute(of) if row.run_id in copied]
    for few in _few_of(found):
        db.execute(insert(messages), [_message(row, ids) for row in few])
        _copy_parts(db, {row.id: row.run_id for row in few}, copied, ids)
    pictures = select(images.c.id, images.c.message_id).join(messages, messages.c.id == images.c.message_id)
    for picture in db.execute(pictures.where(messages.c.session_id == session_id)).all():
        if (message_id := ids.known.get(picture.message_id)) is not None:
            _copy_image(db, picture.id, ids.of(picture.id), message_id)


def _message(row: Row[Any], ids: _Ids) -> dict[str, Any]:
    attached = [
        {**one, "id": ids.of(one["id"])} if one.get("type") == IMAGE else one for one in row.attachments
    ]
    own = {"id": ids.of(row.id), "session_id": ids.of(row.session_id), "run_id": ids.of(row.run_id)}
    return own | {"role": row.role, "created": row.created, "attachments": attached}


def _copy_parts(db: Connection, run_of: Mapping[str, str], copied: Mapping[str, RunRow], ids: _Ids) -> None:
    """Of these messages, and what can be searched of them; of what is yet to be ended that comes then."""
    rows = db.execute(select(parts).where(parts.c.message_id.in_(run_of)).order_by(parts.c.part)).all()
    if not rows:
        return
    new = [
        {
            **row._mapping,
            "message_id": ids.of(row.message_id),
            "call_id": row.call_id and ids.of_call(row.call_id),
        }
        for row in rows
    ]
    db.execute(insert(parts), new)
    runs_of = [copied[run_of[row.message_id]] for row in rows]
    put_parts(
        db,
        [
            (run.session_id, run.id, values)
            for run, values in zip(runs_of, new, strict=True)
            if run.state not in UNFINISHED or values["message_id"] == run.user_message_id
        ],
    )


def _copy_image(db: Connection, old: str, new: str, message_id: str) -> None:
    """The bytes never leave the database."""
    own = {"id": literal(new), "message_id": literal(message_id)}
    columns = [own.get(column.name, column) for column in images.c]
    db.execute(insert(images).from_select(images.c.keys(), select(*columns).where(images.c.id == old)))


def _copy_events(db: Connection, copied: Mapping[str, RunRow], ids: _Ids) -> dict[str, list[Event]]:
    """Those of what is yet to be ended, by the new id of the run."""
    heard: dict[str, list[Event]] = {}
    for few in _few_of(copied):
        found = db.execute(select(events).where(events.c.run_id.in_(few)).order_by(events.c.seq)).all()
        new = [
            Event(row.type, row.seq, ids.of(row.run_id), row.time, ids.in_event(row.data)) for row in found
        ]
        add_events(db, new)
        for row, event in zip(found, new, strict=True):
            if copied[row.run_id].state in UNFINISHED:
                heard.setdefault(event.run_id, []).append(event)
    return heard


def _few_of(found: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(found)
    while few := list(islice(rest, AT_ONCE)):
        yield few


def _end(db: Connection, run: RunRow, end: End, heard: list[Event]) -> None:
    own = (parts.c.message_id == run.message_id) & (parts.c.type == "tool")
    columns = [column for column in parts.c if column is not parts.c.message_id]
    calls = [Part(**row._mapping) for row in db.execute(select(*columns).where(own).order_by(parts.c.part))]
    last = db.execute(select(parts.c.last_seq).where(parts.c.message_id == run.message_id)).scalars().all()
    # Texts have numbers of their own: the end comes after them, too.
    reached = max([*last, *(event.seq for event in heard)], default=0)
    ended = end(run, [part for part in calls if part.pending], heard)
    numbered = [replace(event, seq=reached + 1 + at) for at, event in enumerate(ended.events)]
    for part in ended.parts:
        values = {"status": part.status, "result": part.result}
        place = (parts.c.message_id == run.message_id) & (parts.c.part == part.part)
        seq = next((e.seq for e in numbered if e.data.get("call_id") == part.call_id), part.last_seq)
        db.execute(update(parts).where(place).values(**values, last_seq=seq))
    add_events(db, numbered)
    db.execute(update(runs).where(runs.c.id == run.id).values(**ended.columns))
