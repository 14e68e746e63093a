"""Jupyter servers that share a PostgreSQL, from data dirs of their own, see which of them live."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.stores import instances_postgresql as module
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.instances import Instances
from mandrake_jupyter.stores.instances_postgresql import SharedInstances
from tests.support.mcp_leaks import eventually
from tests.support.places import postgresql
from tests.support.postgres import Postgres

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"


@pytest.fixture
def schema(postgres: Postgres) -> Iterator[str]:
    with postgres.schema() as schema:
        yield schema


@pytest.fixture
def server(
    postgres: Postgres,
    schema: str,
    tmp_path: Path,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[str], SharedInstances]]:
    monkeypatch.setattr(module, "GRACE", 0)
    made: list[tuple[SharedInstances, Database]] = []

    def make(name: str) -> SharedInstances:
        backend = postgresql(postgres.url(schema))
        database = Database(backend)
        instances = SharedInstances(backend, database, Instances(tmp_path / name, name))
        made.append((instances, database))
        instances.hold()
        return instances

    yield make
    for instances, database in made:
        instances.release()
        jp_asyncio_loop.run_until_complete(database.close())


async def test_who_holds_its_lock_lives_wherever_its_data_dir_is(server: Any) -> None:
    one, two = server("one"), server("two")
    assert await one.alive("one")
    assert await one.alive("two")
    assert await two.alive("one")
    assert not await one.alive("never seen")
    one.release()
    async with asyncio.timeout(10):
        while await two.alive("one"):
            await asyncio.sleep(0)


async def test_many_looks_at_once_take_nothing_from_whom_they_look_for(server: Any) -> None:
    one, two = server("one"), server("two")
    assert all(await asyncio.gather(*(one.alive("two") for _ in range(20))))
    assert one.intact()
    assert two.intact()


async def test_a_lost_connection_is_a_lost_lock_which_is_taken_again(
    server: Any, postgres: Postgres, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = server("one"), server("two")
    postgres.sql(CUT, schema)
    await eventually(lambda: not one.intact())
    assert one.keep()
    assert one.intact()
    assert not await one.alive("two")
    assert two.keep()
    assert await one.alive("two")
    monkeypatch.setattr(module, "GRACE", 3600)
    assert await one.alive("a server that has not come back yet"), "it lost its own just now"


async def test_who_lost_its_own_lock_unawares_takes_nobody_for_dead(
    server: Any, postgres: Postgres, schema: str
) -> None:
    """As where one process of PostgreSQL crashes: it cuts off all of them, and was not started anew."""
    one, two = server("one"), server("two")
    postgres.sql(CUT, schema)
    await eventually(lambda: not postgres.connections(schema))
    assert await two.alive("one")
    assert two.keep()
    assert not await two.alive("one")
    assert one.keep()


async def test_a_lock_that_comes_back_after_the_release_is_not_kept(
    server: Any, postgres: Postgres, schema: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = server("one")
    postgres.sql(CUT, schema)
    await eventually(lambda: not one.intact())
    connect, asked, may = one._backend.connect, threading.Event(), threading.Event()

    def slow() -> Any:
        asked.set()
        assert may.wait(10)
        return connect()

    monkeypatch.setattr(one._backend, "connect", slow)
    keeping = asyncio.ensure_future(asyncio.to_thread(one.keep))
    await eventually(asked.is_set)
    one.release()
    may.set()
    assert not await keeping
    await eventually(lambda: not postgres.connections(schema))
    assert not list((tmp_path / "one").iterdir())


async def test_soon_after_a_start_of_postgresql_nobody_is_taken_for_dead(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = server("one")
    monkeypatch.setattr(module, "GRACE", 10**9)
    assert await one.alive("another, which has not come back yet")


async def test_a_name_that_somebody_has_is_not_taken(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OWN_LOCK", 1)
    one, thief = server("one"), server("two")
    thief.own = "one"
    thief._connection.close()
    assert not thief.keep()
    assert one.intact()
