"""How the database file may be used now, and what its trouble is called: the one place that knows SQLite's reasons.

A file that may only be read is opened for that. Blocking; called by ``stores.backends.sqlite`` in threads.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import StoreFull, StoreLocked, StoreNewer, StoreReadOnly, StoreUnavailable
from .checks import LEAST_FREE, free_bytes
from .migrate import HEAD, migrate

_NOT_WRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN)


@dataclass(frozen=True)
class Access:
    """`query` completes the file's URI; `refusal` is what every write is answered with, None where it may be written.

    `journal` is the mode that is safe there: the log beside the file (WAL) needs memory that all its users share, which they
    don't on a network file system.
    """

    query: str
    journal: str
    refusal: StoreUnavailable | None = None


def access(path: Path, network: Callable[[Path], str | None]) -> Access:
    """Migrates if needed. Raises a :class:`StoreUnavailable` that says why where it can't even be read."""
    journal = "TRUNCATE" if network(path.parent) else "WAL"
    try:
        migrate(path)
    except StoreNewer as newer:
        return _read_only(path, journal, newer)
    except (OSError, sqlite3.Error) as exc:
        fault = store_error(exc, path)
        if not isinstance(fault, StoreReadOnly) or not path.exists():
            raise fault from exc
        return _read_only(path, journal, fault)
    if not _writable(path):
        return _read_only(path, journal, StoreReadOnly(path=path))
    _mend(path)
    return Access("mode=rwc", journal)


def _read_only(path: Path, journal: str, refusal: StoreUnavailable) -> Access:
    """Without the right to write beside it, a log that nobody else has open can't be read: then the file is taken as it is."""
    queries = ["mode=ro"] if _log_of(path) else ["mode=ro", "mode=ro&immutable=1"]
    fault: Exception = refusal
    for query in queries:
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{query}", uri=True)) as connection:
                if isinstance(refusal, StoreNewer) or _current(connection):
                    connection.execute("SELECT count(*) FROM workspaces").fetchone()
                    return Access(query, journal, refusal)
                raise StoreUnavailable(why="an older version made it, and it may not be written")
        except sqlite3.Error as exc:
            fault = exc
    raise refusal from fault


def _current(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return bool(row and row[0] == HEAD)


def _log_of(path: Path) -> bool:
    log = _beside(path)[0]
    return log.exists() and log.stat().st_size > 0


def _beside(path: Path) -> tuple[Path, Path]:
    """SQLite's log, and the memory that its users share."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def _mend(path: Path) -> None:
    """Made while the file could only be read, what lies beside it can't be written either, and would keep all from writing."""
    for file in _beside(path):
        with suppress(OSError):
            if file.exists() and not os.access(file, os.W_OK):
                file.chmod(path.stat().st_mode & 0o777)


def refuse_newer(revision: object) -> None:
    """Raises :class:`StoreNewer`: another version may have taken the file over while this one had it open."""
    if isinstance(revision, str) and revision > HEAD:
        raise StoreNewer(revision=revision)


def store_error(exc: BaseException, path: Path) -> StoreUnavailable:
    """What `exc`, of SQLite or the system, means for people."""
    original = getattr(exc, "orig", None) or exc
    if isinstance(original, StoreUnavailable):
        return original
    if isinstance(original, PermissionError):
        return StoreReadOnly(path=path.parent)
    code = getattr(original, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or isinstance(original, TimeoutError):
        return StoreLocked(retry_after=5)
    if code == sqlite3.SQLITE_FULL or (code in (sqlite3.SQLITE_IOERR, *_NOT_WRITABLE) and _full(path)):
        return StoreFull()
    if code in _NOT_WRITABLE and not _writable(path):
        return StoreReadOnly(path=path if path.exists() and not os.access(path, os.W_OK) else path.parent)
    if isinstance(original, OSError) and _full(path):
        return StoreFull()
    return StoreUnavailable(why=str(original) or type(original).__name__)


def _full(path: Path) -> bool:
    try:
        return free_bytes(path.parent) < LEAST_FREE
    except OSError:
        return False
