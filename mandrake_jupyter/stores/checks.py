"""Whether the store could be used now, asked beside it: a look with plain ``sqlite3`` that changes and keeps nothing.

Called in threads, by health only.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .migrate import HEAD, revision_of

#: Seconds within which a write must be able to begin.
BEGIN_WITHIN = 1.0
#: Bytes that must be free on the disk.
LEAST_FREE = 16_000_000
MOUNTS = Path("/proc/self/mountinfo")
#: Types of file systems that other machines see, too: SQLite's log does not work on them.
NETWORK = frozenset(
    (
        *(
            "9p",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "glusterfs",
            "gpfs",
            "lustre",
            "nfs",
            "nfs4",
            "smb3",
            "smbfs",
        ),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone"),
    )
)


@dataclass(frozen=True)
class Trouble:
    """`code` is stable, `message` and `remedy` are sentences."""

    code: str
    message: str
    remedy: str


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def folder_trouble(folder: Path, free: Callable[[Path], int] = free_bytes) -> Trouble | None:
    """Whether the data dir is there, or can be made, and may be written."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not there.is_dir():
        return Trouble(
            "store_not_writable", f"{there} is not a folder.", "Set MandrakeApp.data_dir to a folder."
        )
    if not os.access(there, os.W_OK | os.X_OK):
        remedy = f"Allow it for the user who runs Jupyter, or set MandrakeApp.data_dir. It is {there}."
        return Trouble("store_not_writable", "The data dir may not be written.", remedy)
    if (left := free(there)) < LEAST_FREE:
        message = f"The disk of the data dir is full: {left:,} bytes are left."
        return Trouble("store_full", message, "Free space, or set MandrakeApp.data_dir to another disk.")
    return None


def store_trouble(path: Path, *, within: float = BEGIN_WITHIN) -> Trouble | None:
    """Whether a write to the database at `path` could begin within so many seconds."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=within, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        revision = revision_of(path)
        if not os.access(path, os.W_OK):  # a write may begin all the same, and only then fails
            return _not_writable(path)
    except sqlite3.Error as exc:
        return _of(exc, path)
    except OSError as exc:
        return Trouble(
            "store_unreadable", f"The chat database can't be read: {exc.strerror}.", f"Check {path}."
        )
    if revision is None or revision <= HEAD:
        return None
    message = f"The chat database was written by a newer version (schema {revision}, this one knows {HEAD})."
    return Trouble("store_newer", message, "Update mandrake-jupyter.")


def _not_writable(path: Path) -> Trouble:
    remedy = f"Allow it for the user who runs Jupyter. It is {path}."
    return Trouble("store_not_writable", "The chat database may not be written.", remedy)


def _of(exc: sqlite3.Error, path: Path) -> Trouble:
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        remedy = (
            "Close other programs that have it open. If none has, restart the Jupyter servers that use it."
        )
        return Trouble("store_locked", "The chat database is locked by another program.", remedy)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return _not_writable(path)
    if code == sqlite3.SQLITE_FULL:
        return Trouble("store_full", "The disk of the chat database is full.", "Free space.")
    remedy = f"Put back a copy of {path}: backups from updates lie beside it."
    return Trouble("store_unreadable", f"The chat database can't be read: {exc}.", remedy)


def network_file_system(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of the network file system that `folder` lies on; None where it lies on none, or nobody knows."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    place, best, kind = folder.absolute(), -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = Path(fields[4].encode().decode("unicode_escape"))
        if place.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split()[0]
    return kind if kind in NETWORK else None
