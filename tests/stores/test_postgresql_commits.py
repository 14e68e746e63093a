"""A connection that breaks at a COMMIT, before or after PostgreSQL heard it: what is told is what was stored."""

from __future__ import annotations

import asyncio
import selectors
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from mandrake_jupyter.errors import StoreUnavailable
from mandrake_jupyter.stores.backends import postgresql_commit as module
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.sessions import SessionStore
from tests.support.places import postgresql
from tests.support.postgres import PASSWORD, Postgres


class Road:
    """To a PostgreSQL. Where `breaks` is set it ends at the next COMMIT, ``before`` or ``after`` that is done; with `shut` it
    is closed from then on."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.breaks: str | None = None
        self.shut = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._meet)]
        self._threads[0].start()

    def _meet(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._place))
            self._threads.append(threading.Thread(target=self._go, args=(near, far)))
            self._threads[-1].start()

    def _go(self, near: socket.socket, far: socket.socket) -> None:
        with near, far, selectors.DefaultSelector() as ready:
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in ready.select():
                    try:
                        said = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    except OSError:
                        return
                    if not said:
                        return
                    if key.fileobj is near and self.breaks and b"COMMIT\0" in said:
                        if self.breaks == "after":
                            far.sendall(said)
                            far.recv(65536)
                        self.breaks = None
                        if self.shut:
                            self.close()
                        return
                    key.data.sendall(said)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def join(self) -> None:
        if self._listening.fileno() >= 0:
            self.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def road(postgres: Postgres) -> Iterator[Road]:
    road = Road(postgres.home / f".s.PGSQL.{postgres.port}")
    yield road
    road.join()


@pytest.fixture
def store(
    postgres: Postgres, road: Road, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[SessionStore]:
    with postgres.schema() as schema:
        url = postgres.url(schema, password=PASSWORD).replace(f":{postgres.port}/", f":{road.port}/")
        database = Database(postgresql(url))
        yield SessionStore(database)
        jp_asyncio_loop.run_until_complete(database.close())


async def rename(store: SessionStore) -> None:
    await store.database.at_once(lambda db: db.execute(text("UPDATE workspaces SET name = 'tides'")))


async def test_what_was_committed_is_told_so_though_the_answer_was_lost(
    store: SessionStore, road: Road
) -> None:
    workspace = await store.workspace_for(Path("/p"))
    road.breaks = "after"
    row = await store.create(workspace.id)
    assert road.breaks is None
    assert await store.sessions() == [row]
    road.breaks = "after"
    await rename(store)
    assert road.breaks is None
    assert (await store.workspaces())[0].name == "tides"


async def test_what_was_not_committed_is_refused(store: SessionStore, road: Road) -> None:
    workspace = await store.workspace_for(Path("/p"))
    road.breaks = "before"
    with pytest.raises(StoreUnavailable):
        await store.create(workspace.id)
    assert await store.sessions() == []
    road.breaks = "before"
    with pytest.raises(StoreUnavailable):
        await rename(store)
    assert (await store.workspaces())[0].name == "p"


async def test_where_nobody_can_tell_any_more_it_is_refused(
    store: SessionStore, road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASK_WITHIN", 0.3)
    await store.workspace_for(Path("/p"))
    road.breaks, road.shut = "after", True
    with pytest.raises(StoreUnavailable):
        await rename(store)
