"""Locks of Jupyter servers: the dead are told from the living, and removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from mandrake_jupyter.stores.instances import Instances, found, sweep


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Instances]:
    instances = Instances(tmp_path / "instances")
    instances.hold()
    yield instances
    instances.release()


def test_a_folder_that_is_not_there_holds_no_locks(tmp_path: Path) -> None:
    assert found(tmp_path / "none") == []
    assert sweep([tmp_path / "none" / "x.lock"]) == 1, "a lock that is gone is that of a dead one"


def test_the_lock_of_a_dead_server_goes_and_that_of_a_living_one_stays(
    living: Instances, tmp_path: Path
) -> None:
    folder = tmp_path / "instances"
    (folder / "dead.lock").touch()
    (folder / "note.txt").touch()
    assert len(found(folder)) == 2
    assert sweep(found(folder)) == 1
    assert [path.stem for path in found(folder)] == [living.own]


async def test_alive_is_who_holds_its_lock(living: Instances, tmp_path: Path) -> None:
    other = Instances(tmp_path / "instances")
    assert await other.alive(living.own)
    assert await other.alive(other.own)
    assert not await living.alive(other.own)
    other.hold()
    assert await living.alive(other.own)
    other.release()
    assert not await living.alive(other.own)


def test_a_server_that_takes_its_lock_in_the_moment_a_sweep_lets_go_of_it_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep may look at a lock between its making and its taking."""
    starting = Instances(tmp_path / "instances")
    lock = tmp_path / "instances" / f"{starting.own}.lock"
    lock.parent.mkdir()
    lock.touch()
    release = FileLock.release

    def released(self: FileLock, force: bool = False) -> None:
        release(self, force)
        monkeypatch.setattr(FileLock, "release", release)
        starting.hold()

    monkeypatch.setattr(FileLock, "release", released)
    sweep([lock])
    assert lock.exists()
    starting.release()
