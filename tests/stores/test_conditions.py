"""Where nothing can be stored, what is stored is read, every write is refused in words, and all goes on when it is over."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import (
    StoreFull,
    StoreLocked,
    StoreNewer,
    StoreReadOnly,
    StoreUnavailable,
    WorkspaceNotFound,
)
from mandrake_jupyter.stores.backends import sqlite as module
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.migrate import HEAD
from mandrake_jupyter.stores.search import SearchStore
from mandrake_jupyter.stores.sessions import SessionStore

#: The user that no system leaves out, by its number.
NOBODY = 65534


@pytest.fixture
def open_store(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Callable[..., SessionStore]]:
    opened: list[Database] = []

    def make(path: Path, **kwargs: Any) -> SessionStore:
        opened.append(Database(path, **kwargs))
        return SessionStore(opened[-1])

    yield make
    for database in opened:
        jp_asyncio_loop.run_until_complete(database.close())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "what? 100% data"
    folder.mkdir()
    return folder / "mandrake.sqlite"


def stamp(path: Path, revision: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = ?", (revision,))


async def filled(store: SessionStore) -> str:
    """A chat in it; the workspace's id."""
    workspace = await store.workspace_for(Path("/project"))
    await store.create(workspace.id, name="Tides")
    return workspace.id


async def reads(store: SessionStore, workspace_id: str) -> None:
    """All that only looks answers."""
    (chat,) = await store.sessions()
    assert await store.get(workspace_id, chat.id) == chat
    assert (await store.workspace_for(Path("/project"))).id == workspace_id
    assert len(await store.workspaces()) == 1
    assert await store.unfinished() == []
    assert len((await SearchStore(store.database).search("tides", None, 9)).found) == 1
    with pytest.raises(WorkspaceNotFound):
        await store.workspace("ghost")


async def refuses(store: SessionStore, workspace_id: str, error: type[StoreUnavailable]) -> StoreUnavailable:
    """Every write, of each kind."""
    refused = []
    for write in (
        store.create(workspace_id),
        store.workspace_for(Path("/new")),
        store.database.at_once(lambda db: db.exec_driver_sql("DELETE FROM sessions")),
    ):
        with pytest.raises(error) as caught:
            await write
        refused.append(caught.value)
    assert refused[0].then
    assert {type(one) for one in refused} == {error}
    return refused[0]


async def test_what_a_newer_version_stored_is_only_read(path: Path, open_store: Any) -> None:
    workspace = await filled(open_store(path))
    stamp(path, "9999")
    before = path.read_bytes()
    store = open_store(path)
    await reads(store, workspace)
    refused = await refuses(store, workspace, StoreNewer)
    assert "9999" in str(refused)
    assert (refused.code, refused.retryable) == ("store_newer", False)
    assert path.read_bytes() == before
    stamp(path, HEAD)
    await store.create(workspace)
    assert len(await store.sessions()) == 2


async def test_a_newer_version_that_takes_the_file_over_meanwhile_is_not_written_over(
    path: Path, open_store: Any
) -> None:
    store = open_store(path)
    workspace = await filled(store)
    stamp(path, "9999")
    await reads(store, workspace)
    await refuses(store, workspace, StoreNewer)
    stamp(path, HEAD)
    await store.create(workspace)


