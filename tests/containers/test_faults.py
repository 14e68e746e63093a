"""What goes wrong with containers on a real engine: the right words within a moment, and no container left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mandrake_jupyter.errors import EngineOff, EngineRefused, ImageMissing
from mandrake_jupyter.values import ResourceLimits

from ..support.docker_engine import TINY
from ..support.mcp_leaks import eventually
from ..support.patience import within
from .conftest import Yard, client


async def broken(work: Any) -> float:
    """Seconds until a call that is under way is told that its MCP server is gone."""
    began = time.monotonic()
    with pytest.raises(Exception, match="Connection closed"):
        await asyncio.wait_for(work, 60)
    return time.monotonic() - began


Fault = Callable[[Any, str], None]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (lambda engine, id: engine.kill(id), 137),
        (lambda engine, id: engine.stop(id, timeout=1), 143),
        (lambda engine, id: engine.remove_container(id, force=True), 137),
    ],
    ids=["kill", "stop", "rm"],
)
async def test_whoever_ends_it_from_outside_is_noticed_in_a_call(yard: Yard, fault: Fault, code: int) -> None:
    provisioner = yard.raw()
    async with client(provisioner) as mcp:
        calling = asyncio.ensure_future(mcp.call_tool("never", {}))
        ending = asyncio.ensure_future(yard.from_outside(fault))
        assert await broken(calling) < within(2)
        await ending
        assert provisioner.ended.is_set()
        assert provisioner.poll() == code
        assert (provisioner.over, provisioner.fault) == (None, None)
        await eventually(lambda: not yard.containers(), within(5))


async def test_one_that_ends_itself_tells_its_code(yard: Yard) -> None:
    provisioner = yard.raw()
    async with client(provisioner) as mcp:
        assert await broken(mcp.call_tool("die", {"code": 9})) < within(2)
        assert provisioner.poll() == 9
    assert ("stderr", "I am dying") in yard.logged


async def test_one_that_runs_out_of_memory_is_told_from_one_that_was_killed(yard: Yard) -> None:
    provisioner = yard.raw(limits=ResourceLimits(memory_mb=64))
    async with client(provisioner) as mcp:
        assert await broken(mcp.call_tool("hog", {"mb": 500})) < within(4)
        assert provisioner.poll() == 137
        assert str(provisioner.over) == "it ran out of memory; it may take 64 MiB"
        assert provisioner.over
        assert '"memory_mb": 128' in provisioner.over.remedy


async def test_a_flood_blocks_nothing_and_leaves_nothing(yard: Yard) -> None:
    provisioner = yard.raw("--flood")
    async with client(provisioner) as mcp:
        assert (await mcp.call_tool("add", {"a": 1, "b": 2})).content[0].text == "3"
    assert max(len(text) for _, text in yard.logged) <= 8192
    endless = yard.shell("yes >&2")
    began = time.monotonic()
    async with endless.launch(0.2):
        await eventually(lambda: len(yard.logged) > 10_000)
        yard.logged.clear()
    assert time.monotonic() - began < within(15)


@pytest.mark.parametrize(
    "script", ["trap '' TERM; while true; do sleep 1; done", "yes"], ids=["deaf", "flooding"]
)
async def test_one_that_is_deaf_is_removed_all_the_same(yard: Yard, script: str) -> None:
    provisioner = yard.shell(script)
    began = time.monotonic()
    async with provisioner.launch(0.2):
        assert len(yard.containers()) == 1
    assert time.monotonic() - began < within(8)
    assert not yard.containers()


async def test_a_paused_one_answers_after_it_was_resumed_and_can_be_ended_while_paused(yard: Yard) -> None:
    provisioner = yard.raw()
    async with client(provisioner) as mcp:
        await provisioner.pause()
        calling = asyncio.ensure_future(mcp.call_tool("add", {"a": 1, "b": 2}))
        (container,) = yard.containers()
        assert container["State"] == "paused"
        assert not calling.done()
        await provisioner.resume()
        assert (await calling).content[0].text == "3"
        await provisioner.pause()
    assert not yard.containers()


async def test_an_image_that_is_not_there_is_named_with_the_way_out(yard: Yard) -> None:
    with pytest.raises(
        ImageMissing, match=r'The image "no/such:image" is not on your Docker engine'
    ) as caught:
        async with yard.raw(image="no/such:image").launch(1.0):
            pass
    assert 'write "missing" instead' in caught.value.then
    assert not yard.containers()


async def test_a_command_that_is_not_in_the_image_exits_with_words(yard: Yard) -> None:
    provisioner = yard.make(replace(yard.spec("x", image=TINY), command="no-such-program"))
    async with provisioner.launch(1.0):
        await asyncio.wait_for(provisioner.ended.wait(), 60)
    assert provisioner.poll() == 127
    assert any("no-such-program" in text for _, text in yard.logged)


async def test_a_wrong_option_is_refused_in_the_engines_words(yard: Yard) -> None:
    with pytest.raises(EngineRefused, match="network no-such-network not found"):
        async with yard.raw(network="no-such-network").launch(1.0):
            pass


async def test_kill_ends_it_while_its_owner_still_waits(yard: Yard) -> None:
    provisioner = yard.shell("trap '' TERM; while true; do sleep 1; done")
    async with provisioner.launch(60):
        provisioner.kill()
        await asyncio.wait_for(provisioner.ended.wait(), 60)
    assert not yard.containers()


async def test_a_start_that_is_cancelled_leaves_nothing(yard: Yard) -> None:
    async def start() -> None:
        async with yard.shell("while true; do sleep 1; done").launch(0.1):
            await asyncio.Event().wait()

    for after in range(1, 9):
        starting = asyncio.create_task(start())
        await asyncio.wait([starting], timeout=after * 0.05)
        starting.cancel()
        await asyncio.wait([starting], timeout=60)
        assert starting.done()
        await eventually(lambda: not yard.containers(), within(10))


async def test_no_engine_is_said_with_the_way_out(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(EngineOff, match="Docker is not running") as caught:
        async with yard.raw().launch(1.0):
            pass
    assert caught.value.reason == "There is no socket of an engine."
    assert "Start Docker, then try again" in caught.value.then
