"""Brings the database file to this version's schema, forward only: under an exclusive lock, after a backup.

Runs in a thread, before the async engine opens. When the file is already current, Alembic is not even imported.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from ..errors import StoreUnavailable

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
    """Raises :class:`StoreUnavailable` for a file of a newer version, ``filelock.Timeout`` when another process
    migrates for longer than 30 s."""
    if revision_of(path) == HEAD:
        return
    from filelock import FileLock

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".migrate.lock"), timeout=LOCK_TIMEOUT):
        revision = revision_of(path)
        if revision == HEAD:
            return
        if revision is not None:
            if revision > HEAD:
                raise StoreUnavailable(
                    why=f"{path.name} was written by a newer version (schema {revision}); update mandrake-jupyter"
                )
            _backup(path, revision)
        _upgrade(path)
        path.chmod(0o600)


def _backup(path: Path, revision: str) -> None:
    target = path.with_suffix(f".{revision}.backup")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    shutil.copymode(path, target)


def _upgrade(path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
