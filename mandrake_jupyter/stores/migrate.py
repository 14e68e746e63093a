"""Brings the database file to this version's schema, forward only: under an exclusive lock, after a backup.

Runs in a thread, before the async engine opens. When the file is already current, Alembic is not even imported.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import StoreNewer, StoreUnavailable

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

HEAD = "0004"
LOCK_TIMEOUT = 30.0


def revision_of(path: Path) -> str | None:
    """The schema revision of the file, None for a missing or empty one."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if found else None
    return row[0] if row else None


def migrate(path: Path) -> None:
    """Raises :class:`StoreNewer` for a file of a newer version, ``filelock.Timeout`` when another process migrates for
    longer than 30 s, and what SQLite and the system say; the file then is as it was."""
    revision = revision_of(path)
    if revision == HEAD:
        return
    if revision is not None and revision > HEAD:
        raise StoreNewer(revision=revision)
    from filelock import FileLock

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".migrate.lock"), timeout=LOCK_TIMEOUT):
        revision = revision_of(path)
        if revision == HEAD:
            return
        if revision is not None:
            if revision > HEAD:
                raise StoreNewer(revision=revision)
            _backup(path, revision)
        _upgrade(path)
        path.chmod(0o600)


def _backup(path: Path, revision: str) -> None:
    """A whole copy beside it, under its name only when it is complete."""
    target = path.with_suffix(f".{revision}.backup")
    making = target.with_suffix(".part")
    try:
        making.unlink(missing_ok=True)
        making.touch(0o600)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(making)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise StoreUnavailable(
                    why=f"a backup of {path.name} could not be made, so it was left as it is"
                )
        making.replace(target)
    finally:
        making.unlink(missing_ok=True)


def _upgrade(path: Path, to: str = HEAD) -> None:
    from sqlalchemy import URL, create_engine, event

    engine = create_engine(URL.create("sqlite", database=str(path)))

    @event.listens_for(engine, "connect")
    def _ours(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # else each change of a table would be committed by itself

    @event.listens_for(engine, "begin")
    def _whole(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            run_migrations(connection, to)
    finally:
        engine.dispose()


def run_migrations(connection: Connection, to: str = HEAD) -> None:
    """Those that are missing, in the transaction of `connection`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
