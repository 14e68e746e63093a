"""One start of JupyterLab by a given Python, watched from outside: what it cost by the time it had settled.

The process is asked the same things whether the extension is on or off: ``api/status`` as soon as it answers, then the
page, then it is left alone for some seconds.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

PATIENCE = 90.0
SETTLE = 3.0
LOOK = 0.05
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Of the process and all it started. Seconds; bytes; the most that were seen at any look."""

    wall: float
    cpu_answers: float
    cpu_settled: float
    rss: float
    pss: float
    processes: int
    ports: int
    outbound: int


class Watched:
    """A JupyterLab in `home`, with the extension on or off."""

    def __init__(self, python: Path, home: Path, *, enabled: bool, path: str) -> None:
        self.processes = self.ports = self.outbound = 0
        self._token = secrets.token_hex(16)
        self._runtime = home / "runtime"
        root = home / "root"
        root.mkdir(parents=True)
        with (home / "log").open("wb") as log:
            self._server = subprocess.Popen(
                self._command(python, enabled),
                cwd=root,
                env=_environment(python, home, path),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._seen = psutil.Process(self._server.pid)

    def _command(self, python: Path, enabled: bool) -> list[str]:
        extensions = (
            json.dumps({"mandrake_jupyter": enabled}).replace("true", "True").replace("false", "False")
        )
        return [
            str(python),
            *("-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
            f"--IdentityProvider.token={self._token}",
            f"--ServerApp.jpserver_extensions={extensions}",
            *(["--allow-root"] if os.geteuid() == 0 else []),
        ]

    def measure(self) -> Cost:
        began = time.monotonic()
        url = self._answers(began + PATIENCE)
        wall, cpu = time.monotonic() - began, self._cpu()
        self._get(url + "lab")
        until = time.monotonic() + SETTLE
        while time.monotonic() < until:
            self._look()
        tree = self._tree()
        rss = sum(process.memory_info().rss for process in tree)
        pss = sum(process.memory_full_info().pss for process in tree)
        return Cost(wall, cpu, self._cpu(), rss, pss, self.processes, self.ports, self.outbound)

    def has_extension(self) -> bool:
        """Whether our routes are there."""
        try:
            self._get(self._url() + "mandrake/health/live")
        except urllib.error.HTTPError as refused:
            refused.close()
            return False
        return True

    def stop(self) -> None:
        self._server.send_signal(signal.SIGTERM)
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait(20)

    def _answers(self, until: float) -> str:
        while time.monotonic() < until and self._server.poll() is None:
            self._look()
            with suppress(OSError, json.JSONDecodeError):
                url = self._url()
                self._get(url + "api/status")
                return url
        raise SystemExit("JupyterLab did not start; see the file 'log' beside its folder")

    def _url(self) -> str:
        return str(
            json.loads((self._runtime / f"jpserver-{self._server.pid}.json").read_text("utf-8"))["url"]
        )

    def _get(self, url: str) -> None:
        request = urllib.request.Request(url, headers={"Authorization": f"token {self._token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()

    def _tree(self) -> list[psutil.Process]:
        return [self._seen, *self._seen.children(recursive=True)]

    def _cpu(self) -> float:
        """User and system seconds, those of ended children included."""
        return sum(sum(process.cpu_times()[:4]) for process in self._tree())

    def _look(self) -> None:
        time.sleep(LOOK)
        with suppress(psutil.Error):
            tree = self._tree()
            sockets = [socket for process in tree for socket in process.net_connections("inet")]
            listening = {socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN}
            leaving = [s for s in sockets if s.raddr and s.laddr.port not in listening]
            self.processes = max(self.processes, len(tree))
            self.ports = max(self.ports, len(listening))
            self.outbound = max(self.outbound, len(leaving))


def _environment(python: Path, home: Path, path: str) -> dict[str, str]:
    folders = {
        "HOME": "home",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    for folder in folders.values():
        (home / folder).mkdir(parents=True, exist_ok=True)
    own = {name: str(home / folder) for name, folder in folders.items()}
    bin_first = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
    return {**own, "PATH": bin_first, "LANG": "C.UTF-8", **({"PYTHONPATH": path} if path else {})}
