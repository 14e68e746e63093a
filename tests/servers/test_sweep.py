"""What a Jupyter server and its guardian leave when both are killed is ended at the next use; nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mandrake_jupyter.lifecycle import sweep as sweeping
from mandrake_jupyter.lifecycle.environment import clean_environment
from mandrake_jupyter.lifecycle.sweep import MARKER as MARK
from mandrake_jupyter.lifecycle.sweep import all_live, marker, sweep_dead
from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.servers.seams import Owner
from mandrake_jupyter.stores.instances import Instances

from ..support.mcp_leaks import MARKER, alive, until
from .conftest import House, call

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the tree guarantee needs Linux")

ROOT = Path(__file__).parent.parent.parent
#: The polite end with their input: nothing of them is ever left.
MANNERS = ["eof_deaf", "term_deaf", "children", "detached_deaf"]


@dataclass
class Other:
    """Another Jupyter server with one MCP server, in processes of their own."""

    holder: subprocess.Popen[bytes]
    owner: str
    guardian: int
    token: str

    @property
    def left(self) -> list[int]:
        """Its MCP server and all that started, without Jupyter and the guardian."""
        return sorted(
            process.pid
            for process in alive(self.token)
            if process.pid not in (self.holder.pid, self.guardian)
        )

    def die(self) -> None:
        """Both by SIGKILL, stopped first, so that the guardian has no moment to do its work."""
        os.kill(self.guardian, signal.SIGSTOP)
        self.holder.kill()
        self.holder.wait(60)
        os.kill(self.guardian, signal.SIGKILL)
        until(lambda: self.guardian not in [process.pid for process in alive(self.token)])


@pytest.fixture
def house(house: House) -> House:
    """In a workspace of its own: other tests that run on this machine at the moment are living, too."""
    house.workspace = uuid.uuid4().hex
    return house


@pytest.fixture
def other(tmp_path: Path, house: House) -> Iterator[Callable[..., Other]]:
    """Makes one; whatever is left of all is ended after the test."""
    made: list[Other] = []

    def make(name: str = "raw", manner: str = "eof_deaf", locks: Path = tmp_path / "instances") -> Other:
        token = uuid.uuid4().hex
        holder = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.support.mcp_owner",
                str(locks),
                f"{house.workspace}/{name}",
                manner,
            ],
            env=clean_environment({MARKER: token}),
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert holder.stdout is not None
        owner, guardian = holder.stdout.readline().decode().split()
        made.append(Other(holder, owner, int(guardian), token))
        return made[-1]

    yield make
    for one in made:
        one.holder.kill()
        one.holder.communicate()
        for process in alive(one.token):
            process.kill()


@pytest.fixture
def instances(tmp_path: Path) -> Iterator[Instances]:
    mine = Instances(tmp_path / "instances")
    mine.hold()
    yield mine
    mine.release()


def marked(mark: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"], env={MARK: mark})


def manager_of(house: House, instances: Instances) -> MCPServerManager:
    return house.manager(owner=Owner(instances.own, instances.alive))


@pytest.mark.parametrize("manner", MANNERS)
async def test_what_a_killed_jupyter_and_guardian_left_is_ended_before_the_next_start(
    house: House, instances: Instances, other: Callable[..., Other], manner: str
) -> None:
    dead = other(manner=manner)
    dead.die()
    assert dead.left, "else there is nothing to sweep, and this test shows nothing"
    house.raw()
    manager = manager_of(house, instances)
    assert dead.left, "looking at the configuration ends nothing"
    await manager.start("raw")
    assert dead.left == []
    assert any("had left" in line["text"] for line in manager.logs("raw"))


async def test_what_a_living_jupyter_server_has_is_not_touched(
    house: House, instances: Instances, other: Callable[..., Other]
) -> None:
    """Two Jupyter servers on one data dir, one workspace, one name; and a dead one beside."""
    living, dead = other(), other()
    dead.die()
    before = living.left
    house.raw()
    manager = manager_of(house, instances)
    own = await call(manager, "raw", "pid")
    assert (living.left, dead.left) == (before, [])
    house.raw(name="second")
    await manager.start("second")
    assert (await call(manager, "raw", "pid")).content == own.content, "its own are living, too"
    assert living.left == before
    living.die()
    assert living.left == before
    await manager.restart("raw")
    assert living.left == []


async def test_what_has_no_entry_any_more_is_ended_with_the_rest_of_its_workspace(
    house: House, instances: Instances, other: Callable[..., Other]
) -> None:
    dead = other(name="removed")
    dead.die()
    house.raw()
    await manager_of(house, instances).start("raw")
    assert dead.left == []


async def test_other_workspaces_and_marks_without_an_owner_are_left_alone(
    house: House, other: Callable[..., Other]
) -> None:
    place = f"{house.workspace}/raw"
    dead = other()
    dead.die()

    async def nobody(_: str) -> bool:
        return False

    async def live(owner: str) -> bool:
        return owner == dead.owner

    left = len(dead.left)
    for elsewhere in (f"{place}2", place[:-1], f"{place}/more", f"{house.workspace}2", house.workspace[:-1]):
        assert await sweep_dead(elsewhere, nobody) == 0
    with marked(f"{place}:0123") as nameless:
        assert await sweep_dead(place, live) == 0
        assert await sweep_dead(house.workspace, all_live) == 0
        assert await sweep_dead(place, nobody) == left > 0
        assert (nameless.poll(), dead.left) == (None, [])
        nameless.kill()


def test_a_number_that_went_to_another_process_meanwhile_is_not_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The marked process ends while it is looked at, and its number is given to somebody else."""
    mark = f"{marker('w/' + uuid.uuid4().hex, 'dead')}:0"
    process = marked(mark)
    handle = os.pidfd_open(process.pid)
    killed: list[int] = []
    read = sweeping._mark

    def read_and_end(pid: int) -> str | None:
        found = read(pid)
        if pid == process.pid:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            process.wait()
        return found

    monkeypatch.setattr(sweeping, "_mark", read_and_end)
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append(pid))
    assert sweeping.sweep(mark) == 0
    assert (killed, process.returncode) == ([], -signal.SIGKILL)
    os.close(handle)
