"""Jupyter servers by ``fork``: a process that has imported all that is not ours makes real ones within half a second.

For tests that start, kill and start again many times. Lines of JSON in (``{"argv", "env", "cwd", "log"}``), pids out; a line
``{"wait": pid}`` answers with how that one ended, negative for the signal that ended it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

#: What a Jupyter server with our extension imports in its first seconds; of ours nothing: it reads the environment.
THEIRS = (
    "jupyter_server.serverapp",
    "jupyter_server.services.contents.largefilemanager",
    "jupyter_server.services.kernels.kernelmanager",
    "jupyter_server.services.nbconvert.handlers",
    "sqlalchemy.ext.asyncio",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "aiosqlite",
    "filelock",
    "jsonschema",
    "mcp",
    "mcp.client.session",
    "pydantic_ai.models.openai",
    "pydantic_ai.providers.openai",
)


class Forkery:
    """Made once, ended by `close`."""

    def __init__(self) -> None:
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).with_name("on_path"))}
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._one_at_a_time = threading.Lock()

    def ask(self, **what: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=60)


class Forked:
    """As much of a ``Popen`` as a test of a Jupyter server needs."""

    def __init__(self, forkery: Forkery, argv: list[str], env: dict[str, str], cwd: Path, log: Path) -> None:
        self._forkery = forkery
        self._ended: int | None = None
        self.pid = forkery.ask(argv=argv, env=env, cwd=str(cwd), log=str(log))

    def poll(self) -> int | None:
        if self._ended is None and not _runs(self.pid):
            self._ended = self._forkery.ask(wait=self.pid)
        return self._ended

    def wait(self, timeout: float = 20.0) -> int:
        until = time.monotonic() + timeout
        while (ended := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("a forked Jupyter server", timeout)
            time.sleep(0.005)
        return ended

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _runs(pid: int) -> bool:
    """It is no zombie: only the forkery may reap it."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] != "Z"


def _serve() -> None:
    for name in THEIRS:
        import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1])
        elif (answer := os.fork()) == 0:
            _become(**asked)
        print(answer, flush=True)


def _become(argv: list[str], env: dict[str, str], cwd: str, log: str) -> None:
    os.setsid()
    into = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for mine, theirs in ((nothing, 0), (into, 1), (into, 2)):
        os.dup2(mine, theirs)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["jupyter-server", *argv]
    from jupyter_server.serverapp import main

    main(argv)
    os._exit(0)


if __name__ == "__main__":
    _serve()
