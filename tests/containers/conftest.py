"""Containers on a real engine, and the count of what each test leaves behind."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from mandrake_jupyter.lifecycle.sweep import marker
from mandrake_jupyter.provisioners.base import LaunchSpec
from mandrake_jupyter.provisioners.docker.provisioner import DockerProvisioner
from mandrake_jupyter.values import CONTAINER_LIMITS, Container, Mount, ResourceLimits

from ..servers.conftest import house as house
from ..support.docker_engine import PYTHON, TINY, asked, containers, need_engine
from ..support.mcp_leaks import eventually, open_files, until
from ..support.patience import within

SUPPORT = Path(__file__).parent.parent / "support"
NOTHING = ResourceLimits()


@pytest.fixture(scope="session")
def engine() -> None:
    """An engine answers; `make test` starts one where it may."""
    need_engine()


@pytest.fixture
def sweeping(engine: None) -> Iterator[None]:
    """What dead owners left on the engine goes at anybody's first use of it: tests that look at it, leave it or sweep it take
    turns, in whichever process they are.
    """
    with FileLock(Path(tempfile.gettempdir()) / "mandrake-tests-sweep.lock"):
        yield


@dataclass
class Yard:
    """Makes containers whose owner, as their labels have it, is this test."""

    root: Path
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    logged: list[tuple[str, str]] = field(default_factory=list)

    def spec(self, *args: str, limits: ResourceLimits = NOTHING, **container: Any) -> LaunchSpec:
        container = {"image": PYTHON, "pull": "never", "mounts": (Mount(".", "/mcp"),), **container}
        return LaunchSpec(
            "raw",
            args=args,
            root=str(self.root),
            marker=marker("w/raw", self.owner),
            limits=limits.over(CONTAINER_LIMITS),
            container=Container(**container),
        )

    def raw(self, *args: str, **options: Any) -> DockerProvisioner:
        """The MCP server without an SDK, in a container."""
        return self.make(self.spec("-S", "/mcp/mcp_raw.py", *args, **options))

    def shell(self, script: str, **options: Any) -> DockerProvisioner:
        return self.make(replace(self.spec("-c", script, image=TINY, **options)))

    def make(self, spec: LaunchSpec) -> DockerProvisioner:
        return DockerProvisioner(spec, lambda stream, text: self.logged.append((stream, text)))

    async def from_outside(self, work: Callable[[Any, str], Any]) -> Any:
        """Somebody else does `work` to the one container there is: ``work(client, id)``, in a thread."""
        (container,) = self.containers()

        def act() -> Any:
            with asked() as client:
                return work(client, container["Id"])

        return await asyncio.to_thread(act)

    def containers(self) -> list[Any]:
        return containers(self.owner)


@pytest.fixture
def yard(engine: None, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Yard]:
    """After the test: no container, no guardian, no task, no open file is left."""
    yard = Yard(SUPPORT)
    before = open_files()
    yield yard
    try:
        until(lambda: not yard.containers(), within(10))
        jp_asyncio_loop.run_until_complete(eventually(lambda: not (open_files() - before)))
    finally:
        with asked() as client:
            for container in yard.containers():
                client.remove_container(container["Id"], force=True)
    current = asyncio.all_tasks(jp_asyncio_loop)
    assert not current, current


@asynccontextmanager
async def client(provisioner: DockerProvisioner, grace: float = 2.0) -> Any:
    """The SDK's client over it."""
    from mcp import Client

    async with Client(provisioner.launch(grace), mode="legacy", read_timeout_seconds=60) as client:
        yield client
