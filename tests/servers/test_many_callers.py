"""Fifty callers of one MCP server at once, in either era: each gets its own answer, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.values import ToolResult

from ..support.mcp_leaks import eventually
from .conftest import CONTEXT, House, call

CALLERS = 50
ROUNDS = 4


@pytest.fixture(params=["raw", "echo"])
def manager(request: pytest.FixtureRequest, house: House) -> MCPServerManager:
    """`raw` speaks the handshake era, `echo` that of 2026-07-28; both are called "mcp" here."""
    getattr(house, request.param)(name="mcp")
    return house.manager()


async def ask(manager: MCPServerManager, number: int) -> list[ToolResult]:
    return [await call(manager, "mcp", "add", a=number, b=1000 * turn) for turn in range(ROUNDS)]


def own(number: int) -> list[str]:
    return [str(number + 1000 * turn) for turn in range(ROUNDS)]


async def test_each_gets_its_own_answers(house: House, manager: MCPServerManager) -> None:
    answers = await asyncio.gather(*(ask(manager, number) for number in range(CALLERS)))
    assert [[one.content for one in got] for got in answers] == [own(n) for n in range(CALLERS)]
    assert len(house.processes()) == 1
    assert manager.describe_one("mcp")["busy"] == 0


async def test_nothing_is_lost_while_the_tools_change_and_callers_cancel(
    manager: MCPServerManager, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    await manager.start("mcp")
    before = {tool.name for tool in await manager.tools("mcp")}
    callers = [asyncio.create_task(ask(manager, number)) for number in range(CALLERS)]
    cancelled = [asyncio.create_task(call(manager, "mcp", "never", mark=str(mark))) for _ in range(3)]
    for _ in range(3):
        await call(manager, "mcp", "grow")
    await eventually(lambda: mark.exists() and mark.read_text().count("begun") == 3)
    for one in cancelled:
        one.cancel()
    answers = await asyncio.gather(*callers)
    assert [[one.content for one in got] for got in answers] == [own(n) for n in range(CALLERS)]
    await asyncio.wait(cancelled)
    assert all(one.cancelled() for one in cancelled)
    await eventually(lambda: mark.read_text().count("cancelled") == 3)
    server = manager.find("mcp")
    assert server is not None
    await eventually(lambda: len({tool.name for tool in server.tools or ()} - before) == 3)
    assert (await call(manager, "mcp", "add", a=1, b=1)).content == "2"


async def test_the_progress_of_each_is_told_to_it_only(house: House) -> None:
    house.echo(name="mcp")
    manager = house.manager()
    heard: dict[int, list[float]] = {number: [] for number in range(CALLERS)}

    async def one(number: int) -> ToolResult:
        async def hear(progress: float, total: float | None, message: str | None) -> None:
            assert total == number % 5 + 1
            heard[number].append(progress)

        steps = {"steps": number % 5 + 1}
        return await manager.call("mcp", "slow", steps, context=CONTEXT, on_progress=hear)

    results = await asyncio.gather(*(one(number) for number in range(CALLERS)))
    assert {result.content for result in results} == {"done"}
    await eventually(lambda: all(heard[n] == list(range(1, n % 5 + 2)) for n in heard))
