"""A Jupyter server inside a container with the engine's socket, and one beside the engine: neither judges the other's.

No image has Jupyter in it: our own code runs in the one with this machine's Python, its packages mounted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mandrake_jupyter.lifecycle.sweep import all_live
from mandrake_jupyter.provisioners.docker.engine import host
from mandrake_jupyter.provisioners.docker.ownership import OWNED
from mandrake_jupyter.provisioners.docker.provisioner import DockerProvisioner

from ..support.docker_engine import PYTHON, asked
from ..support.mcp_leaks import until
from .conftest import Yard

pytestmark = pytest.mark.usefixtures("sweeping")

ROOT = Path(__file__).parent.parent.parent
SWEEP = (
    "import asyncio; from mandrake_jupyter.lifecycle.sweep import all_live;"
    "from mandrake_jupyter.provisioners.docker.provisioner import DockerProvisioner;"
    "print('swept', asyncio.run(DockerProvisioner.sweep('w', all_live)))"
)


def inside(owner: str, *words: str) -> list[str]:
    """A container that runs our code as a Jupyter server's process would, with the engine's socket."""
    socket = host().removeprefix("unix://")
    packages = sysconfig.get_path("purelib")
    return [
        "docker", "run", "--rm", "--pull=never", "--network=none", f"--label=test-of={owner}", f"--name=jupyter-{owner[:12]}",
        f"--volume={ROOT}:/code:ro", f"--volume={packages}:/packages:ro", f"--volume={socket}:/var/run/docker.sock",
        "--env=PYTHONPATH=/code:/packages", "--workdir=/code", "--user=0:0", PYTHON, *words,
    ]  # fmt: skip


@contextmanager
def jupyter(command: list[str], owner: str) -> Iterator[str]:
    """A process that has a container, which is yielded."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"ready")
            with asked() as engine:
                (held,) = engine.containers(filters={"label": [f"{OWNED}={owner}"]})
            yield held["Id"]
        finally:
            process.kill()
            subprocess.run(["docker", "rm", "-f", f"jupyter-{owner[:12]}"], capture_output=True, check=False)


@pytest.mark.skipif(not host().startswith("unix://"), reason="its socket is mounted")
async def test_the_one_inside_and_the_one_outside_leave_each_other_alone(yard: Yard) -> None:
    holder = ["-m", "tests.support.container_holder", "/code/tests", yard.owner, "deaf"]
    with jupyter(inside(yard.owner, *holder), yard.owner) as theirs:
        assert await DockerProvisioner.sweep("w", all_live) == 0
        assert [one["Id"] for one in yard.containers()] == [theirs]
    # The whole of that Jupyter is gone, its guardian too. From here its owner can't be judged: left, and said so in the docs.
    assert await DockerProvisioner.sweep("w", all_live) == 0
    assert [one["Id"] for one in yard.containers()] == [theirs]
    with asked() as engine:
        engine.remove_container(theirs, force=True)

    holder[-3:] = [str(yard.root), yard.owner, "deaf"]
    with jupyter([sys.executable, *holder], yard.owner) as ours:
        said = subprocess.run(inside(yard.owner, "-c", SWEEP), capture_output=True, timeout=100, check=True)
        assert said.stdout == b"swept 0\n"
        assert [one["Id"] for one in yard.containers()] == [ours]
    until(lambda: not yard.containers())
    assert os.path.exists(host().removeprefix("unix://"))
