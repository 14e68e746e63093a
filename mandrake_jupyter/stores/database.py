"""One database per Jupyter server: an async SQLAlchemy engine, opened at first use, migrated under a lock.

Every write is one ``BEGIN IMMEDIATE`` transaction, so two Jupyter servers on one data dir wait for each other instead of
failing half-way. Called by ``stores.sessions`` only.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, quote

from sqlalchemy import URL, create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ..errors import StoreUnavailable
from .access import Access, access, refuse_newer, store_error
from .checks import network_file_system

T = TypeVar("T")

BUSY_TIMEOUT_MS = 10_000
#: Transactions of `at_once` that may wait for each other, or for another Jupyter server; further ones wait for these.
AT_ONCE = 8
#: Of `look`, likewise.
LOOKS_AT_ONCE = 6
#: Seconds for which a close waits for transactions that are under way.
CLOSE_WITHIN = 0.5


class Database:
    """Opens `path` at first use. `read()` and `write()` give a connection inside a transaction, `at_once` runs one whole.

    `network` tells the type of a network file system, None for a local one.
    """

    def __init__(self, path: Path, network: Callable[[Path], str | None] = network_file_system) -> None:
        self.path = path
        self._network = network
        self._access: Access | None = None
        self._engine: AsyncEngine | None = None
        self._whole: Engine | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._lookers: ThreadPoolExecutor | None = None
        self._opening = asyncio.Lock()
        self._at_work = 0
        self._resting = asyncio.Event()
        self.deleted = (
            asyncio.Event()
        )  #: something was, and left what must go after it: see ``stores.upkeep``
        self._closed = False

    async def open(self) -> AsyncEngine:
        """Migrate if needed and connect, for reading only where no more is allowed; safe to call often.

        Raises :class:`StoreUnavailable`, or one below it, when the file can't be used, with the reason.
        """
        async with self._opening:
            if self._closed:
                raise StoreUnavailable(why="the Jupyter server is stopping")
            if self._engine is None:
                self._connect(await self._look())
                self._threads = ThreadPoolExecutor(AT_ONCE, "mandrake-store")
                self._lookers = ThreadPoolExecutor(LOOKS_AT_ONCE, "mandrake-look")
            assert self._engine is not None
            return self._engine

    @property
    def refusal(self) -> StoreUnavailable | None:
        """Why it was opened for reading only; None where it may be written."""
        return self._access.refusal if self._access else None

    async def _look(self) -> Access:
        try:
            return await asyncio.to_thread(access, self.path, self._network)
        except SQLAlchemyError as exc:  # of a migration
            raise store_error(exc, self.path) from exc

    def _connect(self, access: Access) -> None:
        self._access = access
        place = f"file:{quote(str(self.path.absolute()))}"
        asked = {**dict(parse_qsl(access.query)), "uri": "true"}
        self._engine = create_async_engine(URL.create("sqlite+aiosqlite", database=place, query=asked))
        self._whole = create_engine(URL.create("sqlite", database=place, query=asked))
        for engine in (self._engine.sync_engine, self._whole):
            _prepare(engine, access)

    async def _writable(self) -> None:
        """Raises what stands in the way of every write; looks anew each time, so that nobody needs to restart when it is gone."""
        await self.open()
        if self.refusal is None:
            return
        async with self._opening:
            if self._closed:
                return
            found = await self._look()
            if found.refusal is not None:
                raise found.refusal
            await _dispose(self._engine, self._whole)
            self._connect(found)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._transaction("DEFERRED") as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        await self._writable()
        async with self._transaction("IMMEDIATE") as connection:
            yield connection

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        """`work` in one write transaction, in a thread: for what is waited for, as each hop of `write()` takes longer than
        what it does there. Cancelled, it is still ended first, one way or the other.
        """
        await self._writable()
        return await self._in_thread(self._threads, "IMMEDIATE", work)

    async def look(self, work: Callable[[Connection], T]) -> T:
        """`work`, which only reads, likewise; it waits for no write."""
        await self.open()
        return await self._in_thread(self._lookers, "DEFERRED", work)

    async def _in_thread(
        self, threads: ThreadPoolExecutor | None, mode: str, work: Callable[[Connection], T]
    ) -> T:
        with self._working():
            doing = asyncio.get_running_loop().run_in_executor(threads, self._do, mode, work)
            try:
                return await asyncio.shield(doing)
            except asyncio.CancelledError:
                await asyncio.wait([doing])
                if not doing.cancelled():
                    doing.exception()
                raise

    def _do(self, mode: str, work: Callable[[Connection], T]) -> T:
        assert self._whole is not None
        with self._whole.connect() as connection:
            connection.execution_options(mandrake_begin=mode)
            with connection.begin():
                return work(connection)

    @asynccontextmanager
    async def _transaction(self, mode: str) -> AsyncIterator[AsyncConnection]:
        engine = await self.open()
        with self._working():
            async with engine.connect() as connection:
                await connection.execution_options(mandrake_begin=mode)
                async with connection.begin():
                    yield connection

    @contextmanager
    def _working(self) -> Iterator[None]:
        self._at_work += 1
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, sqlite3.Error) as exc:
            raise store_error(exc, self.path) from exc
        finally:
            self._at_work -= 1
            self._resting.set()

    async def close(self) -> None:
        """No further use; what is in work, of a request that is still under way, may end first."""
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN):
                while self._at_work:
                    self._resting.clear()
                    await self._resting.wait()
        for threads in (self._threads, self._lookers):
            if threads is not None:
                threads.shutdown(wait=False, cancel_futures=True)
        engine, whole, self._engine, self._whole = self._engine, self._whole, None, None
        await _dispose(engine, whole)


async def _dispose(engine: AsyncEngine | None, whole: Engine | None) -> None:
    if engine is not None and whole is not None:
        with suppress(OperationalError):
            await engine.dispose()
            await asyncio.to_thread(whole.dispose)


def _prepare(engine: Engine, access: Access) -> None:
    safe = "NORMAL" if access.journal == "WAL" else "FULL"
    journal = [] if access.refusal else [f"journal_mode={access.journal}", f"synchronous={safe}"]

    @event.listens_for(engine, "connect")
    def _connected(dbapi_connection: object, _record: object) -> None:
        # The driver's own BEGIN would be DEFERRED; ours comes in the "begin" event below.
        dbapi_connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = dbapi_connection.cursor()  # type: ignore[attr-defined]
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            *journal,
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("mandrake_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")
        if mode == "IMMEDIATE":
            refuse_newer(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
