"""Tools of a real MCP server over stdio: what they answer, and that one process serves all who call."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from mandrake_jupyter.errors import MCPServerNotFound, NotTrusted, ToolNotFound
from mandrake_jupyter.lifecycle.announce import Changed, Moved, ToolCalled

from ..support.mcp_leaks import eventually
from .conftest import CONTEXT, House, call


async def test_a_call_starts_the_server_and_answers(house: House) -> None:
    house.echo()
    manager = house.manager()
    assert manager.describe_one("echo")["phase"] == "new"
    result = await call(manager, "echo", "add", a=2, b=3)
    assert (result.ok, result.content, result.structured) == (True, "5", {"result": 5})
    model = manager.describe_one("echo")
    assert (model["phase"], model["execution_state"], model["busy"]) == ("ready", "idle", 0)
    assert model["pid"] in house.processes()
    assert model["last_activity"].endswith("Z")
    assert house.phases == [("echo", "starting"), ("echo", "ready")]


async def test_a_failing_tool_is_a_result_and_not_an_exception(house: House) -> None:
    house.echo()
    result = await call(house.manager(), "echo", "fail", why="no luck")
    assert not result.ok
    assert "no luck" in result.content


async def test_arguments_the_tool_refuses_are_a_result_too(house: House) -> None:
    house.echo()
    result = await call(house.manager(), "echo", "add", a="not a number", b=1)
    assert not result.ok
    assert result.content


async def test_progress_is_told_in_order(house: House) -> None:
    house.echo()
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    result = await house.manager().call("echo", "slow", {"steps": 3}, context=CONTEXT, on_progress=hear)
    assert result.content == "done"
    assert heard == [(1, 3, "step 1"), (2, 3, "step 2"), (3, 3, "step 3")]


async def test_a_hundred_first_calls_start_one_process(house: House) -> None:
    house.raw()
    manager = house.manager()
    results = await asyncio.gather(*[call(manager, "raw", "add", a=n, b=1) for n in range(100)])
    assert [result.content for result in results] == [str(n + 1) for n in range(100)]
    assert len(house.processes()) == 1
    assert house.phases == [("raw", "starting"), ("raw", "ready")]


async def test_a_cancelled_call_is_told_to_the_server_and_the_session_lives(
    house: House, tmp_path: Path
) -> None:
    house.raw()
    manager = house.manager()
    mark = tmp_path / "mark"
    running = asyncio.create_task(call(manager, "raw", "never", mark=str(mark)))
    await eventually(mark.exists)
    assert manager.describe_one("raw")["execution_state"] == "busy"
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    await eventually(lambda: mark.read_text() == "begun\ncancelled\n")
    before = manager.describe_one("raw")["pid"]
    assert (await call(manager, "raw", "pid")).content == str(before)


async def test_a_cancelled_first_caller_does_not_cancel_the_start_for_others(house: House) -> None:
    house.raw()
    manager = house.manager()
    first = asyncio.create_task(call(manager, "raw", "add", a=1, b=1))
    await eventually(lambda: house.phases)
    second = asyncio.create_task(call(manager, "raw", "add", a=1, b=1))
    first.cancel()
    assert (await second).content == "2"
    assert first.cancelled()
    assert len(house.processes()) == 1


async def test_lines_on_stdout_that_are_no_messages_are_logged_and_skipped(house: House) -> None:
    house.echo("--garbage")
    manager = house.manager()
    assert (await call(manager, "echo", "garbage")).content == "after garbage"
    written = [line["text"] for line in manager.logs("echo") if line["stream"] == "stdout"]
    assert written[:2] == ["Welcome to my server!", "It is starting …"]
    assert written[2:] == ["this is no message", '{"nor": "this"}', "\ufffd\ufffd"]


async def test_a_large_result_is_cut_and_says_so(house: House) -> None:
    house.echo()
    result = await call(house.manager(), "echo", "large", size=5_000_000)
    assert result.ok
    assert result.truncated
    assert len(result.content) == 1_000_000
    assert result.structured is None


async def test_an_unknown_server_or_tool_is_named_with_those_there_are(house: House) -> None:
    house.echo()
    manager = house.manager()
    with pytest.raises(MCPServerNotFound, match="No MCP server named 'ghost'; known: echo"):
        await call(manager, "ghost", "add")
    with pytest.raises(ToolNotFound, match="has no tool 'ghost'; it has: echo, add"):
        await call(manager, "echo", "ghost")


async def test_nothing_of_an_untrusted_server_is_started(house: House) -> None:
    house.echo("${NOT_SET_ANYWHERE}", trusted=False)
    manager = house.manager()
    for use in (
        call(manager, "echo", "add", a=1, b=1),
        manager.start("echo"),
        manager.restart("echo"),
        manager.tools("echo"),
    ):
        with pytest.raises(NotTrusted):
            await use
    assert await manager.catalogue(learn=True) == ([], [])
    model = manager.describe_one("echo")
    assert (model["trusted"], model["phase"]) == (False, "new")
    assert model["command"].endswith("'${NOT_SET_ANYWHERE}'")
    assert not house.processes()
    assert not house.phases


async def test_every_call_is_announced_once_with_how_it_ended(house: House) -> None:
    house.echo()
    manager = house.manager()
    await call(manager, "echo", "add", a=2, b=3)
    await call(manager, "echo", "fail", why="no luck")
    with pytest.raises(ToolNotFound):
        await call(manager, "echo", "nothing")
    with pytest.raises(MCPServerNotFound):
        await call(manager, "ghost", "add")
    calls = [told for told in house.announced if isinstance(told, ToolCalled)]
    assert [(told.server, told.transport, told.outcome) for told in calls] == [
        ("echo", "stdio", "done"),
        ("echo", "stdio", "failed"),
        ("echo", "stdio", "failed"),
    ]
    assert all(told.seconds > 0 for told in calls)
    assert house.announced[0] == Changed("mcp_server", "w", "echo", "changed")  # in use from here on
    assert "no luck" not in repr(calls)


async def test_a_cancelled_call_may_have_done_its_work(house: House) -> None:
    house.raw()
    manager = house.manager()
    await manager.start("raw")
    calling = asyncio.ensure_future(call(manager, "raw", "never"))
    await eventually(lambda: manager.describe_one("raw")["busy"])
    calling.cancel()
    await asyncio.wait([calling])
    assert [told.outcome for told in house.announced if isinstance(told, ToolCalled)] == ["unknown"]


async def test_a_move_tells_how_long_the_old_phase_lasted(house: House) -> None:
    house.raw()
    await house.manager().start("raw")
    starting, ready = (told for told in house.announced if isinstance(told, Moved))
    assert (starting.workspace_id, starting.id, starting.old) == ("w", "raw", "new")
    assert (ready.old, ready.new) == ("starting", "ready")
    assert ready.seconds > 0.01


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
async def test_a_running_server_shows_its_memory_and_none_when_it_is_stopped(house: House) -> None:
    house.echo()
    manager = house.manager()
    assert manager.describe_one("echo")["memory"] is None
    await manager.start("echo")
    model = manager.describe_one("echo")
    assert model["memory"] > 10_000_000
    assert model["cpu"] is None
    await manager.stop("echo")
    assert manager.describe_one("echo")["memory"] is None
