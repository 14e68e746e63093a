"""Stands for a Jupyter server that has a container: makes one, says so, and waits to be killed.

`python -m tests.support.container_holder ROOT OWNER polite|deaf|paused`: prints ``ready GUARDIAN-PID``.
"""

from __future__ import annotations

import asyncio
import sys

from mandrake_jupyter.lifecycle.sweep import marker
from mandrake_jupyter.provisioners.base import LaunchSpec
from mandrake_jupyter.provisioners.docker.provisioner import DockerProvisioner
from mandrake_jupyter.values import CONTAINER_LIMITS, Container

SCRIPTS = {
    "polite": "cat >/dev/null",
    "deaf": "trap '' TERM HUP; while true; do sleep 1; done",
    "paused": "cat >/dev/null",
}


async def main(root: str, owner: str, manner: str) -> None:
    spec = LaunchSpec(
        "held",
        args=("-c", SCRIPTS[manner]),
        root=root,
        marker=marker("w/held", owner),
        limits=CONTAINER_LIMITS,
        container=Container("mandrake-test/tiny:latest", "never"),
    )
    provisioner = DockerProvisioner(spec, lambda stream, text: None)
    async with provisioner.launch(0.5):
        if manner == "paused":
            await provisioner.pause()
        assert provisioner._guard
        print("ready", await provisioner._guard.here(), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
