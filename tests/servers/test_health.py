"""Health that can fail: asked of a living MCP server, in bounded time, without use of it and without waking it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import MCPServerNotFound
from mandrake_jupyter.servers import health

from ..support.mcp_http import HTTPServerWithSessions, status
from ..support.mcp_leaks import eventually
from .conftest import House, call

FACTS = {
    "status",
    "alive",
    "answers",
    "answered_ms",
    "checked",
    "last_error",
    "starts",
    "restarts",
    "crashes",
    "last_crash",
    "calls",
    "failed_calls",
    "busy",
    "memory",
    "cpu",
    "uptime_seconds",
}


@pytest.mark.parametrize("kind", ["raw", "echo"])
async def test_a_living_one_is_asked_in_the_way_of_its_era(house: House, kind: str) -> None:
    getattr(house, kind)()
    manager = house.manager()
    await call(manager, kind, "add", a=1, b=1)
    found = await manager.health(kind)
    assert found.keys() == FACTS
    assert (found["status"], found["alive"], found["answers"]) == ("ok", True, True)
    assert found["answered_ms"] >= 0
    assert (found["starts"], found["calls"], found["failed_calls"], found["busy"]) == (1, 1, 0, 0)
    assert found["memory"] > 1_000_000
    assert found["uptime_seconds"] >= 0
    assert found["last_error"] is None


async def test_a_stopped_process_lives_and_does_not_answer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.raw()
    manager = house.manager(stop_grace=0.1)
    await manager.start("raw")
    pid = manager.describe_one("raw")["pid"]
    os.kill(pid, signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(health, "TIMEOUT", 0.3)
        found = await manager.health("raw")
    assert (found["status"], found["alive"], found["answers"], found["answered_ms"]) == (
        "failing",
        True,
        False,
        None,
    )
    assert found["last_error"]["code"] == "mcp_request_timeout"
    assert "a sign of life" in found["last_error"]["message"]
    os.kill(pid, signal.SIGCONT)
    assert (await manager.health("raw"))["status"] == "ok"
    assert (await call(manager, "raw", "add", a=1, b=1)).ok


async def test_a_sleeper_is_not_woken(house: House) -> None:
    house.raw()
    manager = house.manager()
    found = await manager.health("raw")
    assert (found["status"], found["alive"], found["answers"]) == ("asleep", False, None)
    await manager.start("raw")
    await manager.stop("raw")
    found = await manager.health("raw")
    assert (found["status"], found["alive"], found["starts"]) == ("asleep", False, 1)
    assert not house.processes()


async def test_one_that_crashed_is_failing_and_one_that_came_back_is_ok_and_remembers_why(
    house: House,
) -> None:
    house.raw()
    manager = house.manager()
    await manager.start("raw")
    os.kill(manager.describe_one("raw")["pid"], signal.SIGKILL)
    await eventually(lambda: manager.describe_one("raw")["phase"] == "failed")
    found = await manager.health("raw")
    assert (found["status"], found["alive"], found["answers"], found["crashes"]) == (
        "failing",
        False,
        None,
        1,
    )
    assert found["last_error"]["code"] == "mcp_gone"
    await manager.start("raw")
    found = await manager.health("raw")
    assert (found["status"], found["restarts"], found["last_error"]["code"]) == ("ok", 1, "mcp_gone")


async def test_one_that_starts_and_one_that_is_not_trusted_are_not_asked(house: House) -> None:
    house.raw("--mute")
    house.raw(name="stranger", trusted=False)
    manager = house.manager(stop_grace=0.1)
    starting = asyncio.create_task(manager.start("raw"))
    await eventually(house.processes)
    assert (await manager.health("raw"))["status"] == "starting"
    assert (await manager.health("stranger"))["status"] == "untrusted"
    await manager.stop("raw")
    await asyncio.wait([starting])
    starting.exception()
    with pytest.raises(MCPServerNotFound):
        await manager.health("nobody")


@pytest.mark.parametrize("kind", ["raw", "echo"])
async def test_asking_is_no_use_and_does_not_stand_in_the_way_of_a_call(
    house: House, kind: str, tmp_path: Path
) -> None:
    getattr(house, kind)()
    manager = house.manager()
    await manager.start(kind)
    server = manager.find(kind)
    assert server is not None
    before = server.leases.used, server.leases.last_activity
    await manager.health(kind)
    assert (server.leases.used, server.leases.last_activity) == before
    mark = tmp_path / "mark"
    running = asyncio.create_task(call(manager, kind, "never", mark=str(mark)))
    await eventually(mark.exists)
    found = await manager.health(kind)
    assert (found["status"], found["busy"]) == ("ok", 1)
    running.cancel()
    await asyncio.wait([running])


async def test_a_question_is_still_certain_of_its_call_while_health_is_asked(house: House) -> None:
    """Health is no call: it must not make a question look like one of several."""
    house.echo()
    manager = house.manager()
    await manager.start("echo")
    asked = [manager.health("echo") for _ in range(5)]
    result, *_ = await asyncio.gather(call(manager, "echo", "ask"), *asked)
    assert "It asked you" in result.content


async def test_one_elsewhere_that_refuses_us_is_failing_and_its_connection_lives_on(house: House) -> None:
    async with HTTPServerWithSessions() as server:
        house.add("remote", "", transport="http", url=server.url)
        manager = house.manager()
        await manager.start("remote")
        found = await manager.health("remote")
        assert (found["status"], found["alive"], found["answers"]) == ("ok", True, True), (
            "no method is an answer"
        )
        server.faults = {"ping": status(401)}
        found = await manager.health("remote")
        assert (found["status"], found["last_error"]["code"]) == ("failing", "mcp_key_wanted")
        assert (await call(manager, "remote", "count")).ok
        await manager.close()


async def test_a_built_in_one_is_always_well(house: House) -> None:
    class Own:
        name = "jupyter"

        async def list_tools(self) -> list[Any]:
            return []

        async def call_tool(self, *_: Any) -> Any: ...

    found = await house.manager(builtins={"jupyter": Own()}).health("jupyter")
    assert found.keys() == FACTS
    assert found["status"] == "ok"
