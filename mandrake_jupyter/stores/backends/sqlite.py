"""A file of SQLite's: a write begins with its lock (``BEGIN IMMEDIATE``), so that two Jupyter servers wait for each other.

How the file may be used, and what its trouble is called, is said by ``stores.access``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from sqlalchemy.exc import SQLAlchemyError

from ...errors import StoreUnavailable
from ..access import Access, access, refuse_newer, store_error
from ..checks import Trouble, store_trouble

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

BUSY_TIMEOUT_MS = 10_000


class Sqlite:
    """`network` tells the type of a network file system, None for a local one."""

    kind = "sqlite"
    errors: tuple[type[Exception], ...] = (SQLAlchemyError, sqlite3.Error)

    def __init__(self, path: Path, network: Callable[[Path], str | None]) -> None:
        self.path: Path | None = path
        self._file = path
        self._network = network

    def access(self) -> Access:
        try:
            return access(self._file, self._network)
        except SQLAlchemyError as exc:  # of a migration
            raise self.error(exc) from exc

    def engines(self, access: Access) -> tuple[AsyncEngine, Engine]:
        from sqlalchemy import URL, create_engine, event
        from sqlalchemy.ext.asyncio import create_async_engine

        place = f"file:{quote(str(self._file.absolute()))}"
        asked = {**dict(parse_qsl(access.query)), "uri": "true"}
        engine = create_async_engine(URL.create("sqlite+aiosqlite", database=place, query=asked))
        whole = create_engine(URL.create("sqlite", database=place, query=asked))
        for one in (engine.sync_engine, whole):
            event.listen(one, "connect", _prepared(access))
        return engine, whole

    def begin(self, connection: Connection, *, writes: bool) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")
        if writes:
            refuse_newer(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())

    def error(self, exc: BaseException) -> StoreUnavailable:
        return store_error(exc, self._file)

    def trouble(self) -> Trouble | None:
        return store_trouble(self._file)


def _prepared(access: Access) -> Callable[[object, object], None]:
    safe = "NORMAL" if access.journal == "WAL" else "FULL"
    journal = [] if access.refusal else [f"journal_mode={access.journal}", f"synchronous={safe}"]

    def connected(dbapi_connection: object, _record: object) -> None:
        # The driver's own BEGIN would be DEFERRED; ours comes with `begin`.
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

    return connected
