"""One database per Jupyter server: an async SQLAlchemy engine, opened at first use, migrated under a lock.

Every write is one ``BEGIN IMMEDIATE`` transaction, so two Jupyter servers on one data dir wait for each other instead of
failing half-way. Called by ``stores.sessions`` only.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ..errors import StoreUnavailable

BUSY_TIMEOUT_MS = 10_000
#: Seconds for which a close waits for transactions that are under way.
CLOSE_WITHIN = 0.5


class Database:
    """Opens `path` at first use. `read()` and `write()` give a connection inside a transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine: AsyncEngine | None = None
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
                self._engine = _engine(self.path)
            return self._engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._transaction("DEFERRED") as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with self._transaction("IMMEDIATE") as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, mode: str) -> AsyncIterator[AsyncConnection]:
        engine = await self.open()
        self._at_work += 1
        try:
            async with engine.connect() as connection:
                await connection.execution_options(mandrake_begin=mode)
                async with connection.begin():
                    yield connection
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
        engine, self._engine = self._engine, None
        if engine is not None:
            with suppress(OperationalError):
                await engine.dispose()


def _engine(path: Path) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")

    @event.listens_for(engine.sync_engine, "connect")
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

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("mandrake_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _why(exc: BaseException) -> str:
    original = getattr(exc, "orig", None) or exc
    return str(original) or type(original).__name__
