"""Where an answer can't be stored, its readers are told once, nothing of what was acknowledged is lost, and the chat goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from mandrake_jupyter.errors import StoreFull, StoreLocked
from mandrake_jupyter.stores.backends import sqlite as module
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.migrate import HEAD

from .conftest import collect, types


@contextmanager
def full(database: Database) -> Iterator[None]:
    """The file may not grow any more, which SQLite calls a full disk."""

    def no_room(connection: Any) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")

    def room(connection: Any) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")

    assert database._engine is not None
    assert database._whole is not None
    engines = (database._engine.sync_engine, database._whole)
    for engine in engines:
        event.listen(engine, "begin", no_room)
    yield
    for engine in engines:
        event.remove(engine, "begin", no_room)
        event.listen(engine, "begin", room)


def terminal(events: list[Any]) -> list[str]:
    return [one.type for one in events if one.terminal]


async def test_an_answer_that_no_longer_fits_ends_once_and_the_next_one_fits(chat: Any) -> None:
    go = asyncio.Event()
    made = await chat(["begun. ", go, "x" * 400_000], ["fine"])
    coordinator = await made.open()
    run = await coordinator.post("hello")
    watched = asyncio.ensure_future(collect(coordinator, run.id))
    begun = await collect(coordinator, run.id, until=lambda event: event.type == "token")
    assert begun[-1].data["content"] == "begun. "
    with full(made.database):
        go.set()
        events = await watched
        assert terminal(events) == ["error"]
        assert events[-1].data["code"] == "store_full"
        assert events[-1].data["then"].startswith("What was stored is kept")
        with pytest.raises(StoreFull):
            await coordinator.post("y" * 200_000)
        assert [message["role"] for message in await coordinator.messages()] == ["user", "assistant"]
    second = await coordinator.post("again")
    assert types(await collect(coordinator, second.id))[-1] == "complete"
    again = await collect(coordinator, run.id)
    assert terminal(again) == ["error"]
    assert again[-1].seq > begun[-1].seq
    assert [message["status"] for message in await coordinator.messages()] == [
        "complete",
        "failed",
        "complete",
        "complete",
    ]


async def test_a_message_that_can_not_be_stored_is_refused_and_not_begun(
    chat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 50)
    made = await chat(["fine"])
    await made.database.close()
    made.database = Database(made.database.path)
    coordinator = await made.open()
    with closing(sqlite3.connect(made.database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreLocked):
            await coordinator.post("hello")
        assert await coordinator.messages() == []
        assert not coordinator.busy
    assert made.model.requests == []
    run = await coordinator.post("hello")
    assert types(await collect(coordinator, run.id))[-1] == "complete"


async def test_a_chat_with_an_answer_that_can_not_be_taken_up_is_read_and_taken_up_later(chat: Any) -> None:
    made = await chat([asyncio.Event()])
    dead = await made.open("dead")
    run = await dead.post("hello")
    await collect(dead, run.id, until=lambda event: event.type == "start")
    with closing(sqlite3.connect(made.database.path)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    mine = await made.open("mine")
    assert [message["status"] for message in await mine.messages()] == ["complete", "running"]
    with closing(sqlite3.connect(made.database.path)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = ?", (HEAD,))
    assert terminal(await collect(mine, run.id)) == ["error"]
    await dead.close()
