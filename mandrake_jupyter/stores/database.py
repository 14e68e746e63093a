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

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ..errors import StoreUnavailable

T = TypeVar("T")

BUSY_TIMEOUT_MS = 10_000
#: Transactions of `at_once` that may wait for each other, or for another Jupyter server; further ones wait for these.
AT_ONCE = 8
#: Seconds for which a close waits for transactions that are under way.
CLOSE_WITHIN = 0.5


class Database:
    """Opens `path` at first use. `read()` and `write()` give a connection inside a transaction, `at_once` runs one whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine: AsyncEngine | None = None
        self._whole: Engine | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._opening = asyncio.Lock()
        self._at_work = 0
        self._resting = asyncio.Event()
        self._closed = False

    async def open(self) -> AsyncEngine:
        """Migrate if needed and connect; safe to call often.

        Raises :class:`StoreUnavailable` when the file can't be used, with the reason.
        """
        async with self._opening:
            if self._closed:
                raise StoreUnavailable(why="the Jupyter server is stopping")
            if self._engine is None:
                from .migrate import migrate

                try:
                    await asyncio.to_thread(migrate, self.path)
                except (OSError, sqlite3.Error, DatabaseError, TimeoutError) as exc:
                    raise StoreUnavailable(why=_why(exc)) from exc
                self._engine = create_async_engine(f"sqlite+aiosqlite:///{self.path}")
                self._threads = ThreadPoolExecutor(AT_ONCE, "mandrake-store")
                self._whole = create_engine(f"sqlite:///{self.path}")
                for engine in (self._engine.sync_engine, self._whole):
                    _prepare(engine)
            return self._engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._transaction("DEFERRED") as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with self._transaction("IMMEDIATE") as connection:
            yield connection

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        """`work` in one write transaction, in a thread: for what is waited for, as each hop of `write()` takes longer than
        what it does there. Cancelled, it is still ended first, one way or the other.
        """
        await self.open()
        with self._working():
            doing = asyncio.get_running_loop().run_in_executor(self._threads, self._do, work)
            try:
                return await asyncio.shield(doing)
            except asyncio.CancelledError:
                await asyncio.wait([doing])
                if not doing.cancelled():
                    doing.exception()
                raise

    def _do(self, work: Callable[[Connection], T]) -> T:
        assert self._whole is not None
        with self._whole.connect() as connection:
            connection.execution_options(mandrake_begin="IMMEDIATE")
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
        except SQLAlchemyError as exc:
            raise StoreUnavailable(why=_why(exc)) from exc
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
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        engine, whole, self._engine, self._whole = self._engine, self._whole, None, None
        if engine is not None and whole is not None:
            with suppress(OperationalError):
                await engine.dispose()
                await asyncio.to_thread(whole.dispose)


def _prepare(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(dbapi_connection: object, _record: object) -> None:
        # The driver's own BEGIN would be DEFERRED; ours comes in the "begin" event below.
        dbapi_connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = dbapi_connection.cursor()  # type: ignore[attr-defined]
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("mandrake_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")


def _why(exc: BaseException) -> str:
    original = getattr(exc, "orig", None) or exc
    return str(original) or type(original).__name__
