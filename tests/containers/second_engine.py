"""A Docker engine of a test's own, which it may end, suspend and start anew."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from ..support.docker_engine import TINY, asked

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
            ["bash", str(TOOLS / "engine.sh")], env=env, check=True, capture_output=True, timeout=200
        )

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        with suppress(OSError, psutil.Error):
            process = self.process
            process.resume()
            process.terminate()
            with suppress(psutil.TimeoutExpired):
                process.wait(60)
        for process in psutil.process_iter():  # shims and a containerd that outlived it
            with suppress(psutil.Error):
                if str(self.folder) in " ".join(process.cmdline()):
                    process.kill()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((m for m in mounts if m.startswith(str(self.folder))), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False)


@pytest.fixture
def second(
    request: pytest.FixtureRequest,
    engine: None,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[SecondEngine]:
    """With the small image on it, and those that the test names; what is made meanwhile is made on it."""
    if os.geteuid() != 0:
        pytest.skip("only root can start an engine of the test's own")
    with asked() as first:
        images = [b"".join(first.get_image(name)) for name in (TINY, *getattr(request, "param", ()))]
    second = SecondEngine(tmp_path_factory.mktemp("e"))
    second.start()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{second.socket}")
    try:
        with asked() as engine:
            for image in images:
                engine.load_image(image)
        yield second
    finally:
        second.stop()
