"""Both eras of the protocol over each transport that has them: progress, cancelling, changes, log messages, completions."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mandrake_jupyter.errors import ServerGone
from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.servers.offered import Completions

from ..support.mcp_leaks import eventually
from .conftest import CONTEXT, ECHO, House, call

OLD, NEW = "2025-11-25", "2026-07-28"
WAYS = [("stdio", OLD), ("stdio", NEW), ("http", OLD), ("http", NEW), ("sse", OLD)]


@dataclass
class World:
    manager: MCPServerManager
    era: str
    process: subprocess.Popen[str] | None


@pytest.fixture(params=WAYS, ids="-".join)
def world(house: House, request: pytest.FixtureRequest) -> Iterator[World]:
    """The echo server, known to speak that revision as from an earlier connection."""
    transport, era = request.param
    folder = house.state / "catalogue"
    folder.mkdir(parents=True)
    (folder / "known.json").write_text(json.dumps({"version": 1, "protocol": era, "tools": []}))
    if transport == "stdio":
        house.echo(hash="known")
        yield World(house.manager(), era, None)
        return
    flag = {"http": "--http", "sse": "--sse"}[transport]
    command = [sys.executable, ECHO, flag]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        house.add("echo", "", transport=transport, url=url, hash="known")
        yield World(house.manager(), era, process)
        process.kill()


async def test_everything_works_in_either_era_over_each_transport(world: World, tmp_path: Path) -> None:
    manager = world.manager
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    result = await manager.call("echo", "slow", {"steps": 3}, context=CONTEXT, on_progress=hear)
    assert result.content == "done"
    assert heard == [(1, 3, "step 1"), (2, 3, "step 2"), (3, 3, "step 3")]
    server = manager.find("echo")
    assert server is not None
    assert server.known is not None
    assert server.known.protocol == world.era

    mark = tmp_path / "mark"
    running = asyncio.create_task(call(manager, "echo", "never", mark=str(mark)))
    await eventually(mark.exists)
    assert (await call(manager, "echo", "add", a=1, b=2)).content == "3", "beside the one in flight"
    running.cancel()
    await asyncio.wait([running])
    await eventually(lambda: mark.read_text() == "begun\ncancelled\n")

    async def grown() -> bool:
        await call(manager, "echo", "grow")
        return any(tool.name.startswith("grown") for tool in server.tools or ())

    async with asyncio.timeout(30):
        while not await grown():  # what happens before somebody listens is told to nobody
            await asyncio.sleep(0.05)

    await call(manager, "echo", "say", level="error", text="hot")
    await eventually(lambda: "echo: hot" in [line["text"] for line in manager.logs("echo", level="error")])

    offers = await manager.offers("echo")
    assert await offers.complete("prompt", "greet", "who", "B", {}) == Completions(("Barbara",), 1, False)
    assert (await offers.read("echo://notes"))[0].text == "one\ntwo"
    assert (await offers.prompt("greet", {"who": "Ada"})).messages[0].text == "Greet Ada warmly."
    assert (await call(manager, "echo", "ask")).content.startswith("decline\n[It asked you")
    assert (await manager.health("echo"))["status"] == "ok"
    assert house_starts(world) == 1
    assert (await manager.stop("echo"))["phase"] == "stopped"


def house_starts(world: World) -> int:
    server = world.manager.find("echo")
    assert server is not None
    return server.record.starts


@pytest.mark.parametrize("world", [("sse", OLD)], indirect=True, ids=["sse"])
async def test_the_end_of_one_behind_an_event_stream_is_noticed_while_idle(world: World) -> None:
    await world.manager.start("echo")
    assert world.process is not None
    world.process.kill()
    await eventually(lambda: world.manager.describe_one("echo")["phase"] == "failed")
    with pytest.raises(Exception, match="can't be reached"):
        await call(world.manager, "echo", "add", a=1, b=1)


@pytest.mark.parametrize("world", [("sse", OLD)], indirect=True, ids=["sse"])
async def test_one_behind_an_event_stream_that_dies_in_a_call_leaves_its_outcome_unknown(
    world: World, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    running = asyncio.create_task(call(world.manager, "echo", "never", mark=str(mark)))
    await eventually(mark.exists)
    assert world.process is not None
    world.process.kill()
    with pytest.raises(ServerGone) as caught:
        await running
    assert "not known" in caught.value.then


async def test_one_that_answers_nothing_before_the_handshake_is_taken_for_an_old_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some say nothing at all to a question they do not know; it is waited for once, and remembered."""
    monkeypatch.setattr("mcp.client.session.DISCOVER_TIMEOUT_SECONDS", 0.3)
    house.raw("--silent")
    manager = house.manager()
    assert (await call(manager, "raw", "add", a=1, b=1)).content == "2"
    await manager.restart("raw")
    server = manager.find("raw")
    assert server is not None
    assert server.known is not None
    assert server.known.protocol == OLD


@pytest.fixture
def address() -> Iterator[str]:
    """Of the echo server over HTTP."""
    command = [sys.executable, ECHO, "--http"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


async def test_a_lost_subscription_is_asked_for_anew_and_what_changed_meanwhile_is_noticed(
    house: House, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection over HTTP on which nothing is said for long is lost; here after a second."""
    monkeypatch.setattr("mandrake_jupyter.provisioners.http_client.READ_TIMEOUT", 1.0)
    monkeypatch.setattr("mandrake_jupyter.servers.hearing.FIRST_PAUSE", 0.05)
    house.add("echo", "", transport="http", url=address)
    manager = house.manager()
    await manager.start("echo")
    server = manager.find("echo")
    assert server is not None
    assert server.known is not None
    assert server.known.protocol == NEW
    assert server.connection is not None
    hearing = server.connection.hearing
    await eventually(lambda: hearing.changes["tools"] >= 2)  # it was lost twice
    await call(manager, "echo", "grow")
    await eventually(lambda: any(tool.name.startswith("grown") for tool in server.tools or ()))
    assert manager.describe_one("echo")["phase"] == "ready"
    await manager.stop("echo")
