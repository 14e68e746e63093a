"""PostgreSQL by its URL: one transaction at a time writes, held by an advisory lock of the schema, as with SQLite's.

Whatever is checked before a write is therefore still so when it is written. Reads see one state of the database and wait for
nobody. How it may be used, and its schema, is said by ``postgresql_access``.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from ...errors import StoreUnavailable
from ..access import refuse_newer
from ..checks import Trouble
from . import postgresql_access as looks
from .address import Address
from .nul import without_nul
from .postgresql_access import PostgresAccess
from .postgresql_commit import NUMBER, sure_of_commits
from .postgresql_errors import error_of, trouble_of

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

#: Seconds for which a write waits for others.
LOCK_WITHIN = 10
#: Seconds that one statement may take: a backstop.
STATEMENT_WITHIN = 60
#: Seconds for a connection that only looks.
LOOK_WITHIN = 3
#: Connections that stay open of each of the two engines, and that there may be.
KEPT, MOST = 2, 15
#: Seconds after which one is made anew: what its role may do, and by which settings, is said at its beginning.
RECYCLED = 300
#: Of each connection. A machine that is gone, or asleep in the middle of a transaction, would else keep its locks for hours.
SETTINGS = {
    "tcp_keepalives_idle": "20s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": "20s",
    "idle_in_transaction_session_timeout": f"{STATEMENT_WITHIN}s",
    "statement_timeout": f"{STATEMENT_WITHIN}s",
    # One plan for all words would go through the whole index of the search for a rare one.
    "plan_cache_mode": "force_custom_plan",
}
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
#: Each statement sees what was committed before it, so the last sees what was while it waited for the lock.
_WRITE = "; ".join(
    (
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        f"SELECT pg_advisory_xact_lock({looks.WRITE_KEY})",
        "SELECT version_num, txid_current() FROM alembic_version",
    )
)


class Postgresql:
    """Raises StoreMisconfigured where the driver is not installed."""

    kind = "postgresql"
    path: Path | None = None

    def __init__(self, address: Address) -> None:
        import psycopg

        self.address = address
        self.errors: tuple[type[Exception], ...] = (SQLAlchemyError, psycopg.Error)

    def connect(self, **more: Any) -> psycopg.Connection[Any]:
        """A connection of its own, without a transaction; to be closed by whoever asks. Raises psycopg.OperationalError."""
        import psycopg

        connection = psycopg.connect(**{**self.address.given, **more}, autocommit=True)
        try:
            connection.execute(settings())
        except BaseException:
            connection.close()
            raise
        return connection

    def access(self) -> PostgresAccess:
        return self._access(migrates=True)

    def _access(self, *, migrates: bool, **more: Any) -> PostgresAccess:
        try:
            with self.connect(**more) as connection:
                return looks.access(connection, self.address, migrates=migrates)
        except self.errors as exc:
            raise self.error(exc) from exc

    def engines(self, access: PostgresAccess) -> tuple[AsyncEngine, Engine]:
        from sqlalchemy import create_engine, event
        from sqlalchemy.ext.asyncio import create_async_engine

        options: dict[str, Any] = {
            "connect_args": {**self.address.given, "autocommit": True},
            "pool_size": KEPT,
            "max_overflow": MOST - KEPT,
            "pool_timeout": LOCK_WITHIN,
            "pool_pre_ping": True,
            "pool_recycle": RECYCLED,
            "use_native_hstore": False,
        }
        engine = create_async_engine("postgresql+psycopg://", **options)
        whole = create_engine("postgresql+psycopg://", **options)
        for one in (engine.sync_engine, whole):
            event.listen(one, "connect", _prepare)
            sure_of_commits(one.dialect, partial(self.connect, connect_timeout=LOOK_WITHIN))
        return engine, whole

    def begin(self, connection: Connection, *, writes: bool) -> None:
        driver: Any = connection.connection.dbapi_connection
        try:
            if hasattr(driver, "run_async"):
                revision, number = driver.run_async(partial(_begin_async, writes=writes))
            else:
                cursor = driver.execute(_WRITE if writes else _READ, prepare=False)
                revision, number = _last(cursor) if writes else (None, None)
        except self.errors:
            if driver.closed:
                connection.connection.invalidate()  # else the pool would log that it can't be rolled back
            raise
        connection.info[NUMBER] = number
        refuse_newer(revision)

    def error(self, exc: BaseException) -> StoreUnavailable:
        return error_of(exc, self.address)

    def trouble(self) -> Trouble | None:
        return trouble_of(lambda: self._access(migrates=False, connect_timeout=LOOK_WITHIN), self.address)


async def _begin_async(
    driver: psycopg.AsyncConnection[Any], *, writes: bool
) -> tuple[str | None, int | None]:
    cursor = await driver.execute(_WRITE if writes else _READ, prepare=False)
    return _last(cursor) if writes else (None, None)


def _last(cursor: Any) -> tuple[str | None, int | None]:
    """What the last of several statements says; none of them asks the server again."""
    while cursor.nextset():
        pass
    if not cursor.pgresult.ntuples:
        return None, None
    return cursor.pgresult.get_value(0, 0).decode(), int(cursor.pgresult.get_value(0, 1))


def settings(**more: Any) -> str:
    return "; ".join(f"SET {name} = '{value}'" for name, value in {**SETTINGS, **more}.items())


def _prepare(dbapi_connection: Any, _record: object) -> None:
    without_nul(dbapi_connection.adapters)
    cursor = dbapi_connection.cursor()
    cursor.execute(settings(lock_timeout=f"{LOCK_WITHIN}s"))
    cursor.close()
