"""Runs, messages, parts and events in the database. What a reader has been shown is here first ("durable first")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, bindparam, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from ..errors import RunningElsewhere, RunNotFound, SessionNotFound
from ..lifecycle.crash_points import Act, about_to, did
from ..values import Event
from . import grants, tables
from .auditing import put_records
from .columns import Put
from .database import Database
from .deleting import ASIDE
from .history import PART_COLUMNS, RUN_COLUMNS, Page, message_of, read_history
from .images import put_images
from .passages import at_rest, put_message
from .replacing import NOT_ASIDE, Place, find_run, give_way, remove, take_back
from .replaying import Replay, add_events, last_seq
from .rows import UNFINISHED, WITHDRAWN, Message, Part, RunRow
from .tables import messages, runs, sessions
from .titling import name_by_words

#: What changes of a part once it is there.
CHANGING = ("content", "last_seq", "call", "status", "decision", "by", "arguments", "result")
PUT = Put(tables.parts, ("message_id", "part"), lambda new: {name: new[name] for name in CHANGING})
#: Whether a run is another Jupyter server's now, or has ended: it was taken up although somebody was still at it.
TAKEN = select(runs.c.id).where(
    runs.c.id == bindparam("run"),
    or_(runs.c.instance != bindparam("own"), runs.c.state.not_in(UNFINISHED)),
)


class RunStore:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def begin(
        self, run: RunRow, question: Message, session_values: Mapping[str, Any], place: Place | None = None
    ) -> tuple[RunRow, bool]:
        """Commit a run, its question and its empty answer. Returns the run and whether it is new.

        The same idempotency key in the same session gives the first run back and writes nothing. With `place` the run
        there and all later ones are replaced by this; errors as of `give_way`.
        """
        about_to(Act.MESSAGE)
        try:
            async with self.database.write() as db:
                others = _unfinished(run.session_id).where(runs.c.instance != run.instance)
                if (await db.execute(others)).first():
                    raise RunningElsewhere()
                if place is not None:
                    await db.run_sync(give_way, run, place)
                await db.execute(insert(runs).values(**asdict(run)))
                for message_id, role, attached in (
                    (question.id, "user", [dict(a) for a in question.attachments]),
                    (run.message_id, "assistant", []),
                ):
                    await db.execute(
                        insert(messages).values(
                            id=message_id,
                            session_id=run.session_id,
                            run_id=run.id,
                            role=role,
                            created=run.created,
                            attachments=attached,
                        )
                    )
                await db.run_sync(_put_parts, question.id, question.parts)
                await db.run_sync(put_images, question)
                own = (sessions.c.id == run.session_id) & ~ASIDE
                values = dict(session_values)
                name = values.pop("name", None)
                if not (await db.execute(update(sessions).where(own).values(**values))).rowcount:
                    raise SessionNotFound(session=run.session_id)
                await db.run_sync(put_message, question.id)
                if name is not None:
                    await db.run_sync(name_by_words, run.session_id, name)
        except IntegrityError:
            if found := run.idempotency_key and await self.by_key(run.session_id, run.idempotency_key):
                return found, False
            raise SessionNotFound(session=run.session_id) from None
        did(Act.MESSAGE)
        return run, True

    async def attach(self, run: RunRow, question: Message) -> None:
        """Put what is attached to the question of `run`. Raises RunningElsewhere as `commit` does."""
        attached = [dict(a) for a in question.attachments]

        def put(db: Connection) -> None:
            _check_owner(db, run)
            db.execute(update(messages).where(messages.c.id == question.id).values(attachments=attached))

        await self.database.at_once(put)

    async def by_key(self, session_id: str, key: str) -> RunRow | None:
        where = (runs.c.session_id == session_id) & (runs.c.idempotency_key == key)
        async with self.database.read() as db:
            found = (await db.execute(select(*RUN_COLUMNS).where(where))).one_or_none()
        return RunRow(*found) if found else None

    async def adopt(self, run: RunRow, instance: str) -> RunRow | None:
        """Make an unfinished run `instance`'s own, if it still is the one that `run` says; else None."""
        async with self.database.write() as db:
            where = (runs.c.id == run.id) & (runs.c.instance == run.instance) & runs.c.state.in_(UNFINISHED)
            taken = await db.execute(update(runs).where(where).values(instance=instance))
            if not taken.rowcount:
                return None
            return RunRow(*(await db.execute(select(*RUN_COLUMNS).where(runs.c.id == run.id))).one())

    async def get(self, session_id: str, run_id: str) -> RunRow:
        """Raises RunNotFound, also in a chat that was put aside, be it by another Jupyter server while it is open here."""
        shown = runs.c.session_id.in_(select(sessions.c.id).where(sessions.c.id == session_id, ~ASIDE))
        where = shown & (runs.c.id == run_id) & NOT_ASIDE
        async with self.database.read() as db:
            found = (await db.execute(select(*RUN_COLUMNS).where(where))).one_or_none()
        if not found:
            raise RunNotFound(run=run_id)
        return RunRow(*found)

    async def unfinished(self, session_id: str) -> list[RunRow]:
        async with self.database.read() as db:
            return [RunRow(*row) for row in await db.execute(_unfinished(session_id))]

    async def commit(
        self,
        run: RunRow,
        *,
        parts: Iterable[Part] = (),
        events: Iterable[Event] = (),
        columns: Mapping[str, Any] | None = None,
    ) -> None:
        """One transaction: parts of the answer put, events added, columns of the run set.

        Raises RunningElsewhere, and writes nothing, when another server has taken the run over, as it took this one for dead,
        and when the run has ended: there is one end.
        """

        parts, events = list(parts), list(events)

        def put(db: Connection) -> None:
            _check_owner(db, run)
            _put_parts(db, run.message_id, parts)
            add_events(db, events)
            put_records(db, run, parts, events, columns)
            if columns:
                db.execute(update(runs).where(runs.c.id == run.id).values(**columns))
                if columns.get("finish_reason") == WITHDRAWN:
                    take_back(db, run)
                if at_rest(columns.get("state")):
                    put_message(db, run.message_id)

        await self.database.at_once(put)

    async def decide(
        self,
        run: RunRow,
        part: Part,
        events: Iterable[Event],
        grant: Mapping[str, Any] | None = None,
        *,
        reason: str = "",
        edited: bool = False,
    ) -> bool:
        """True for the one caller whose decision counts; see `grants.decide`. Raises RunningElsewhere as `commit` does."""

        def put(db: Connection) -> bool:
            _check_owner(db, run)
            won = grants.decide(db, run, part, grant, reason=reason, edited=edited)
            if won:
                add_events(db, events)
            return won

        return await self.database.at_once(put)

    async def place(self, session_id: str, message_id: str) -> Place:
        """Where a message stands. Raises MessageNotFound."""
        async with self.database.read() as db:
            role, run = await db.run_sync(find_run, session_id, message_id)
        return Place(role, run, await self.message(run.user_message_id))

    async def remove(
        self, session_id: str, message_id: str, name: str | None, rule: Callable[[str], str]
    ) -> None:
        """See `replacing.remove`."""
        async with self.database.write() as db:
            await db.run_sync(remove, session_id, message_id, name, rule)
        self.database.deleted.set()

    async def history(self, session_id: str, *, replaced: bool = False) -> list[tuple[Message, RunRow]]:
        """All messages of a session with their parts and runs, oldest first; those that were replaced only on demand."""
        page = await self.database.look(lambda db: read_history(db, session_id, replaced=replaced))
        return page.found

    async def page(
        self, session_id: str, *, replaced: bool = False, limit: int | None = None, before: int | None = None
    ) -> Page:
        """What is shown of them, without those that were taken back while they waited; see `read_history`."""

        def read(db: Connection) -> Page:
            return read_history(
                db, session_id, replaced=replaced, withdrawn=False, limit=limit, before=before
            )

        return await self.database.look(read)

    async def result(self, session_id: str, call_id: str) -> str | None:
        """What a tool call of that session answered; None where there is no such call, or no answer."""
        of = tables.parts.join(messages, messages.c.id == tables.parts.c.message_id)
        where = (messages.c.session_id == session_id) & (tables.parts.c.call_id == call_id)
        async with self.database.read() as db:
            found = (await db.execute(select(tables.parts.c.result).select_from(of).where(where))).scalar()
        return found and (found.get("content") or found.get("error"))

    async def answer(self, run: RunRow) -> Message:
        """The answer of one run with its parts."""
        return await self.message(run.message_id)

    async def message(self, message_id: str) -> Message:
        async with self.database.read() as db:
            row = (await db.execute(select(messages).where(messages.c.id == message_id))).one()
            query = select(tables.parts.c.message_id, *PART_COLUMNS).where(
                tables.parts.c.message_id == message_id
            )
            return message_of(row, (await db.execute(query.order_by(tables.parts.c.part))).all())

    def replaying(self, run: RunRow, after: int = 0) -> Replay:
        """A reader's place in what is stored of the run's events, behind `after`."""
        return Replay(self.database, run, after)

    async def replay(self, run: RunRow, after: int = 0) -> list[Event]:
        """The run's events after `after`, a text part as one merged token; ordered by seq."""
        return await self.replaying(run, after).rest()

    async def last_seq(self, run: RunRow) -> int:
        return await last_seq(self.database, run)


def _check_owner(db: Connection, run: RunRow) -> None:
    if db.execute(TAKEN, {"run": run.id, "own": run.instance}).first():
        raise RunningElsewhere()


def _unfinished(session_id: str) -> Select[Any]:
    where = (runs.c.session_id == session_id) & runs.c.state.in_(UNFINISHED)
    return select(*RUN_COLUMNS).where(where).order_by(runs.c.created, runs.c.id)


def _put_parts(db: Connection, message_id: str, changed: Iterable[Part]) -> None:
    for part in changed:
        db.execute(PUT.of(db), {**vars(part), "message_id": message_id})
