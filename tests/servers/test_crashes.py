"""Ends that nobody asked for: counted, waited after when they repeat, and a call made again only where that is safe."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from mandrake_jupyter.errors import Conflict, MCPError, ServerGone, Unavailable
from mandrake_jupyter.lifecycle.announce import ToolCalled
from mandrake_jupyter.servers import calling
from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.servers.pauses import STABLE, Pauses

from ..support.mcp_leaks import eventually
from .conftest import House, call


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def kill(manager: MCPServerManager, name: str = "raw") -> None:
    os.kill(manager.describe_one(name)["pid"], signal.SIGKILL)
    await eventually(lambda: manager.describe_one(name)["phase"] == "failed")


async def test_starts_and_crashes_are_counted_and_told(house: House) -> None:
    house.raw()
    manager = house.manager()
    model = manager.describe_one("raw")
    assert (model["restarts"], model["crashes"], model["last_crash"], model["instances"]) == (0, 0, None, 0)
    await manager.start("raw")
    await kill(manager)
    model = manager.describe_one("raw")
    assert (model["restarts"], model["crashes"], model["instances"]) == (0, 1, 0)
    assert model["last_crash"].endswith("Z")
    await manager.start("raw")
    await manager.stop("raw")
    await manager.start("raw")
    model = manager.describe_one("raw")
    assert (model["restarts"], model["crashes"], model["instances"]) == (2, 1, 1)


async def test_a_start_that_fails_is_no_crash_and_no_restart(house: House) -> None:
    house.raw("--exit", "3")
    manager = house.manager()
    for _ in range(2):
        with pytest.raises(MCPError):
            await manager.start("raw")
    model = manager.describe_one("raw")
    assert (model["restarts"], model["crashes"]) == (0, 0)


async def test_the_first_crash_costs_no_wait_and_repeated_ones_wait_longer_and_longer(house: House) -> None:
    house.raw()
    clock = Clock()
    manager = house.manager(clock=clock)
    for wait in (0, 0, 1, 2):
        clock.now += wait
        assert (await call(manager, "raw", "add", a=1, b=1)).ok
        await kill(manager)
    with pytest.raises(Unavailable, match="ended by itself with code -9") as early:
        await call(manager, "raw", "add", a=1, b=1)
    assert early.value.retry_after == 4
    assert early.value.then == "It can be tried again in 4 s."
    assert manager.describe_one("raw")["crashes"] == 4


@pytest.mark.parametrize("how", ["life", "stopped after a life", "edit", "person"])
async def test_a_stable_life_an_edit_or_a_person_ends_the_waits(house: House, how: str) -> None:
    house.raw()
    clock = Clock()
    manager = house.manager(clock=clock)
    for _ in range(2):
        await call(manager, "raw", "add", a=1, b=1)
        await kill(manager)
    with pytest.raises(Unavailable):
        await call(manager, "raw", "add", a=1, b=1)
    if how == "edit":
        house.raw(env={"NEW": "1"})
    elif how == "person":
        await manager.start("raw")
    else:
        clock.now += 1
        await call(manager, "raw", "add", a=1, b=1)
        clock.now += STABLE
        await (kill(manager) if how == "life" else manager.stop("raw"))
    assert (await call(manager, "raw", "add", a=1, b=1)).ok
    if how in ("edit", "stopped after a life"):
        await kill(manager)
        assert (await call(manager, "raw", "add", a=1, b=1)).ok, "the next crash is a first one"


def test_no_wait_is_longer_than_a_minute() -> None:
    clock = Clock()
    pauses = Pauses(clock)
    waits = []
    for _ in range(10):
        pauses.ready()
        pauses.crashed(ServerGone(name="x"))
        try:
            pauses.check()
        except Unavailable as exc:
            waits.append(exc.retry_after)
            clock.now += exc.retry_after or 0
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_a_call_of_a_tool_that_is_said_to_be_idempotent_is_made_once_more(
    house: House, tmp_path: Path
) -> None:
    house.raw()
    manager = house.manager()
    mark = tmp_path / "mark"
    result = await call(manager, "raw", "die_once", mark=str(mark))
    assert (result.ok, result.content) == (True, "alive")
    assert mark.read_text() == "called\n" * 2
    lines = [line["text"] for line in manager.logs("raw", level="warning")]
    assert '"die_once" is called once more: it is said to be idempotent.' in lines
    assert manager.describe_one("raw")["crashes"] == 1
    assert [told.outcome for told in house.announced if isinstance(told, ToolCalled)] == ["done"]


async def test_it_is_called_twice_at_most(house: House, tmp_path: Path) -> None:
    house.raw()
    manager = house.manager(clock=Clock())
    mark = tmp_path / "mark"
    with pytest.raises(ServerGone, match="ended while it was at work") as caught:
        await call(manager, "raw", "die_once", mark=str(mark), deaths=9)
    assert "not known" in caught.value.then
    assert mark.read_text() == "called\n" * 2
    assert [told.outcome for told in house.announced if isinstance(told, ToolCalled)] == ["unknown"]


async def test_where_it_can_not_be_started_again_the_outcome_of_the_first_is_told(
    house: House, tmp_path: Path
) -> None:
    house.raw()
    manager = house.manager(clock=Clock())
    await manager.start("raw")
    await kill(manager)
    mark = tmp_path / "mark"
    with pytest.raises(ServerGone) as caught:
        await call(manager, "raw", "die_once", mark=str(mark))
    assert isinstance(caught.value.__cause__, Unavailable), "a second crash waits"
    assert mark.read_text() == "called\n"


async def test_a_cancelled_call_is_not_made_again(house: House, tmp_path: Path) -> None:
    house.raw()
    manager = house.manager()
    mark = tmp_path / "mark"
    running = asyncio.create_task(call(manager, "raw", "never_read", mark=str(mark)))
    await eventually(mark.exists)
    running.cancel()
    await kill(manager)
    await asyncio.wait([running])
    assert running.cancelled()
    assert mark.read_text().splitlines().count("begun") == 1
    assert house.phases.count(("raw", "starting")) == 1


async def test_one_that_somebody_stopped_stays_stopped(house: House, tmp_path: Path) -> None:
    house.raw()
    manager = house.manager()
    mark = tmp_path / "mark"
    running = asyncio.create_task(call(manager, "raw", "never_read", mark=str(mark)))
    await eventually(mark.exists)
    await manager.stop("raw")
    with pytest.raises(ServerGone, match="was stopped"):
        await running
    assert manager.describe_one("raw")["phase"] == "stopped"


async def test_what_was_certainly_never_written_is_called_whatever_the_tool(house: House) -> None:
    house.raw()
    manager = house.manager()
    await manager.start("raw")
    server = manager.find("raw")
    assert server is not None
    assert server.connection is not None
    server.connection.provisioner.ended.set()  # known to be over, and nobody has acted on it yet
    assert (await call(manager, "raw", "add", a=1, b=1)).content == "2"
    lines = [line["text"] for line in manager.logs("raw")]
    assert '"add" is called once more: it had not reached it.' in lines
    assert house.phases.count(("raw", "ready")) == 2


async def test_a_tool_that_changed_in_between_is_not_called_again(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The promise is read from the connection that the call is made over."""
    house.raw()
    manager = house.manager()
    await manager.start("raw")
    mark = tmp_path / "mark"
    said = iter(["it is said to be idempotent", None])
    monkeypatch.setattr(calling, "_harmless", lambda spec: next(said))
    with pytest.raises(ServerGone) as caught:
        await call(manager, "raw", "die_once", mark=str(mark))
    assert isinstance(caught.value.__cause__, Conflict)
    assert mark.read_text() == "called\n"
