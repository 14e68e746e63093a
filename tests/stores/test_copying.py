"""A long chat is copied in few statements: whoever else writes waits until it is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import event, func, insert, select
from sqlalchemy.engine import Connection, Engine

from mandrake_jupyter.registry.copying import named_after
from mandrake_jupyter.sessions.copying import left_behind
from mandrake_jupyter.stores.copying import copy_chat
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.passages import put_message
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.stores.tables import events, messages, parts, passages, runs
from mandrake_jupyter.values import isoformat, utcnow
from tests.support.places import BOTH

PLACES = BOTH
RUNS = 300
NOW = isoformat(utcnow())


def fill(db: Connection, session_id: str) -> None:
    """Questions with an answer each, as they are stored."""
    for n in range(RUNS):
        own = {"id": f"r{n}", "session_id": session_id, "instance": "gone", "state": "done", "created": NOW}
        db.execute(insert(runs).values(**own, user_message_id=f"u{n}", message_id=f"a{n}"))
        for message_id, role in ((f"u{n}", "user"), (f"a{n}", "assistant")):
            of = {"session_id": session_id, "run_id": f"r{n}", "created": NOW, "attachments": []}
            db.execute(insert(messages).values(id=message_id, role=role, **of))
            text = {"type": "text", "step": 0, "content": f"herons {n}", "last_seq": 1}
            db.execute(insert(parts).values(message_id=message_id, part=0, **text))
            put_message(db, message_id)
        db.execute(insert(events).values(run_id=f"r{n}", seq=2, type="complete", time=NOW, data={}))


def counts(db: Connection, session_id: str) -> list[int]:
    of_parts = parts.join(messages, messages.c.id == parts.c.message_id)
    of_events = events.join(runs, runs.c.id == events.c.run_id)
    found = []
    for place, own in (
        (runs, runs.c.session_id),
        (messages, messages.c.session_id),
        (of_parts, messages.c.session_id),
        (of_events, runs.c.session_id),
        (passages, passages.c.session_id),
    ):
        query = select(func.count()).select_from(place).where(own == session_id)
        found.append(int(db.execute(query).scalar_one()))
    return found


async def test_a_long_chat_is_copied_whole_in_few_statements(place: Any, tmp_path: Path) -> None:
    database = Database(place)
    try:
        store = SessionStore(database)
        workspace = await store.workspace_for(tmp_path)
        chat = await store.create(workspace.id, name="Birds")
        await database.at_once(lambda db: fill(db, chat.id))
        said: list[str] = []

        def say(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            said.append(statement)

        event.listen(Engine, "before_cursor_execute", say)
        try:
            copy = await copy_chat(
                database, workspace.id, chat.id, name=named_after(None), now=NOW, end=left_behind
            )
        finally:
            event.remove(Engine, "before_cursor_execute", say)
        assert len(said) < RUNS / 4
        first = await database.look(lambda db: counts(db, chat.id))
        assert await database.look(lambda db: counts(db, copy.id)) == first
        assert first == [RUNS, 2 * RUNS, 2 * RUNS, RUNS, 2 * RUNS + 1]
    finally:
        await database.close()
