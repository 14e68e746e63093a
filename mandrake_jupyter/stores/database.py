"""One database per Jupyter server: an async SQLAlchemy engine, opened at first use, migrated under a lock.

Every write is one transaction that is alone, so that two Jupyter servers on one database wait for each other instead of
failing half-way. What is SQLite's or PostgreSQL's about it stands in ``stores.backends``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..errors import StoreUnavailable
from .backends.base import Backend
from .backends.sqlite import Sqlite
from .checks import network_file_system

T = TypeVar("T")

#: Transactions of `at_once` that may wait for each other, or for another Jupyter server; further ones wait for these.
AT_ONCE = 8
#: Of `look`, likewise.
LOOKS_AT_ONCE = 6
#: Seconds for which a close waits for transactions that are under way.
CLOSE_WITHIN = 0.5
#: The option of a connection that says whether its transaction writes.
WRITES = "mandrake_writes"


class Database:
    """Opens `place`, a file of SQLite's or another database, at first use. `read()` and `write()` give a connection inside a
    transaction, `at_once` runs one whole.

    `network` tells the type of a network file system, None for a local one.
    """

    def __init__(
        self, place: Path | Backend, network: Callable[[Path], str | None] = network_file_system
    ) -> None:
        self.backend: Backend = Sqlite(place, network) if isinstance(place, Path) else place
        self._access: Any = None
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

        Raises :class:`StoreUnavailable`, or one below it, when it can't be used, with the reason.
        """
        async with self._opening:
            if self._closed:
                raise StoreUnavailable(why="the Jupyter server is stopping")
            if self._engine is None:
                self._connect(await asyncio.to_thread(self.backend.access))
                self._threads = ThreadPoolExecutor(AT_ONCE, "mandrake-store")
                self._lookers = ThreadPoolExecutor(LOOKS_AT_ONCE, "mandrake-look")
            assert self._engine is not None
            return self._engine

    @property
    def refusal(self) -> StoreUnavailable | None:
        """Why it was opened for reading only; None where it may be written."""
        refusal: StoreUnavailable | None = self._access.refusal if self._access else None
        return refusal

    @property
    def path(self) -> Path | None:
        """The file, where it is one."""
        return self.backend.path

    def _connect(self, access: Any) -> None:
        self._access = access
        self._engine, self._whole = self.backend.engines(access)
        for engine in (self._engine.sync_engine, self._whole):
            event.listen(engine, "begin", self._begin)

    def _begin(self, connection: Connection) -> None:
        self.backend.begin(connection, writes=connection.get_execution_options().get(WRITES, False))

    async def _writable(self) -> None:
        """Raises what stands in the way of every write; looks anew each time, so that nobody needs to restart when it is gone."""
        await self.open()
        if self.refusal is None:
            return
        async with self._opening:
            if self._closed:
                return
            found = await asyncio.to_thread(self.backend.access)
            if found.refusal is not None:
                raise found.refusal
            await _dispose(self._engine, self._whole)
            self._connect(found)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._transaction(writes=False) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        await self._writable()
        async with self._transaction(writes=True) as connection:
            yield connection

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        """`work` in one write transaction, in a thread: for what is waited for, as each hop of `write()` takes longer than
        what it does there. Cancelled, it is still ended first, one way or the other.
        """
        await self._writable()
        return await self._in_thread(self._threads, work, writes=True)

    async def look(self, work: Callable[[Connection], T]) -> T:
        """`work`, which only reads, likewise; it waits for no write."""
        await self.open()
        return await self._in_thread(self._lookers, work, writes=False)

    async def _in_thread(
        self, threads: ThreadPoolExecutor | None, work: Callable[[Connection], T], *, writes: bool
    ) -> T:
        with self._working():
            doing = asyncio.get_running_loop().run_in_executor(threads, self._do, work, writes)
            try:
                return await asyncio.shield(doing)
            except asyncio.CancelledError:
                await asyncio.wait([doing])
                if not doing.cancelled():
                    doing.exception()
                raise

    def _do(self, work: Callable[[Connection], T], writes: bool) -> T:
        assert self._whole is not None
        with self._whole.connect() as connection:
            connection.execution_options(**{WRITES: writes})
            with connection.begin():
                return work(connection)

    @asynccontextmanager
    async def _transaction(self, *, writes: bool) -> AsyncIterator[AsyncConnection]:
        engine = await self.open()
        with self._working():
            async with engine.connect() as connection:
                await connection.execution_options(**{WRITES: writes})
                async with connection.begin():
                    yield connection

    @contextmanager
    def _working(self) -> Iterator[None]:
        self._at_work += 1
        try:
            yield
        except IntegrityError:
            raise
        except self.backend.errors as exc:
            raise self.backend.error(exc) from exc
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
