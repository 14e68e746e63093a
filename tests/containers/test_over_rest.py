"""Faults of an MCP server in a container, as a script sees them over REST: the right code in time, and nothing left.

Within 2 s of the fault, or of the deadline where silence is the fault; no container 5 s after.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from ..support.docker_engine import PYTHON, TINY, asked
from ..support.jupyter_fork import Forkery
from ..support.jupyter_process import ForkedJupyter, JupyterProcess
from ..support.mcp_leaks import eventually
from ..support.patience import within
from ..support.rest import Refused
from .conftest import SUPPORT
from .second_engine import SecondEngine
from .second_engine import second as second

pytestmark = pytest.mark.usefixtures("sweeping")

SERVERS = "m/workspaces/default/mcp-servers"
TOLD, GONE = 2.0, 5.0
LIMITED = {"limits": {"memory_mb": 64}}


@dataclass
class Box:
    """A Jupyter server, and the containers that it has on the engine: its process is in their labels."""

    jupyter: JupyterProcess
    made: list[str] = field(default_factory=list)

    @property
    def containers(self) -> list[Any]:
        assert self.jupyter.process
        label = f"mandrake_jupyter.pid={self.jupyter.process.pid}"
        with asked() as engine:
            return list(engine.containers(all=True, filters={"label": [label]}))

    async def add(self, name: str, *args: str, **entry: Any) -> None:
        mounts = [{"source": str(SUPPORT), "target": "/mcp", "outside": True}]
        entry = {
            "image": PYTHON,
            "pull": "never",
            "args": ["-S", "/mcp/mcp_raw.py", *args],
            "mounts": mounts,
            **entry,
        }
        await self.jupyter("POST", SERVERS, {"name": name, "entry": entry})

    async def call(self, name: str, tool: str, **arguments: Any) -> Any:
        return await self.jupyter("POST", f"{SERVERS}/{name}/call", {"tool": tool, "arguments": arguments})

    async def refused(self, name: str, tool: str = "hello", **arguments: Any) -> dict[str, Any]:
        """What a call that fails is told."""
        with pytest.raises(Refused) as refused:
            await self.call(name, tool, **arguments)
        said: dict[str, Any] = refused.value.said
        return said

    async def id(self, name: str) -> str:
        return str((await self.jupyter("GET", f"{SERVERS}/{name}"))["container"]["id"])

    async def nothing_left(self) -> None:
        await eventually(lambda: not self.containers, within(GONE))


@asynccontextmanager
async def box(folder: Path, forkery: Forkery, **env: str) -> AsyncIterator[Box]:
    folders = {"home": folder / "home", "root": folder / "root", "data": folder / "data"}
    jupyter = ForkedJupyter(**folders, env=env, forkery=forkery)
    box = Box(jupyter)
    try:
        await jupyter.start()
        yield box
    finally:
        jupyter.kill()


def kill_process(engine: Any, container: str) -> None:
    init = psutil.Process(engine.inspect_container(container)["State"]["Pid"])
    (server,) = init.children()
    server.kill()


def kill_container(engine: Any, container: str) -> None:
    engine.kill(container)


def pause_and_kill(engine: Any, container: str) -> None:
    engine.pause(container)
    engine.remove_container(container, force=True)


Fault = Callable[[Any, str], None]


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("engine")
async def test_each_fault_is_told_in_time_by_its_code_and_leaves_nothing(
    tmp_path: Path, forkery: Forkery
) -> None:
    async with box(tmp_path, forkery) as it:
        for name, fault in {"killed": kill_process, "box": kill_container, "paused": pause_and_kill}.items():
            await it.add(name)
            assert (await it.call(name, "add", a=1, b=2))["content"] == "3"
            container = await it.id(name)
            calling = asyncio.create_task(it.refused(name, "never"))
            await _busy(it, name)
            told = await _told(calling, lambda fault=fault, id=container: _do(fault, id), TOLD)
            assert told["code"] == "mcp_gone", fault
            assert "It is not known whether the call finished" in told["then"]
            assert "ended by itself with code 137" in told["message"] + told.get("reason", "")
            await it.nothing_left()

        await it.add("small", **LIMITED)
        await it.call("small", "hello")
        told = await _told(asyncio.create_task(it.refused("small", "hog", mb=500)), None, TOLD)
        assert told["code"] == "mcp_gone"
        assert "it ran out of memory; it may take 64 MiB" in told["message"] + told.get("reason", "")
        await it.nothing_left()

        await it.add("flood", "--flood")
        assert (await it.call("flood", "add", a=1, b=2))["content"] == "3"
        await it.jupyter("POST", f"{SERVERS}/flood/stop")
        await it.nothing_left()

        await it.add("silent", timeout=1)
        await it.call("silent", "hello")
        told = await _told(asyncio.create_task(it.refused("silent", "never")), None, 1 + TOLD)
        assert told["code"] == "mcp_call_timeout"
        await it.jupyter("POST", f"{SERVERS}/silent/stop")
        await it.add("mute", "--mute", startTimeout=2)
        told = await _told(asyncio.create_task(it.refused("mute")), None, 2 + TOLD)
        assert told["code"] == "mcp_start_timeout"
        await it.nothing_left()

        await it.add("deaf", "--deaf")
        await it.call("deaf", "hello")
        await it.jupyter("POST", f"{SERVERS}/deaf/stop")
        await it.nothing_left()

        await it.add("image", image="no/such:image")
        told = await _told(asyncio.create_task(it.refused("image")), None, TOLD)
        assert told["code"] == "docker_image_missing"
        await it.add("command", image=TINY, command="no-such-program", args=[])
        told = await _told(asyncio.create_task(it.refused("command")), None, TOLD)
        assert told["code"] == "mcp_exited_at_start"
        assert "no-such-program" in told["then"]
        await it.nothing_left()
        assert await it.jupyter.stop() == 0


async def _busy(it: Box, name: str) -> None:
    until = time.monotonic() + 60
    while not (await it.jupyter("GET", f"{SERVERS}/{name}"))["busy"]:
        assert time.monotonic() < until


async def _do(fault: Fault, container: str) -> None:
    def act() -> None:
        with asked() as engine:
            fault(engine, container)

    await asyncio.to_thread(act)


async def _told(calling: asyncio.Task[dict[str, Any]], fault: Any, seconds: float) -> dict[str, Any]:
    """What the call is told, in time after the fault, or after its own beginning where that is the fault."""
    began = time.monotonic()
    if fault is not None:
        await fault()
    said = await asyncio.wait_for(calling, 60)
    assert time.monotonic() - began < within(seconds), said
    return said


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("manner", ["--flood", "--deaf", "paused"])
async def test_no_container_outlives_a_killed_jupyter_whatever_it_does(
    tmp_path: Path, forkery: Forkery, manner: str
) -> None:
    async with box(tmp_path, forkery) as it:
        await it.add("raw", *(() if manner == "paused" else (manner,)))
        await it.call("raw", "hello")
        if manner == "paused":
            await _do(lambda engine, id: engine.pause(id), await it.id("raw"))
        assert len(it.containers) == 1
        it.jupyter.signal(signal.SIGKILL)
        await it.nothing_left()


@pytest.mark.usefixtures("engine")
async def test_two_jupyters_on_one_engine_sweep_only_what_the_dead_one_left(
    tmp_path: Path, forkery: Forkery
) -> None:
    async with box(tmp_path / "one", forkery) as one, box(tmp_path / "two", forkery) as two:
        for it in (one, two):
            await it.add("raw", "--deaf")
            await it.call("raw", "hello")
        (mine,) = two.containers
        (theirs,) = one.containers
        await two.add("again")
        await two.call("again", "hello")  # a first start sweeps
        assert [c["Id"] for c in one.containers] == [theirs["Id"]]

        assert one.jupyter.process
        guardians = [p for p in psutil.process_iter() if _guards(p, one.jupyter.process.pid)]
        assert guardians
        for guardian in guardians:  # it has no moment to do its work
            guardian.suspend()
        one.jupyter.signal(signal.SIGKILL)
        for guardian in guardians:
            guardian.kill()
        one.jupyter.process.wait(60)
        assert len(one.containers) == 1, "it is deaf, and nobody removes it yet"
        folders = {name: tmp_path / "new" / name for name in ("home", "root", "data")}
        again = ForkedJupyter(**folders, forkery=forkery)
        three = Box(again)
        try:
            await again.start()
            await three.add("raw")
            await three.call("raw", "hello")  # its first use
            await one.nothing_left()
            assert mine["Id"] in {container["Id"] for container in two.containers}
            assert (await two.call("raw", "add", a=1, b=2))["content"] == "3"
        finally:
            again.kill()
    for it in (one, two, three):
        await it.nothing_left()


def _guards(process: psutil.Process, jupyter: int) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    return any(word.endswith("container_guardian.py") for word in line) and str(jupyter) in line


@pytest.mark.timeout(400)
@pytest.mark.parametrize("second", [(PYTHON,)], ids=["python"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
async def test_an_engine_that_ends_in_a_call_is_told_and_comes_back(
    second: SecondEngine, tmp_path: Path, forkery: Forkery, number: signal.Signals
) -> None:
    async with box(tmp_path, forkery, DOCKER_HOST=f"unix://{second.socket}") as it:
        with asked() as engine:
            assert engine.images(PYTHON), "the second engine has it"
        await it.add("raw")
        await it.call("raw", "hello")
        calling = asyncio.create_task(it.refused("raw", "never"))
        await _busy(it, "raw")

        async def fault() -> None:
            second.signal(number)

        told = await _told(calling, fault, TOLD)
        assert told["code"] == "mcp_gone"
        second.process.wait(60) if second_lives(second) else None
        assert (await it.refused("raw"))["code"] == "docker_off"
        await asyncio.to_thread(second.start)
        assert (await _when_it_may(it, "add", a=1, b=2))["content"] == "3"
        await eventually(lambda: len(it.containers) == 1)
        assert await it.jupyter.stop() == 0
        await it.nothing_left()


async def _when_it_may(it: Box, tool: str, **arguments: Any) -> Any:
    """The answer of a script that heeds ``retry_after``: starts that fail one after the other are spaced."""
    until = time.monotonic() + 60
    while True:
        try:
            return await it.call("raw", tool, **arguments)
        except Refused as refused:
            if refused.status != 503 or time.monotonic() > until:
                raise
            await asyncio.sleep(refused.said["retry_after"])


def second_lives(second: SecondEngine) -> bool:
    try:
        return bool(second.process.is_running())
    except (OSError, psutil.Error, ValueError):
        return False
