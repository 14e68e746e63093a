"""Deleted is deleted: no word of it is left in any file; and what is too old goes by itself, but nothing that is at work."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mandrake_jupyter.errors import SessionNotFound
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.rows import Message, Part, RunRow, SessionRow
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.stores.upkeep import Keep, Upkeep
from mandrake_jupyter.values import Event, isoformat

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
#: One in each place that holds what was said.
WORDS = [
    "titlebird",
    "questionbird",
    "answerbird",
    "toolbird",
    "argumentbird",
    "eventbird",
    "imagebird",
    "auditbird",
]
FOR_EVER = Keep(0, 0, 0)


class Store:
    def __init__(self, database: Database, workspace_id: str) -> None:
        self.database, self.workspace_id = database, workspace_id
        self.sessions, self.runs, self.upkeep = SessionStore(database), RunStore(database), Upkeep(database)
        self.count = 0

    async def say(
        self, chat: SessionRow, words: list[str] = WORDS, *, moment: datetime = NOW, state: str = "done"
    ) -> RunRow:
        """An answer of each kind of row, with one of `words` in each."""
        _, question, answer, tool, argument, event, image, reason = words
        self.count += 1
        id, made = f"r{self.count}", isoformat(moment)
        asked = Message(f"{id}-q", chat.id, id, "user", made, (), (Part(0, "text", content=question),))
        run = RunRow(id, chat.id, "me", "calling_model", asked.id, f"{id}-a", made)
        await self.runs.begin(run, asked, {"last_activity": made})
        call = {"server": "s", "tool": "t"}
        parts = [
            Part(0, "text", content=f"{answer} " * 3_000, last_seq=1),
            Part(
                1, "tool", call_id=f"{id}-c", call=call, arguments={"x": argument}, result={"content": tool}
            ),
        ]
        events = [Event("toolCall", 1, id, made, {"x": event}), Event("complete", 2, id, made, {"usage": {}})]
        ended = {} if state == "calling_model" else {"state": state, "finished": made}
        await self.runs.commit(run, parts=parts, events=events, columns=ended)
        async with self.database.write() as db:
            await db.execute(
                text("INSERT INTO images VALUES (:id, :message, 'image/png', :data)"),
                {"id": f"{id}-i", "message": asked.id, "data": image.encode() * 2_000},
            )
            await db.execute(
                text(
                    "INSERT INTO audit (workspace_id, session_id, run_id, call_id, server, tool, schema_hash, arguments, "
                    "edited, asked, reason) VALUES (:w, :s, :r, :c, 's', 't', 'h', '{}', 0, :made, :reason)"
                ),
                {"w": self.workspace_id, "s": chat.id, "r": id, "c": id, "made": made, "reason": reason},
            )
        return run

    def anywhere(self, words: list[str] = WORDS) -> list[str]:
        """Those that stand in a file of the database, however deep."""
        files = [file.read_bytes() for file in self.database.path.parent.glob("mandrake.sqlite*")]
        return [word for word in words if any(word.encode() in file for file in files)]

    async def count_of(self, table: str) -> int:
        async with self.database.read() as db:
            return int((await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar() or 0)


@pytest.fixture
def store(tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Store]:
    database = Database(tmp_path / "mandrake.sqlite")
    workspace = jp_asyncio_loop.run_until_complete(SessionStore(database).workspace_for(tmp_path))
    yield Store(database, workspace.id)
    jp_asyncio_loop.run_until_complete(database.close())


def other(number: int) -> list[str]:
    return [f"{word}number{number}x" for word in ("a", "b", "c", "d", "e", "f", "g", "h")]


@pytest.mark.parametrize("way", ["deleted", "purged", "retired", "a run of it deleted"])
async def test_no_word_of_what_was_deleted_is_left_in_any_file(store: Store, way: str) -> None:
    chats = [await store.sessions.create(store.workspace_id, name=f"chat {n}") for n in range(10)]
    for number, chat in enumerate(chats):
        await store.say(chat, other(number))
    chat = await store.sessions.create(store.workspace_id, name=WORDS[0])
    run = await store.say(chat)
    await store.sessions.change(chat.id, name="renamed")
    assert len(store.anywhere()) == len(WORDS)
    if way == "deleted":
        await store.sessions.delete(chat.id)
    elif way == "purged":
        await store.sessions.put_aside(chat.id, NOW)
        await store.sessions.purge(NOW)
    elif way == "retired":
        await store.sessions.change(chat.id, last_activity=isoformat(NOW - timedelta(days=31)))
        assert await store.upkeep.retire(NOW, Keep(30, 0, 0)) == [(store.workspace_id, chat.id)]
    else:
        async with store.database.write() as db:
            await db.execute(text("DELETE FROM runs WHERE id = :id"), {"id": run.id})
    assert await store.upkeep.wipe() is True
    assert store.anywhere() == []
    assert await store.count_of("chores") == 0
    for number, kept in enumerate(chats):
        assert (await store.sessions.get(store.workspace_id, kept.id)).name == f"chat {number}"
        assert len(store.anywhere(other(number)[1:])) == 7
    with closing(sqlite3.connect(store.database.path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")


async def test_what_a_deletion_left_is_taken_once_nobody_reads_and_also_after_a_kill(store: Store) -> None:
    chat = await store.sessions.create(store.workspace_id)
    await store.say(chat)
    with closing(sqlite3.connect(store.database.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM parts").fetchone()
        await store.sessions.delete(chat.id)
        assert await store.upkeep.wipe() is False
        assert store.anywhere() != []
    again = Upkeep(Database(store.database.path))
    assert await again.wipe() is True
    assert store.anywhere() == []
    await again.database.close()


async def test_only_chats_that_nobody_used_for_so_long_are_retired(store: Store) -> None:
    async def chat(days: int, **kwargs: Any) -> SessionRow:
        made = await store.sessions.create(store.workspace_id)
        await store.say(made, other(store.count), moment=NOW - timedelta(days=days), **kwargs)
        return made

    young, old, held, working = (
        await chat(29),
        await chat(31),
        await chat(32),
        await chat(33, state="calling_model"),
    )
    aside = await chat(34)
    await store.sessions.put_aside(aside.id, NOW + timedelta(seconds=9))
    assert await store.upkeep.retire(NOW, FOR_EVER) == []
    assert await store.upkeep.retire(NOW, Keep(30, 0, 0), {held.id}) == [(store.workspace_id, old.id)]
    assert {row.id for row in await store.sessions.sessions()} == {young.id, held.id, working.id}
    await store.sessions.restore(store.workspace_id, aside.id, NOW)


async def test_very_many_are_retired_in_one_go(store: Store) -> None:
    for _ in range(250):
        await store.sessions.create(store.workspace_id)
    gone = await store.upkeep.retire(datetime(2030, 1, 1, tzinfo=UTC), Keep(1, 0, 0))
    assert len(gone) == 250
    assert await store.sessions.sessions() == []


async def test_old_audit_goes_but_not_that_of_an_answer_at_work(store: Store) -> None:
    chat = await store.sessions.create(store.workspace_id)
    for days, state in ((91, "done"), (89, "done"), (92, "calling_model")):
        await store.say(chat, other(days), moment=NOW - timedelta(days=days), state=state)
    await store.upkeep.retire(NOW, Keep(0, 90, 0))
    async with store.database.read() as db:
        kept = set((await db.execute(text("SELECT reason FROM audit"))).scalars())
    assert kept == {"hnumber89x", "hnumber92x"}
    assert await store.count_of("messages") == 6


async def test_of_an_answer_whose_events_are_gone_text_and_end_are_replayed(store: Store) -> None:
    chat = await store.sessions.create(store.workspace_id)
    old = await store.say(chat, moment=NOW - timedelta(days=91))
    young = await store.say(chat, other(1), moment=NOW - timedelta(days=89))
    working = await store.say(chat, other(2), moment=NOW - timedelta(days=99), state="calling_model")
    await store.upkeep.retire(NOW, Keep(0, 0, 90))
    assert [event.type for event in await store.runs.replay(old)] == ["token", "complete"]
    for run in (young, working):
        assert "toolCall" in [event.type for event in await store.runs.replay(run)]
    assert len(await store.runs.history(chat.id)) == 6


async def test_backups_of_updates_go_after_a_while(store: Store, tmp_path: Path) -> None:
    old, young, foreign = (
        tmp_path / name for name in ("mandrake.0001.backup", "mandrake.0002.backup", "x.backup")
    )
    for file in (old, young, foreign):
        file.write_text("")
    month = (datetime.now() - timedelta(days=31)).timestamp()
    for file in (old, foreign):
        os.utime(file, (month, month))
    assert await store.upkeep.drop_backups() == [old]
    assert (old.exists(), young.exists(), foreign.exists()) == (False, True, True)


async def test_a_deletion_wakes_who_looks_after_it(store: Store) -> None:
    chat = await store.sessions.create(store.workspace_id)
    assert not store.database.deleted.is_set()
    await store.sessions.delete(chat.id)
    assert store.database.deleted.is_set()
    with pytest.raises(SessionNotFound):
        await store.sessions.get(store.workspace_id, chat.id)