async def test_while_another_program_holds_it_it_is_read_and_waited_for_and_then_goes_on(
    path: Path, open_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 50)
    store = open_store(path)
    workspace = await filled(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        await reads(store, workspace)
        refused = await refuses(store, workspace, StoreLocked)
        assert (refused.retryable, refused.retry_after) == (True, 5)
        other.execute("ROLLBACK")
    await store.create(workspace)
    assert len(await store.sessions()) == 2


async def test_what_does_not_fit_on_the_disk_is_refused_whole_and_fits_once_there_is_room(
    open_store: Any,
) -> None:
    with small_disk() as disk:
        store = open_store(disk / "mandrake.sqlite")
        workspace = await filled(store)
        filler = disk / "filler"
        filler.write_bytes(b"x" * (shutil.disk_usage(disk).free - 4096))
        long = "y" * 200_000
        with pytest.raises(StoreFull, match="disk is full") as caught:
            await store.create(workspace, name=long)
        assert caught.value.code == "store_full"
        await reads(store, workspace)
        filler.unlink()
        await store.create(workspace, name=long)
        assert len(await store.sessions()) == 2
        with closing(sqlite3.connect(store.database.path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        await store.database.close()


async def test_an_update_that_does_not_fit_leaves_the_file_as_it_was(open_store: Any) -> None:
    with small_disk() as disk:
        path = disk / "mandrake.sqlite"
        workspace = await filled(open_store(path))
        with closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE alembic_version SET version_num = '0003'")
            db.executescript(
                "DROP TABLE search; DROP TABLE chores; DROP TABLE passages; DROP TRIGGER sessions_deleted; "
                "DROP TRIGGER messages_deleted; DROP INDEX ix_sessions_last_activity; DROP INDEX ix_sessions_deleted; "
                "DROP INDEX ix_messages_run_id; DROP INDEX ix_sessions_workspace_id; PRAGMA wal_checkpoint(TRUNCATE)"
            )
        filler = disk / "filler"
        filler.write_bytes(b"x" * (shutil.disk_usage(disk).free - 8192))
        store = open_store(path)
        with pytest.raises(StoreFull):
            await store.sessions()
        assert not list(disk.glob("*.part"))
        filler.unlink()
        await reads(store, workspace)
        await store.database.close()


class small_disk:
    """A disk of 4 MB of its own, where the user may make one."""

    def __enter__(self) -> Path:
        self.folder = Path(tempfile.mkdtemp())
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", str(self.folder)], capture_output=True
        )
        if made.returncode:
            self.folder.rmdir()
            pytest.skip("only root may mount a small disk")
        return self.folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=True)
        self.folder.rmdir()


@pytest.fixture
def shared_path() -> Iterator[Path]:
    """In a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "data" / "mandrake.sqlite"
        path.parent.mkdir()
        yield path
        path.parent.chmod(0o700)


def test_a_file_that_may_only_be_read_is_read(shared_path: Path) -> None:
    path = _make(shared_path)
    path.chmod(0o444)
    path.parent.chmod(0o777)
    assert _as_nobody(path) == "read, refused: StoreReadOnly, then written"


def test_a_folder_that_may_only_be_read_is_read(shared_path: Path) -> None:
    path = _make(shared_path)
    path.chmod(0o666)
    path.parent.chmod(0o555)
    assert _as_nobody(path) == "read, refused: StoreReadOnly, then written"


def test_an_older_file_that_may_only_be_read_is_refused_in_words(shared_path: Path) -> None:
    path = _make(shared_path)
    stamp(path, "0001")
    path.chmod(0o444)
    path.parent.chmod(0o555)
    assert "older version" in _as_nobody(path)


def _make(path: Path) -> Path:
    async def make() -> None:
        store = SessionStore(Database(path))
        await filled(store)
        await store.database.close()

    asyncio.run(make())
    return path


def _as_nobody(path: Path) -> str:
    """How it fares for a user who is not root, to whom all may be allowed half-way."""
    told, tell = os.pipe()
    allowed, allow = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            os.write(tell, asyncio.run(_fares(path, tell, allowed)).encode())
        finally:
            os._exit(0)
    os.close(tell)
    said = b""
    with os.fdopen(told, "rb", buffering=0) as answers:
        while chunk := answers.read(4096):
            said += chunk
            if b"refused" in chunk:
                path.parent.chmod(0o777)
                path.chmod(0o666)
                os.write(allow, b"!")
    os.waitpid(child, 0)
    for end in (allowed, allow):
        os.close(end)
    return said.decode()


async def _fares(path: Path, tell: int, allowed: int) -> str:
    store = SessionStore(Database(path))
    try:
        (row,) = await store.workspaces()
        await reads(store, row.id)
        refused = await refuses(store, row.id, StoreReadOnly)
        os.write(tell, f"read, refused: {type(refused).__name__}".encode())
        os.read(allowed, 1)
        await store.create(row.id)
        await reads_two(store)
        return ", then written"
    except BaseException as exc:
        return f"{type(exc).__name__}: {exc}"
    finally:
        await store.database.close()


async def reads_two(store: SessionStore) -> None:
    assert len(await store.sessions()) == 2


async def test_on_a_network_file_system_it_goes_without_a_log(path: Path, open_store: Any) -> None:
    """Also where the file had one: it was local before."""
    await filled(local := open_store(path))
    await local.database.close()
    stores = [open_store(path, network=lambda folder: "nfs4") for _ in range(2)]
    workspace = (await stores[0].workspaces())[0].id
    await asyncio.gather(*(store.create(workspace) for store in stores * 5))
    assert len(await stores[1].sessions()) == 11
    assert (
        sorted(file.name for file in path.parent.iterdir() if "-wal" in file.name or "-shm" in file.name)
        == []
    )
    for store in stores:
        async with store.database.read() as db:
            assert (await db.exec_driver_sql("PRAGMA journal_mode")).scalar() == "truncate"
        mode = await store.database.at_once(lambda db: db.exec_driver_sql("PRAGMA journal_mode").scalar())
        assert mode == "truncate"


async def test_on_a_local_disk_it_has_one(path: Path, open_store: Any) -> None:
    store = open_store(path)
    await filled(store)
    async with store.database.read() as db:
        assert (await db.exec_driver_sql("PRAGMA journal_mode")).scalar() == "wal"
