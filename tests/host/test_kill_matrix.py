"""Whatever ends, and however an MCP server and its children behave: nothing of it lives on. Through a real Jupyter server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from dataclasses import dataclass, field

import psutil
import pytest

from ..support.jupyter_process import JupyterProcess
from ..support.mcp_leaks import MARKER, alive, eventually
from ..support.patience import within
from .conftest import RAW, Start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the tree guarantee needs Linux")

SERVERS = "m/workspaces/default/mcp-servers"
#: Each with how many processes it has at least: the guardian, the MCP server, and what that started.
MANNERS = {"polite": 2, "eof_deaf": 2, "term_deaf": 2, "children": 5, "detached_deaf": 3}


@dataclass
class Cell:
    """One MCP server of a manner; all its processes carry a mark of their own."""

    manner: str
    jupyter: JupyterProcess
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def living(self) -> list[psutil.Process]:
        return alive(self.token)

    @property
    def path(self) -> str:
        return f"{SERVERS}/{self.manner}"

    async def begin(self) -> Cell:
        entry = {
            "command": sys.executable,
            "args": ["-S", RAW, "--manner", self.manner],
            "env": {MARKER: self.token},
        }
        await self.jupyter("POST", SERVERS, {"name": self.manner, "entry": entry})
        called = await self.jupyter(
            "POST", f"{self.path}/call", {"tool": "add", "arguments": {"a": 1, "b": 1}}
        )
        assert called["content"] == "2"
        assert len(self.living) >= MANNERS[self.manner], self.living
        return self

    async def stop(self) -> None:
        assert (await self.jupyter("POST", f"{self.path}/stop"))["phase"] == "stopped"

    async def restart(self) -> None:
        """What is there afterwards is new, and goes with a stop."""
        before = {(process.pid, process.create_time()) for process in self.living}
        assert (await self.jupyter("POST", f"{self.path}/restart"))["phase"] == "ready"
        now = {(process.pid, process.create_time()) for process in self.living}
        assert now
        assert not before & now
        await self.stop()

    async def crash(self) -> None:
        server = (await self.jupyter("GET", self.path))["pid"]
        os.kill(server, signal.SIGKILL)
        await eventually(lambda: not self.living)
        async with asyncio.timeout(60):  # Jupyter hears of it after its processes are gone
            while (await self.jupyter("GET", self.path))["phase"] == "ready":
                await asyncio.sleep(0.02)
        assert (await self.jupyter("GET", self.path))["phase"] == "failed"


async def cells(jupyter: JupyterProcess) -> list[Cell]:
    return await asyncio.gather(*(Cell(manner, jupyter).begin() for manner in MANNERS))


def left(of: list[Cell]) -> dict[str, int]:
    """How many live, by manner."""
    return {cell.manner: len(cell.living) for cell in of}


NOTHING = dict.fromkeys(MANNERS, 0)


@pytest.mark.parametrize("end", ["stop", "restart", "crash"])
async def test_nothing_is_left_by_the_end_of_an_mcp_server(servers: Start, end: str) -> None:
    jupyter = await servers().start()
    of = await cells(jupyter)
    await asyncio.gather(*(getattr(cell, end)() for cell in of))
    assert left(of) == NOTHING
    jupyter.signal(signal.SIGKILL)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=lambda end: end.name)
async def test_nothing_is_left_by_the_end_of_jupyter(servers: Start, end: signal.Signals) -> None:
    jupyter = await servers().start()
    of = await cells(jupyter)
    jupyter.signal(end)
    await jupyter.ended()
    await eventually(lambda: left(of) == NOTHING, within(15))


async def test_what_is_left_when_the_guardians_are_killed_too_is_ended_at_the_next_use(
    servers: Start,
) -> None:
    """The stated hole. The guardians are stopped first, so that they have no moment to do their work."""
    one = await servers().start()
    of = await cells(one)
    guardians = [next(p for p in cell.living if "guardian.py" in " ".join(p.cmdline())) for cell in of]
    for guardian in guardians:
        guardian.suspend()
    one.signal(signal.SIGKILL)
    for guardian in guardians:
        guardian.kill()
    killed = {guardian.pid for guardian in guardians}
    await eventually(lambda: not killed & {process.pid for cell in of for process in cell.living})
    assert {cell.manner for cell in of if cell.living} >= {
        "eof_deaf",
        "term_deaf",
        "children",
        "detached_deaf",
    }
    other = await servers().start()
    await other("GET", SERVERS)
    assert {cell.manner for cell in of if cell.living}, "looking ends nothing"
    assert (await other("POST", f"{SERVERS}/polite/start"))["phase"] == "ready"
    await other("POST", f"{SERVERS}/polite/stop")
    assert left(of) == NOTHING
    assert await other.stop() == 0
