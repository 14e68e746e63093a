"""A real Jupyter server in a process of its own, spoken to over HTTP: for what only whole servers can show.

It reads no configuration but its own, starts no other extension, and `config` (Python) is run as its configuration file.
Every process it starts carries the mark of `mcp_leaks`, so that what it leaves can be counted.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from .jupyter_fork import Forked, Forkery
from .mcp_leaks import MARKER, alive, eventually
from .patience import ON_PATH
from .rest import Rest

START = 100.0
#: Programs that a shell starts in the background inherit that SIGINT is ignored, and pass it on.
HEARS_SIGINT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
CONFIG = f"""{HEARS_SIGINT}
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = 0
c.ServerApp.open_browser = False
c.ServerApp.answer_yes = True
c.ServerApp.terminals_enabled = False
c.ServerApp.jpserver_extensions = {{"mandrake_jupyter": True}}
c.ServerApp.reraise_server_extension_failures = True
c.ServiceRegistry.title_chats = False
"""
#: Jupyter looks every minute whether it is still needed. With this it looks more often, once ``begin_to_look`` was called, and
#: tells what it saw.
LOOKS_OFTEN = """
from pathlib import Path
from jupyter_server._tz import utcnow
from jupyter_server.serverapp import ServerApp
from tornado.ioloop import PeriodicCallback

def init_shutdown_no_activity(app):
    def look():
        if Path(app.runtime_dir, "look").exists():
            idle = (utcnow() - app.web_app.last_activity()).total_seconds()
            app.log.info("Looked: idle for %.1f s", idle)
            app.shutdown_no_activity()
    PeriodicCallback(look, 100).start()

ServerApp.init_shutdown_no_activity = init_shutdown_no_activity
"""


@dataclass(kw_only=True)
class JupyterProcess(Rest):
    """`home` holds all it may write, `data` Jupyter's data dir, `root` what it serves; servers may share the last two."""

    home: Path
    root: Path
    data: Path
    url: str = ""
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    config: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def log(self) -> str:
        return (self.home / "jupyter.log").read_text("utf-8", "replace")

    async def start(self, stdin: int | IO[bytes] = subprocess.DEVNULL) -> JupyterProcess:
        """Returns when it answers; fails with its log when it does not."""
        for folder in (self.home / "runtime", self.root, self.data):
            folder.mkdir(parents=True, exist_ok=True)
        config = self.home / "config.py"
        config.write_text(CONFIG + self.config, "utf-8")
        arguments = [
            "--allow-root",
            f"--config={config}",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
        ]
        self.process = await asyncio.to_thread(self._spawn, arguments, stdin)
        info = self.home / "runtime" / f"jpserver-{self.process.pid}.json"
        until = time.monotonic() + START
        while time.monotonic() < until and self.process.poll() is None:
            try:  # the file is there before its content, and its content before the first answer
                self.url = json.loads(info.read_text("utf-8"))["url"]
                await self("GET", "api/status")
                return self
            except (OSError, ValueError):
                await asyncio.sleep(0.02)
        raise AssertionError(f"Jupyter did not start:\n{self.log[-3000:]}")

    def _spawn(self, arguments: list[str], stdin: int | IO[bytes]) -> subprocess.Popen[bytes] | Forked:
        command = [sys.executable, "-m", "jupyter_server", *arguments]
        with (self.home / "jupyter.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.root,
                env=self._environment(),
                stdout=log,
                stderr=log,
                stdin=stdin,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        theirs = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER") and "_API_KEY" not in k}
        own = {
            "HOME": self.home,
            "JUPYTER_RUNTIME_DIR": self.home / "runtime",
            "JUPYTER_DATA_DIR": self.data,
            "JUPYTER_NO_CONFIG": 1,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONPATH": ON_PATH,
            MARKER: self.mark,
        }
        return {**theirs, **{name: str(value) for name, value in own.items()}, **self.env}

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self, timeout: float = 40.0) -> int:
        """Its exit status, once it and all it started are gone; fails after `timeout` seconds."""
        assert self.process is not None
        deadline = time.monotonic() + timeout
        try:
            code = await asyncio.to_thread(self.process.wait, timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"Jupyter does not end:\n{self.log[-3000:]}") from None
        await eventually(lambda: not self.left(), max(deadline - time.monotonic(), 0.1))
        return code

    def begin_to_look(self) -> None:
        """See `LOOKS_OFTEN`."""
        (self.home / "runtime" / "look").touch()

    async def looked_and_stayed(self, idle: float) -> None:
        """Waits until it found itself idle for `idle` seconds; fails if it ended instead."""

        def so_long() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, f"it ended:\n{self.log[-2000:]}"
            return any(float(s) >= idle for s in re.findall(r"Looked: idle for ([\d.]+) s", self.log))

        await eventually(so_long)

    def left(self) -> list[psutil.Process]:
        """What lives of it and of what it started."""
        return alive(self.mark)

    async def stop(self) -> int:
        """Ended as a service manager ends it."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    def kill(self) -> None:
        """For the end of a test: whatever lives."""
        for process in self.left():
            process.kill()
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass(kw_only=True)
class ForkedJupyter(JupyterProcess):
    """The same, there in a tenth of the time."""

    forkery: Forkery

    def _spawn(self, arguments: list[str], stdin: int | IO[bytes]) -> Forked:
        return Forked(self.forkery, arguments, self._environment(), self.root, self.home / "jupyter.log")
