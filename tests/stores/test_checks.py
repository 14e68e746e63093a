"""What stands in the way of the store is told with a remedy, by a look that changes nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mandrake_jupyter.stores.checks import (
    LEAST_FREE,
    Trouble,
    folder_trouble,
    network_file_system,
    store_trouble,
)
from mandrake_jupyter.stores.migrate import migrate

#: The user that no system leaves out, by its number.
NOBODY = 65534
MOUNTINFO = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:30 / /home rw - nfs4 server:/home rw
31 22 0:31 / /home/ann/my\040disk rw master:2 - xfs /dev/sdb rw
32 22 0:32 / /homely rw - fuse.sshfs host: rw
broken line
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    migrate(tmp_path / "mandrake.sqlite")
    return tmp_path / "mandrake.sqlite"


def test_a_good_store_has_no_trouble_and_stays_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    assert store_trouble(path) is None
    assert folder_trouble(path.parent) is None
    assert path.read_bytes() == before


def test_a_lock_is_waited_for_no_longer_than_told(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        trouble = store_trouble(path, within=0.05)
        other.execute("ROLLBACK")
    assert trouble is not None
    assert trouble.code == "store_locked"
    assert store_trouble(path) is None


def test_a_file_that_is_no_database_is_told(path: Path) -> None:
    path.write_text("my thesis" * 1000)
    trouble = store_trouble(path)
    assert trouble is not None
    assert trouble.code == "store_unreadable"
    assert str(path) in trouble.remedy


def test_a_file_that_is_gone_is_not_made_anew(path: Path) -> None:
    path.unlink()
    trouble = store_trouble(path)
    assert trouble is not None
    assert trouble.code == "store_not_writable"
    assert not path.exists()


def test_a_store_that_may_not_be_written_is_told(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "data" / path.name
        own.parent.mkdir()
        shutil.copy(path, own)
        own.chmod(0o444)
        own.parent.chmod(0o555)
        Path(folder).chmod(0o755)
        assert (
            _as_nobody(store_trouble, own) == _as_nobody(folder_trouble, own.parent) == "store_not_writable"
        )
        own.parent.chmod(0o700)


def _as_nobody(check: Callable[[Path], Trouble | None], path: Path) -> str:
    """What it finds for a user who is not root: root may write everything. It was called before, so nothing is left to import."""
    check(path)
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            found = check(path)
            os.write(writer, found.code.encode() if found else b"nothing")
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        code = said.read()
    os.waitpid(child, 0)
    return code


def test_a_full_disk_is_told_before_it_is_quite_full(tmp_path: Path) -> None:
    trouble = folder_trouble(tmp_path / "not" / "made", free=lambda _: LEAST_FREE - 1)
    assert trouble is not None
    assert (trouble.code, trouble.message.endswith("15,999,999 bytes are left.")) == ("store_full", True)
    assert folder_trouble(tmp_path, free=lambda _: LEAST_FREE) is None


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/ann", "nfs4"),
        ("/home/ann/my disk/data", None),
        ("/homely/x", "fuse.sshfs"),
        ("/homeless", None),
        ("/", None),
    ],
)
def test_a_network_file_system_is_known_by_the_nearest_mount(
    tmp_path: Path, folder: str, kind: str | None
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTINFO)
    assert network_file_system(Path(folder), mounts) == kind


def test_where_mounts_are_not_told_nothing_is_said(tmp_path: Path) -> None:
    assert network_file_system(tmp_path, tmp_path / "none") is None
