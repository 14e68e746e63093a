"""Ends that were asked for: in a call, in a start, of what is deaf; nothing is left after any."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import ServerGone, StopTimeout, Unavailable
from mandrake_jupyter.provisioners.local import LocalProvisioner
from mandrake_jupyter.servers import server

from ..support.mcp_leaks import eventually
from ..support.patience import within
from .conftest import House, call


async def test_a_stop_ends_a_call_in_flight_as_unknown(house: House, tmp_path: Path) -> None:
    house.raw()
    manager = house.manager()
    mark = tmp_path / "mark"
    running = asyncio.create_task(call(manager, "raw", "never", mark=str(mark)))
    await eventually(mark.exists)
    await manager.stop("raw")
    with pytest.raises(ServerGone, match="was stopped while it was at work"):
        await running
    assert house.phases[-2:] == [("raw", "stopping"), ("raw", "stopped")]


async def test_a_stop_during_the_start_ends_it_and_all_who_wait_hear_it(house: House) -> None:
    house.raw("--mute")
    manager = house.manager(stop_grace=0.1)
    waiting = asyncio.create_task(call(manager, "raw", "add", a=1, b=1))
    await eventually(house.processes)
    began = time.monotonic()
    model = await manager.stop("raw")
    assert time.monotonic() - began < within(5)
    assert model["phase"] == "stopped"
    with pytest.raises(Unavailable, match="was stopped before it was ready"):
        await waiting
    assert not house.processes()


async def test_a_call_that_arrives_during_a_stop_waits_for_it_and_starts_anew(house: House) -> None:
    house.raw()
    manager = house.manager()
    old = (await call(manager, "raw", "pid")).content
    stopping = asyncio.create_task(manager.stop("raw"))
    await eventually(lambda: ("raw", "stopping") in house.phases)
    new = (await call(manager, "raw", "pid")).content
    await stopping
    assert new != old
    assert house.processes() == [int(new)]


async def test_a_stop_leaves_nothing_the_server_started(house: House) -> None:
    house.raw()
    manager = house.manager()
    for _ in range(3):
        await call(manager, "raw", "child")
    await eventually(lambda: len(house.processes("trap")) == 3)  # each is a fork first, then the program
    await manager.stop("raw")
    assert not house.processes("")
    await manager.stop("raw")
    assert house.phases.count(("raw", "stopping")) == 1


async def test_close_ends_deaf_servers_in_time(house: House) -> None:
    for name in ("a", "b", "c"):
        house.add(name, sys.executable, "-c", "import time; time.sleep(600)")
    manager = house.manager(stop_grace=60)
    starts = [asyncio.create_task(manager.start(name)) for name in ("a", "b", "c")]
    await eventually(lambda: len(house.processes("time.sleep")) == 3)
    began = time.monotonic()
    assert await manager.close(timeout=4) == []
    assert time.monotonic() - began < within(5)
    assert not house.processes("")
    assert [type(r) for r in await asyncio.gather(*starts, return_exceptions=True)] == [Unavailable] * 3
    with pytest.raises(Unavailable):
        await manager.start("a")


async def test_one_that_cannot_be_ended_says_so_and_ends_once_it_can(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = asyncio.Event()
    launch = LocalProvisioner.launch

    @contextlib.asynccontextmanager
    async def stubborn(self: LocalProvisioner, grace: float) -> Any:
        try:
            async with launch(self, grace) as streams:
                yield streams
        finally:  # as a process that the system can't end: neither force nor a cancel helps
            while not gone.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await gone.wait()

    monkeypatch.setattr(LocalProvisioner, "launch", stubborn)
    monkeypatch.setattr(server, "FORCE_AFTER", 0.1)
    house.raw()
    manager = house.manager(stop_grace=0.1)
    await manager.start("raw")
    with pytest.raises(StopTimeout, match=r'^The MCP server "raw" did not end within 0\.6 s\.$'):
        await manager.stop("raw")
    assert house.phases[-1] == ("raw", "stopping")
    gone.set()
    assert (await manager.stop("raw"))["phase"] == "stopped"


class Door:
    """No place for anybody before `free` is set."""

    def __init__(self) -> None:
        self.asked, self.free = asyncio.Event(), asyncio.Event()

    async def __call__(self, key: Any) -> None:
        self.asked.set()
        await self.free.wait()


@pytest.mark.parametrize("end", ["stop", "close", "remove"])
async def test_one_that_waits_for_a_place_does_not_start_once_it_was_ended(house: House, end: str) -> None:
    house.raw()
    door = Door()
    manager = house.manager(admit=door)
    waiting = asyncio.create_task(manager.start("raw"))
    await door.asked.wait()
    if end == "remove":
        house.entries.clear()
        await manager.refresh()
    else:
        await (manager.stop("raw") if end == "stop" else manager.close())
    door.free.set()
    with pytest.raises(Unavailable, match="was stopped before it was ready"):
        await waiting
    assert house.phases == []
    assert not house.processes()


async def test_one_that_was_stopped_while_it_waited_for_a_place_starts_when_asked_again(house: House) -> None:
    house.raw()
    door = Door()
    manager = house.manager(admit=door)
    waiting = asyncio.create_task(manager.start("raw"))
    await door.asked.wait()
    await manager.stop("raw")
    door.free.set()
    await asyncio.wait([waiting])
    assert (await manager.start("raw"))["phase"] == "ready"
