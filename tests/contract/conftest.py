"""Each test of the contract once per provisioner; what it leaves is counted after it."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from mandrake_jupyter.provisioners.base import Provisioner

from ..containers.conftest import engine as engine
from ..containers.conftest import sweeping as sweeping
from ..support.mcp_leaks import alive, eventually, open_files
from .worlds import SUPPORT, WORLDS, World

if TYPE_CHECKING:
    from mcp import Client


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with a provisioner is installed."""
    monkeypatch.syspath_prepend(str(SUPPORT))
    monkeypatch.syspath_prepend(str(SUPPORT / "sample_provisioner"))


@pytest.fixture(params=WORLDS, ids=lambda world: world.kind)
def world(
    request: pytest.FixtureRequest, third_party: None, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[World]:
    if request.param.kind == "local" and sys.platform != "linux":
        pytest.skip("what is left is counted by /proc, which only Linux has")
    before = open_files()
    world = request.param(uuid.uuid4().hex)
    yield world
    try:
        jp_asyncio_loop.run_until_complete(eventually(lambda: world.left() == 0, 20))
    finally:
        world.close()
        for process in alive(world.token):
            process.kill()
    jp_asyncio_loop.run_until_complete(eventually(lambda: not (open_files() - before)))


@asynccontextmanager
async def talking(provisioner: Provisioner, grace: float = 2.0) -> AsyncIterator[Client]:
    """The SDK's client over what `provisioner` launches."""
    from mcp import Client

    async with Client(provisioner.launch(grace), mode="legacy") as client:
        yield client


async def text(client: Client, tool: str, **arguments: object) -> str:
    result = await client.call_tool(tool, arguments)
    return str(result.content[0].text)
