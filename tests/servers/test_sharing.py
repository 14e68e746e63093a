"""``sharing: session``: each chat has a process of its own, and those who ask without a chat have one, too."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import ServerGone
from mandrake_jupyter.lifecycle.announce import Moved
from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.values import CallContext, ToolResult

from ..support.mcp_leaks import eventually
from .conftest import House


async def call(
    manager: MCPServerManager, chat: str, tool: str = "pid", name: str = "raw", **arguments: Any
) -> ToolResult:
    context = CallContext(workspace_id="w", session_id=chat)
    return await manager.call(name, tool, arguments, context=context)


async def pid(manager: MCPServerManager, chat: str) -> int:
    return int((await call(manager, chat)).content)


async def test_five_chats_share_one_process_unless_told_otherwise(house: House) -> None:
    house.raw()
    manager = house.manager()
    assert len({await pid(manager, chat) for chat in "abcde"}) == 1
    model = manager.describe_one("raw")
    assert (model["sharing"], model["instances"], model["connections"]) == ("workspace", 1, 5)


async def test_each_chat_has_its_own_and_so_has_who_asks_without_one(house: House) -> None:
    house.raw(sharing="session")
    manager = house.manager()
    first = {chat: await pid(manager, chat) for chat in ("", "a", "b")}
    assert len(set(first.values())) == 3
    assert {chat: await pid(manager, chat) for chat in first} == first
    (model,) = manager.describe()
    assert (model["sharing"], model["instances"], model["connections"]) == ("session", 3, 2)
    assert (model["phase"], model["pid"], model["restarts"]) == ("ready", None, 0)
    assert model["memory"] > 10_000_000
    assert len(house.processes()) == 3
    moved = {told.session_id for told in house.announced if isinstance(told, Moved)}
    assert moved == {"", "a", "b"}
    assert "ready (chat a)" in [line["text"] for line in manager.logs("raw")]


async def test_the_end_of_a_chat_ends_its_process_only(house: House) -> None:
    house.raw(sharing="session")
    manager = house.manager()
    a, b = await pid(manager, "a"), await pid(manager, "b")
    manager.detach("a")
    await eventually(lambda: house.processes() == [b])
    await eventually(lambda: len(manager.servers) == 1)
    assert manager.describe_one("raw")["instances"] == 1
    assert [server.key.session_id for server in manager.servers] == ["b"]
    assert await pid(manager, "a") not in (a, b), "a chat that comes back has a new one"


async def test_a_chat_that_comes_back_while_its_process_ends_gets_a_new_one(house: House) -> None:
    house.raw(sharing="session")
    manager = house.manager()
    old = await pid(manager, "a")
    manager.detach("a")
    new = await pid(manager, "a")
    assert new != old
    await eventually(lambda: house.processes() == [new])
    assert await pid(manager, "a") == new


async def test_the_end_of_a_chat_in_a_start_ends_that(house: House) -> None:
    house.raw("--mute", sharing="session")
    manager = house.manager(stop_grace=0.1)
    waiting = asyncio.create_task(call(manager, "a"))
    await eventually(house.processes)
    manager.detach("a")
    await asyncio.wait([waiting])
    assert waiting.exception() is not None
    await eventually(lambda: not house.processes(""))


async def test_nothing_is_kept_of_a_chat_that_ended_during_a_call(house: House) -> None:
    house.raw(sharing="session")
    manager = house.manager()
    await pid(manager, "a")
    waiting = asyncio.create_task(call(manager, "a", "never"))
    server = manager.find("raw", "a")
    await eventually(lambda: server is not None and server.leases.busy)
    manager.detach("a")
    await asyncio.wait([waiting])
    assert isinstance(waiting.exception(), ServerGone)
    await eventually(lambda: manager.describe() and not manager.servers)


async def test_learning_its_tools_leaves_no_process(house: House) -> None:
    house.raw(sharing="session")
    manager = house.manager()
    tools, problems = await manager.catalogue(learn=True)
    assert (bool(tools), problems) == (True, [])
    assert not house.processes("")
    house.raw(name="other", sharing="session", env={"A": "1"})
    assert await manager.tools("other")
    assert not house.processes("")


async def test_stop_and_restart_mean_all_of_them(house: House) -> None:
    house.raw(sharing="session")
    manager = house.manager()
    before = [await pid(manager, chat) for chat in "ab"]
    model = await manager.restart("raw")
    assert (model["instances"], model["restarts"]) == (2, 2)
    after = [await pid(manager, chat) for chat in "ab"]
    assert not set(before) & set(after)
    assert sorted(house.processes()) == sorted(after)
    model = await manager.stop("raw")
    assert (model["instances"], model["phase"]) == (0, "stopped")
    assert not house.processes("")
    await manager.restart("raw")
    assert manager.describe_one("raw")["instances"] == 1, "that of those who ask without a chat"


async def test_a_crash_is_that_of_one_chat(house: House) -> None:
    house.raw(sharing="session")
    manager = house.manager()
    b = await pid(manager, "b")
    with pytest.raises(Exception, match="ended while it was at work"):
        await call(manager, "a", "die")
    model = manager.describe_one("raw")
    assert (model["crashes"], model["instances"], model["phase"], model["pid"]) == (1, 1, "ready", b)
    found = await manager.health("raw")
    assert (found["status"], found["alive"], found["answers"]) == ("failing", True, True)
    assert (await call(manager, "a", "add", a=1, b=1)).content == "2"
    assert (await manager.health("raw"))["status"] == "ok"


@pytest.mark.parametrize("sharing", ["session", "workspace"])
async def test_another_sharing_ends_what_ran_by_the_old_one(house: House, sharing: str) -> None:
    other = "workspace" if sharing == "session" else "session"
    house.raw(sharing=other)
    manager = house.manager()
    old = {await pid(manager, chat) for chat in ("", "a", "b")}
    house.entries = [replace(house.entries[0], sharing=sharing)]
    new = {await pid(manager, chat) for chat in ("", "a", "b")}
    assert not old & new
    assert len(new) == (3 if sharing == "session" else 1)
    await eventually(lambda: set(house.processes()) == new)


async def test_a_removed_entry_ends_all_of_them_and_whoever_follows_its_log(house: House) -> None:
    house.raw(sharing="session")
    manager = house.manager()
    for chat in ("", "a", "b"):
        await pid(manager, chat)
    log = manager.log("raw")
    house.entries.clear()
    await manager.refresh()
    assert log.closed
    assert not house.processes("")
    assert manager.servers == []


async def test_what_one_offers_is_asked_of_the_process_of_its_chat(house: House, tmp_path: Path) -> None:
    house.echo(sharing="session")
    manager = house.manager()
    offers = await manager.offers("echo", "a")
    assert (await offers.read("echo://notes"))[0].text == "one\ntwo"
    server = manager.find("echo", "a")
    assert server is not None
    assert server.phase == "ready"
    assert manager.find("echo") is None


async def test_two_hundred_that_are_configured_cost_nothing(house: House, tmp_path: Path) -> None:
    """Listed, asked for their tools and their health, with no process, no task and no object kept for any."""
    for number in range(200):
        house.raw(name=f"s{number}", sharing="session" if number % 2 else "workspace", hash="same")
    manager = house.manager()
    await manager.tools("s0")
    await manager.stop("s0")
    models = manager.describe()
    assert [model["tools"] for model in models] == [18] * 200
    assert {model["phase"] for model in models} == {"new", "stopped"}
    assert len((await manager.catalogue(learn=True))[0]) == 200 * 18
    assert (await manager.health("s7"))["status"] == "asleep"
    assert not house.processes("")
    assert not house.supervisor.tasks
