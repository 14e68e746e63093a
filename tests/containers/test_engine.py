"""The engine itself goes away, hangs and comes back: a second one, of the test's own."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mandrake_jupyter.errors import EngineOff
from mandrake_jupyter.provisioners.docker.provisioner import DockerProvisioner

from ..support.docker_engine import asked
from ..support.mcp_leaks import eventually, until
from ..support.patience import within
from .conftest import Yard
from .second_engine import SecondEngine
from .second_engine import second as second


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_an_engine_that_goes_away_is_said_so_and_the_next_start_works(
    second: SecondEngine, yard: Yard, number: int
) -> None:
    provisioner = yard.shell("cat")
    began = 0.0
    with suppress(EngineOff):
        async with provisioner.launch(0.5):
            began = time.monotonic()
            second.signal(number)
            await asyncio.wait_for(provisioner.ended.wait(), 60)
            took = time.monotonic() - began
    assert took < within(2)
    if number == signal.SIGKILL:
        assert isinstance(provisioner.fault, EngineOff)
    until(lambda: not second_answers(), within(15))
    with pytest.raises(EngineOff):
        await start(yard.shell("cat"))
    await asyncio.to_thread(second.start)
    again = yard.shell("cat")
    async with again.launch(0.5):
        assert again.poll() is None
        await eventually(lambda: len(yard.containers()) == 1)


async def start(provisioner: DockerProvisioner) -> None:
    async with provisioner.launch(0.5):
        pass


def second_answers() -> bool:
    try:
        with asked() as engine:
            return bool(engine.ping())
    except Exception:
        return False


async def test_an_engine_that_hangs_runs_into_a_deadline(
    second: SecondEngine, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mandrake_jupyter.provisioners.docker import engine

    monkeypatch.setattr(engine, "CALL_TIMEOUT", 1.0)
    second.process.suspend()
    began = time.monotonic()
    try:
        with pytest.raises(EngineOff):
            async with yard.shell("cat").launch(0.5):
                pass
        assert time.monotonic() - began < within(12)
    finally:
        second.process.resume()
    async with yard.shell("cat").launch(0.5):
        pass


def test_the_helpers_leave_no_engine(second: SecondEngine) -> None:
    assert second_answers()
    second.stop()
    assert not [line for line in Path("/proc/mounts").read_text().splitlines() if str(second.folder) in line]
