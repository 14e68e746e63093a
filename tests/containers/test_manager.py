"""MCP servers in containers as users have them: an entry with an image, through the manager."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from mandrake_jupyter.errors import EngineOff, ServerGone
from mandrake_jupyter.values import CONTAINER_LIMITS, Container, Mount, ResourceLimits

from ..servers.conftest import House, call
from ..support.docker_engine import PYTHON, asked
from ..support.mcp_leaks import eventually
from .conftest import SUPPORT


def box(house: House, name: str = "box", **options: Any) -> None:
    container = Container(PYTHON, "never", mounts=(Mount(str(SUPPORT), "/mcp", outside=True),))
    args = ("-S", "/mcp/mcp_raw.py")
    house.add(name, "", *args, transport="docker", container=container, **options)


@pytest.mark.usefixtures("engine")
async def test_an_entry_with_an_image_is_started_by_its_first_call_and_ended(house: House) -> None:
    box(house)
    manager = house.manager()
    assert (await call(manager, "box", "add", a=1, b=2)).content == "3"
    model = manager.describe_one("box")
    assert (model["phase"], model["transport"]) == ("ready", "docker")
    id = model["container"]["id"]
    limits = CONTAINER_LIMITS.as_json()
    assert model["container"] == {"image": PYTHON, "network": "none", "id": id, "limits": limits}
    assert model["memory"] > 1_000_000
    await manager.stop("box")
    assert manager.describe_one("box")["container"]["id"] is None
    with asked() as engine:
        assert not engine.containers(all=True, filters={"id": id})


@pytest.mark.usefixtures("engine")
async def test_a_container_that_is_killed_in_a_call_leaves_its_outcome_unknown(house: House) -> None:
    box(house)
    manager = house.manager()
    await manager.start("box")
    calling = asyncio.ensure_future(call(manager, "box", "never"))
    await eventually(lambda: manager.describe_one("box")["busy"])

    def kill() -> None:
        with asked() as engine:
            engine.kill(manager.describe_one("box")["container"]["id"])

    await asyncio.to_thread(kill)
    with pytest.raises(ServerGone) as caught:
        await calling
    assert "not known whether the call finished" in caught.value.then
    assert caught.value.reason == 'The MCP server "box" ended by itself with code 137.'
    assert (await call(manager, "box", "add", a=1, b=2)).ok


@pytest.mark.usefixtures("engine")
async def test_one_that_ran_out_of_memory_says_so(house: House) -> None:
    box(house, limits=ResourceLimits(memory_mb=64))
    manager = house.manager()
    with pytest.raises(ServerGone) as caught:
        await call(manager, "box", "hog", mb=500)
    assert caught.value.reason == 'The MCP server "box" ended: it ran out of memory; it may take 64 MiB.'


async def test_without_an_engine_that_one_is_unavailable_and_the_others_work(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    box(house)
    house.raw()
    manager = house.manager()
    with pytest.raises(EngineOff, match="Docker is not running"):
        await call(manager, "box", "add", a=1, b=2)
    model = manager.describe_one("box")
    assert (model["phase"], model["error"]["code"]) == ("failed", "docker_off")
    tools, problems = await manager.catalogue(learn=True)
    assert {tool.server for tool in tools} == {"raw"}
    assert [problem.server for problem in problems] == ["box"]
    assert (await call(manager, "raw", "add", a=1, b=2)).ok
    assert os.environ["DOCKER_HOST"]
