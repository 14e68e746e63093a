"""A real JupyterHub in processes of its own: Hub, its npm proxy, a Jupyter server per user; and its idle culler.

All on loopback ports of its own, all it writes below `home`. Logging in is left out: a service with a token drives it.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from .jupyter_process import HEARS_SIGINT
from .mcp_leaks import MARKER, alive
from .patience import ON_PATH
from .rest import Refused, Rest

START = 100.0
PROXY = "configurable-http-proxy"
#: Run as the Hub's configuration, after `settings` was set.
CONFIG = """
c.JupyterHub.bind_url = settings["urls"][0]
c.JupyterHub.hub_bind_url = settings["urls"][1]
c.ConfigurableHTTPProxy.api_url = settings["urls"][2]
c.ConfigurableHTTPProxy.command = [settings["proxy"]]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = settings["home"] + "/{username}"
c.Spawner.cmd = [settings["python"], "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root", "--config=" + settings["config"]]
c.Spawner.default_url = "/api"
c.Spawner.environment = {
    **settings["env"],
    settings["marker"]: lambda spawner: settings["mark"] + spawner.user.name,
}
c.JupyterHub.services = [{"name": "driver", "api_token": settings["token"]}]
scopes = ["admin:users", "admin:servers", "access:servers", "list:users", "read:users:activity", "read:servers"]
c.JupyterHub.load_roles = [{"name": "driver", "services": ["driver"], "scopes": scopes}]
"""
SERVER_CONFIG = f"""{HEARS_SIGINT}
c.ServerApp.terminals_enabled = False
c.ServerApp.jpserver_extensions.update({{"mandrake_jupyter": True}})
"""


def find_proxy() -> str | None:
    """The program of the npm package, as `make test` installs it; else one on PATH."""
    installed = os.environ.get(
        "MANDRAKE_TEST_NPM", str(Path(__file__).parents[2] / ".cache/npm/node_modules/.bin")
    )
    return shutil.which(PROXY, path=installed) or shutil.which(PROXY)


@dataclass(kw_only=True)
class HubProcess(Rest):
    """Its own API; ``server(user)`` is that of a user's Jupyter server, through the proxy."""

    home: Path
    proxy: str
    config: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    public: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> str:
        return (self.home / "hub.log").read_text("utf-8", "replace")

    async def start(self) -> HubProcess:
        self.home.mkdir(parents=True)
        (self.home / "server_config.py").write_text(SERVER_CONFIG + self.config, "utf-8")
        urls = [f"http://127.0.0.1:{port}" for port in _free_ports(3)]
        settings = {
            "urls": urls,
            "proxy": self.proxy,
            "home": str(self.home),
            "python": sys.executable,
            "config": str(self.home / "server_config.py"),
            "env": self._server_environment(),
            "marker": MARKER,
            "mark": self.mark,
            "token": self.token,
        }
        (self.home / "hub_config.py").write_text(f"settings = {settings!r}\n{CONFIG}", "utf-8")
        await self._run("jupyterhub", "--config", str(self.home / "hub_config.py"))
        self.public, self.url = urls[0] + "/", urls[0] + "/hub/api/"
        until = time.monotonic() + START
        while time.monotonic() < until and self.processes[0].poll() is None:
            try:
                await self("GET", "users")
                return self
            except (OSError, Refused, ValueError):
                await asyncio.sleep(0.05)
        raise AssertionError(f"JupyterHub did not start:\n{self.log[-3000:]}")

    async def _run(self, module: str, *args: str) -> None:
        own = {"JUPYTERHUB_API_TOKEN": self.token, "JUPYTERHUB_API_URL": self.url.rstrip("/")}
        with (self.home / "hub.log").open("ab") as log:
            process = await asyncio.to_thread(
                subprocess.Popen,
                [sys.executable, "-m", module, *args],
                cwd=self.home,
                env={**os.environ, "PYTHONPATH": str(ON_PATH), MARKER: self.mark, **own},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.processes.append(process)

    def _server_environment(self) -> dict[str, str]:
        own = {
            "JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp",
            "JUPYTER_NO_CONFIG": "1",
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONPATH": str(ON_PATH),
        }
        return {**own, **self.env}

    async def server(self, user: str) -> Rest:
        """A user, and his Jupyter server, started."""
        await self("POST", f"users/{user}")
        await self("POST", f"users/{user}/server")
        until = time.monotonic() + START
        while not await self.has_server(user, ready=True):
            assert time.monotonic() < until, f"the server of {user} did not start:\n{self.log[-3000:]}"
            await asyncio.sleep(0.05)
        return Rest(f"{self.public}user/{user}/", self.token, self.mark + user)

    async def has_server(self, user: str, *, ready: bool = False) -> bool:
        """Whether the Hub holds a server of his: starting, running or stopping; with `ready` only if it runs."""
        servers: dict[str, Any] = (await self("GET", f"users/{user}"))["servers"]
        return any(server["ready"] or not ready for server in servers.values())

    async def server_gone(self, user: str) -> None:
        """Waits until the Hub has ended it and nothing of it is left."""
        until = time.monotonic() + START
        while await self.has_server(user) or alive(self.mark + user):
            assert time.monotonic() < until, f"the server of {user} was not ended:\n{self.log[-3000:]}"
            await asyncio.sleep(0.05)

    async def cull(self, timeout: int) -> None:
        """Begin to end the servers that are idle for `timeout` seconds, with ``jupyterhub-idle-culler``."""
        await self._run("jupyterhub_idle_culler", f"--timeout={timeout}", "--cull-every=1")

    def stop(self) -> None:
        """Ended as a service manager ends it; what lives after that is killed."""
        if not self.processes:
            return
        with ExitStack() as left:
            for process in reversed(self.processes):
                left.callback(process.wait)
                process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.processes[0].wait(15)
            for other in self._left():
                other.kill()

    def _left(self) -> list[psutil.Process]:
        return [process for user in ("", "alice", "bob") for process in alive(self.mark + user)]


def _free_ports(count: int) -> list[int]:
    """Below those that the system gives away by itself: nobody gets one before the Hub has it."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_000, 30_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found
