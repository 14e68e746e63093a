"""The engine itself goes away, hangs and comes back: a second one, of the test's own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from mandrake_jupyter.errors import EngineOff
from mandrake_jupyter.provisioners.docker.provisioner import DockerProvisioner

from ..support.docker_engine import TINY, asked
from ..support.mcp_leaks import eventually, until
from .conftest import Yard

TOOLS = Path(__file__).parent.parent.parent / "tools"


@dataclass
class SecondEngine:
    """An engine with a socket, a data folder and a state of its own."""

    folder: Path

    @property
    def socket(self) -> str:
        return str(self.folder / "e.sock")

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(int((self.folder / "e.pid").read_text()))

    def start(self) -> None:
        env = {
            **os.environ,
            "ENGINE_SOCKET": self.socket,
            "ENGINE_DATA": str(self.folder / "data"),
            "ENGINE_STATE": str(self.folder / "state"),
            "ENGINE_LOG": str(self.folder / "log"),
        }
        env.pop("DOCKER_HOST", None)
        subprocess.run(
            ["bash", str(TOOLS / "engine.sh")], env=env, check=True, capture_output=True, timeout=90
        )

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        with suppress(OSError, psutil.Error):
            process = self.process
            process.resume()
            process.terminate()
            with suppress(psutil.TimeoutExpired):
                process.wait(20)
        for process in psutil.process_iter():  # shims and a containerd that outlived it
            with suppress(psutil.Error):
                if str(self.folder) in " ".join(process.cmdline()):
                    process.kill()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((m for m in mounts if m.startswith(str(self.folder))), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False)


@pytest.fixture
def second(
    engine: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SecondEngine]:
    """With the small image on it; what is made meanwhile is made on it."""
    if os.geteuid() != 0:
        pytest.skip("only root can start an engine of the test's own")
    with asked() as first:
        image = b"".join(first.get_image(TINY))
    second = SecondEngine(tmp_path_factory.mktemp("e"))
    second.start()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{second.socket}")
    try:
        with asked() as engine:
            engine.load_image(image)
        yield second
    finally:
        second.stop()


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
            await asyncio.wait_for(provisioner.ended.wait(), 20)
            took = time.monotonic() - began
    assert took < 2
    if number == signal.SIGKILL:
        assert isinstance(provisioner.fault, EngineOff)
    until(lambda: not second_answers(), 15)
    with pytest.raises(EngineOff):
        await start(yard.shell("cat"))
    await asyncio.to_thread(second.start)
    again = yard.shell("cat")
    async with again.launch(0.5):
        assert again.poll() is None
        await eventually(lambda: len(yard.containers()) == 1, 5)


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
        assert time.monotonic() - began < 12
    finally:
        second.process.resume()
    async with yard.shell("cat").launch(0.5):
        pass


def test_the_helpers_leave_no_engine(second: SecondEngine) -> None:
    assert second_answers()
    second.stop()
    assert not [line for line in Path("/proc/mounts").read_text().splitlines() if str(second.folder) in line]
