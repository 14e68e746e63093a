"""The database file: made at first use, migrated forward only, shared by servers, never half-written."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection

from mandrake_jupyter.errors import SessionNotFound, StoreUnavailable, WorkspaceNotFound
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.instances import Instances
from mandrake_jupyter.stores.migrate import HEAD, migrate, revision_of
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.stores.tables import metadata


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SessionStore]:
    database = Database(path)
    try:
        yield SessionStore(database)
    finally:
        await database.close()


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data" / "mandrake.sqlite"


def test_the_migrations_make_the_tables_of_the_code(path: Path, tmp_path: Path) -> None:
    migrate(path)
    engine = create_engine(f"sqlite:///{tmp_path / 'direct.sqlite'}")
    metadata.create_all(engine)
    engine.dispose()

    def shape(file: Path) -> dict[str, Any]:
        with closing(sqlite3.connect(file)) as db:
            names = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            found = {
                name: [tuple(c[1:4]) + tuple(c[5:]) for c in db.execute(f"PRAGMA table_info({name})")]
                for name in names
                if not name.startswith(("sqlite_", "alembic_", "search"))
            }
            indexes = db.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
            return {"tables": found, "indexes": sorted(r[0] for r in indexes)}

    assert shape(path) == shape(tmp_path / "direct.sqlite")
    assert revision_of(path) == HEAD


def test_the_file_is_private(path: Path) -> None:
    migrate(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("my thesis")
    with pytest.raises(StoreUnavailable):
        await Database(path).open()
    assert path.read_text() == "my thesis"


async def test_two_servers_open_a_new_file_at_once(path: Path, tmp_path: Path) -> None:
    async with opened(path) as one, opened(path) as two:
        rows = await asyncio.gather(one.workspace_for(tmp_path), two.workspace_for(tmp_path))
        assert rows[0] == rows[1]


async def test_many_askers_of_a_notebook_get_one_session(path: Path, tmp_path: Path) -> None:
    async with opened(path) as store:
        workspace = await store.workspace_for(tmp_path)
        rows = await asyncio.gather(*(store.create(workspace.id, notebook="a.ipynb") for _ in range(10)))
        assert len({row.id for row in rows}) == 1


async def test_unknown_ids_are_named(path: Path, tmp_path: Path) -> None:
    async with opened(path) as store:
        workspace = await store.workspace_for(tmp_path)
        with pytest.raises(SessionNotFound, match="ghost"):
            await store.get(workspace.id, "ghost")
        with pytest.raises(WorkspaceNotFound, match="ghost"):
            await store.workspace("ghost")


async def test_an_instance_is_alive_while_it_holds_its_lock(tmp_path: Path) -> None:
    one, two = Instances(tmp_path / "instances"), Instances(tmp_path / "instances")
    one.hold()
    two.hold()
    assert await two.alive(one.own)
    one.release()
    assert not await two.alive(one.own)
    assert not await two.alive("never-seen")
    two.release()
    assert list((tmp_path / "instances").iterdir()) == []


async def test_a_close_lets_what_is_under_way_end_and_nothing_new_begin(path: Path) -> None:
    database = Database(path)
    store = SessionStore(database)
    await store.workspace_for(path.parent)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def long() -> list[Any]:
        async with database.read() as connection:
            begun.set()
            await go_on.wait()
            return list(await connection.exec_driver_sql("SELECT path FROM workspaces"))

    reading = asyncio.ensure_future(long())
    await begun.wait()
    closing = asyncio.ensure_future(database.close())
    await asyncio.sleep(0)
    assert not closing.done()
    with pytest.raises(StoreUnavailable, match="stopping"):
        await store.workspaces()
    go_on.set()
    assert len(await reading) == 1
    await closing


async def test_a_write_at_once_that_is_cancelled_has_ended_before_its_caller(path: Path) -> None:
    database = Database(path)
    begun, go_on = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO workspaces VALUES ('w', '/p', 'n', 'now')")
        begun.set()
        assert go_on.wait(20)

    writing = asyncio.ensure_future(database.at_once(work))
    await asyncio.to_thread(begun.wait, 20)
    writing.cancel()
    await asyncio.sleep(0)
    assert not writing.done()
    go_on.set()
    await asyncio.wait([writing])
    assert writing.cancelled()
    async with database.read() as connection:
        assert (await connection.exec_driver_sql("SELECT path FROM workspaces")).scalar() == "/p"
    await database.close()
    with pytest.raises(StoreUnavailable, match="stopping"):
        await database.at_once(work)


async def test_a_write_at_once_that_fails_writes_nothing_and_says_why(path: Path) -> None:
    database = Database(path)

    def work(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO workspaces VALUES ('w', '/p', 'n', 'now')")
        connection.exec_driver_sql("INSERT INTO no_such_table VALUES (1)")

    with pytest.raises(StoreUnavailable, match="no_such_table"):
        await database.at_once(work)
    async with database.read() as connection:
        assert not list(await connection.exec_driver_sql("SELECT * FROM workspaces"))
    await database.close()
