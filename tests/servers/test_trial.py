"""Trying an entry out: one start, apart from all that is configured, with nothing left of it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from mandrake_jupyter.errors import TooMany, Unavailable
from mandrake_jupyter.values import MCPServerEntry, ServerKey

from ..support.mcp_leaks import MARKER, eventually
from .conftest import ECHO, RAW, House, call


def entry(house: House, *args: str, name: str = "new", **options: Any) -> MCPServerEntry:
    env = {MARKER: house.token}
    return MCPServerEntry(name, command=sys.executable, args=("-S", RAW, *args), env=env, **options)


async def test_what_starts_tells_its_tools_and_is_ended(house: House) -> None:
    manager = house.manager()
    found = await manager.test(entry(house))
    assert found.keys() == {"ok", "seconds", "tools", "protocol"}
    assert (found["ok"], found["protocol"]) == (True, "2025-11-25")
    assert "add" in [tool["name"] for tool in found["tools"]]
    assert found["seconds"] > 0
    assert not house.processes("")
    assert manager.servers == []


async def test_the_newer_era_is_tried_out_too(house: House) -> None:
    env = {MARKER: house.token}
    found = await house.manager().test(MCPServerEntry("new", command=sys.executable, args=(ECHO,), env=env))
    assert (found["ok"], found["protocol"]) == (True, "2026-07-28")


@pytest.mark.parametrize(
    ("args", "options", "code"),
    [
        (("--exit", "3"), {}, "mcp_exited_at_start"),
        (("--mute",), {"start_timeout": 0.5}, "mcp_start_timeout"),
        (("--deaf", "--mute"), {"start_timeout": 0.5}, "mcp_start_timeout"),
    ],
)
async def test_what_does_not_start_tells_why_with_its_log(
    house: House, args: tuple[str, ...], options: dict[str, Any], code: str
) -> None:
    manager = house.manager(stop_grace=0.1)
    found = await manager.test(entry(house, *args, **options))
    assert found.keys() == {"ok", "error", "log"}
    assert (found["ok"], found["error"]["code"]) == (False, code)
    if code == "mcp_exited_at_start":
        assert "line 7" in [line["text"] for line in found["log"]]
    assert not house.processes("")
    assert manager.servers == []


async def test_a_command_that_is_missing_and_a_variable_are_told(house: House) -> None:
    manager = house.manager()
    missing = await manager.test(MCPServerEntry("new", command="no-such-command-here"))
    assert missing["error"]["code"] == "mcp_command_not_found"
    variable = await manager.test(entry(house, "${SURELY_NOT_SET}"))
    assert variable["error"]["code"] == "mcp_variable_missing"


async def test_nothing_of_it_is_written_announced_or_shown(house: House) -> None:
    house.raw(name="new")
    manager = house.manager()
    await manager.start("new")
    before = manager.describe_one("new")
    heard = len(house.announced)
    assert (await manager.test(entry(house, "--exit", "3")))["ok"] is False
    model = manager.describe_one("new")
    changing = {"memory", "cpu", "idle_seconds"}
    assert {k: v for k, v in model.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert len(house.announced) == heard
    assert not any("line 7" in line["text"] for line in manager.logs("new"))
    assert len(list((house.state / "catalogue").glob("*.json"))) == 1
    assert (await call(manager, "new", "add", a=1, b=1)).ok


async def test_who_goes_away_leaves_nothing_behind(house: House) -> None:
    manager = house.manager(stop_grace=0.1)
    trying = asyncio.create_task(manager.test(entry(house, "--mute")))
    await eventually(house.processes)
    trying.cancel()
    await asyncio.wait([trying])
    assert trying.cancelled()
    await eventually(lambda: not house.processes("") and not manager.servers)


async def test_it_takes_a_place_and_is_found_by_it(house: House) -> None:
    keys: list[ServerKey] = []

    async def admit(key: ServerKey) -> None:
        keys.append(key)
        assert manager.find(key.name, key.session_id) in manager.servers

    manager = house.manager(admit=admit)
    assert (await manager.test(entry(house)))["ok"]
    assert [key.name for key in keys] == ["new"]


async def test_where_there_is_no_place_it_is_refused_and_leaves_nothing(house: House) -> None:
    async def full(key: ServerKey) -> None:
        raise TooMany("full")

    manager = house.manager(admit=full)
    with pytest.raises(TooMany):
        await manager.test(entry(house))
    assert manager.servers == []
    assert not house.processes("")


async def test_the_end_of_the_project_ends_it(house: House) -> None:
    manager = house.manager(stop_grace=0.1)
    trying = asyncio.create_task(manager.test(entry(house, "--mute")))
    await eventually(house.processes)
    assert await manager.close() == []
    with pytest.raises(Unavailable):
        await trying
    assert not house.processes("")
    with pytest.raises(Unavailable):
        await manager.test(entry(house))
