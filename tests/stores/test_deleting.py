"""A deleted chat is gone from everywhere at once, comes back until it is final, and then is gone for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mandrake_jupyter.errors import SessionNotFound
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.rows import Message, Part, RunRow, SessionRow, WorkspaceRow
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.stores.sessions import SessionStore
from tests.support.places import BOTH

PLACES = BOTH
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=60)


@pytest.fixture
def store(place: Any, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[SessionStore]:
    database = Database(place)
    yield SessionStore(database)
    jp_asyncio_loop.run_until_complete(database.close())


@pytest.fixture
def workspace(
    store: SessionStore, tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> WorkspaceRow:
    return jp_asyncio_loop.run_until_complete(store.workspace_for(tmp_path))


def asked(session: SessionRow, id: str = "r1", state: str = "done", instance: str = "one") -> tuple[Any, ...]:
    """A run, its question, and what it changes, as ``RunStore.begin`` takes them."""
    made = "2026-11-27T12:00:00.000000Z"
    question = Message(f"{id}-q", session.id, id, "user", made, (), (Part(0, "text", content="why?"),))
    run = RunRow(id, session.id, instance, state, question.id, f"{id}-a", made)
    return run, question, {"last_activity": made}


async def test_what_is_put_aside_is_nowhere(store: SessionStore, workspace: WorkspaceRow) -> None:
    kept, gone = await store.create(workspace.id), await store.create(workspace.id)
    await store.put_aside(gone.id, LATER)
    assert [row.id for row in await store.sessions()] == [kept.id]
    assert [row.id for row in await store.sessions(workspace.id)] == [kept.id]
    for refused in (
        store.get(workspace.id, gone.id),
        store.change(gone.id, name="mine"),
        store.put_aside(gone.id, LATER),
        RunStore(store.database).begin(*asked(gone)),
    ):
        with pytest.raises(SessionNotFound):
            await refused


async def test_nothing_is_begun_in_what_is_put_aside(store: SessionStore, workspace: WorkspaceRow) -> None:
    gone = await store.create(workspace.id)
    runs = RunStore(store.database)
    await store.put_aside(gone.id, LATER)
    with pytest.raises(SessionNotFound):
        await runs.begin(*asked(gone))
    assert await runs.history(gone.id) == []


async def test_nobody_takes_up_what_is_put_aside(store: SessionStore, workspace: WorkspaceRow) -> None:
    chat = await store.create(workspace.id)
    await RunStore(store.database).begin(*asked(chat, state="queued", instance="dead"))
    assert [run.session_id for run in await store.unfinished()] == [chat.id]
    await store.put_aside(chat.id, LATER)
    assert await store.unfinished() == []


async def test_it_comes_back_as_it_was_until_it_is_final(
    store: SessionStore, workspace: WorkspaceRow
) -> None:
    chat = await store.create(workspace.id, name="Tides", notebook="tides.ipynb", model="a/b")
    await RunStore(store.database).begin(*asked(chat))
    chat = await store.get(workspace.id, chat.id)
    await store.put_aside(chat.id, LATER)
    assert await store.restore(workspace.id, chat.id, NOW) == chat
    assert await store.get(workspace.id, chat.id) == chat
    assert len(await RunStore(store.database).history(chat.id)) == 2
    await store.put_aside(chat.id, LATER)
    with pytest.raises(SessionNotFound):
        await store.restore(workspace.id, chat.id, LATER)


async def test_what_was_not_deleted_or_lies_elsewhere_is_not_restored(
    store: SessionStore, workspace: WorkspaceRow, tmp_path: Path
) -> None:
    other = await store.workspace_for(tmp_path / "other")
    chat = await store.create(workspace.id)
    with pytest.raises(SessionNotFound):
        await store.restore(workspace.id, chat.id, NOW)
    await store.put_aside(chat.id, LATER)
    with pytest.raises(SessionNotFound):
        await store.restore(other.id, chat.id, NOW)


async def test_a_notebook_gets_a_new_chat_while_its_old_one_is_put_aside(
    store: SessionStore, workspace: WorkspaceRow
) -> None:
    old = await store.create(workspace.id, notebook="a.ipynb")
    await store.put_aside(old.id, LATER)
    new = await store.create(workspace.id, notebook="a.ipynb")
    assert new.id != old.id
    assert await store.create(workspace.id, notebook="a.ipynb") == new
    assert (await store.restore(workspace.id, old.id, NOW)).notebook is None


async def test_what_is_final_is_purged_with_all_that_hangs_on_it(
    store: SessionStore, workspace: WorkspaceRow
) -> None:
    runs = RunStore(store.database)
    now, later, kept = [await store.create(workspace.id) for _ in range(3)]
    for number, chat in enumerate((now, later, kept)):
        await runs.begin(*asked(chat, f"r{number}"))
    await store.put_aside(now.id, NOW)
    await store.put_aside(later.id, LATER)
    assert await store.purge(NOW) == [(workspace.id, now.id)]
    assert await store.purge(NOW) == []
    assert (await store.restore(workspace.id, later.id, NOW)).id == later.id
    async with store.database.read() as db:
        for table in ("runs", "messages"):
            found = await db.execute(text(f"SELECT DISTINCT session_id FROM {table}"))
            assert set(found.scalars()) == {later.id, kept.id}
        assert (await db.execute(text("SELECT count(*) FROM parts"))).scalar() == 2
