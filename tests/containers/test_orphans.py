"""Jupyter is killed with a container running: its guardian ends that, and the sweep what even the guardian left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from mandrake_jupyter.lifecycle.sweep import all_live
from mandrake_jupyter.provisioners.docker.ownership import PREFIX, OwnerProcess
from mandrake_jupyter.provisioners.docker.provisioner import DockerProvisioner

from ..support.docker_engine import TINY, asked
from ..support.mcp_leaks import until
from ..support.patience import within
from .conftest import Yard

pytestmark = pytest.mark.usefixtures("sweeping")

MANNERS = ["polite", "deaf", "paused"]
ROOT = Path(__file__).parent.parent.parent


@contextmanager
def holder(yard: Yard, manner: str) -> Iterator[tuple[psutil.Process, psutil.Process]]:
    """A process that has a container, and the guardian of that."""
    command = [sys.executable, "-m", "tests.support.container_holder", str(yard.root), yard.owner, manner]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.readline().split()
        assert said[0] == b"ready"
        yield psutil.Process(process.pid), psutil.Process(int(said[1]))
        if process.poll() is None:
            process.kill()


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("manner", MANNERS)
def test_no_container_outlives_a_killed_jupyter(yard: Yard, manner: str) -> None:
    with holder(yard, manner) as (jupyter, guardian):
        assert len(yard.containers()) == 1
        jupyter.send_signal(signal.SIGKILL)
        until(lambda: not yard.containers(), within(5))
        until(lambda: gone(guardian), within(5))


@pytest.mark.parametrize("manner", MANNERS)
async def test_what_a_killed_guardian_leaves_is_swept_at_the_next_use(yard: Yard, manner: str) -> None:
    with holder(yard, manner) as (jupyter, guardian):
        assert await DockerProvisioner.sweep("w", all_live) == 0, "its owner lives"
        assert len(yard.containers()) == 1
        guardian.send_signal(signal.SIGKILL)
        jupyter.send_signal(signal.SIGKILL)
        until(lambda: gone(jupyter))
    if manner == "polite":
        until(lambda: not yard.containers(), within(5))  # the end of its stdin was enough
    else:
        assert len(yard.containers()) == 1
        assert await DockerProvisioner.sweep("w", all_live) == 1
        assert not yard.containers()


def make(yard: Yard, labels: dict[str, str]) -> str:
    with asked() as engine:
        made: dict[str, Any] = engine.create_container(
            TINY, ["-c", "sleep 600"], labels={f"{PREFIX}owner": yard.owner, **labels}
        )
        engine.start(made["Id"])
    return str(made["Id"])


async def test_owners_that_cannot_be_judged_from_here_are_left_alone(yard: Yard) -> None:
    mine = OwnerProcess.this()
    dead = {**mine.labels(), f"{PREFIX}pid": str(2**22 + 1)}
    elsewhere = {**dead, f"{PREFIX}pidns": "1"}
    other_machine = {**dead, f"{PREFIX}machine": "another/one"}
    unknown = {f"{PREFIX}pid": "none"}
    left = {make(yard, labels) for labels in (mine.labels(), elsewhere, other_machine, unknown)}
    swept = {make(yard, dead), make(yard, {**mine.labels(), f"{PREFIX}started": "1"})}
    assert await DockerProvisioner.sweep("w", all_live) == len(swept)
    assert {container["Id"] for container in yard.containers()} == left
    with asked() as engine:
        for container in left:
            engine.remove_container(container, force=True)


def test_an_owner_of_an_earlier_boot_is_dead_wherever_it_ran() -> None:
    mine = OwnerProcess.this()
    system, _, boot = mine.machine.partition("/")
    earlier = OwnerProcess(f"{system}/another-boot", "1", os.getpid(), mine.started)
    assert earlier.is_dead() is (True if system else None)
    assert mine.is_dead() is False
    assert OwnerProcess(f"/{boot}", mine.namespace, 2**22 + 1, 1).is_dead() is (None if system else True)
