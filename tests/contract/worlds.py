"""For each provisioner: how the same MCP server (`mcp_raw`) runs through it, and how it ends, hangs and is counted.

A provisioner that is new adds its world here; the suite asks nothing else of it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from mandrake_jupyter.lifecycle.environment import clean_environment
from mandrake_jupyter.lifecycle.sweep import marker
from mandrake_jupyter.provisioners.base import LaunchSpec, Provisioner, find_provisioner
from mandrake_jupyter.values import CONTAINER_LIMITS, Container, Mount

from ..support.docker_engine import PYTHON, asked, containers, need_engine
from ..support.mcp_leaks import MARKER, alive

SUPPORT = Path(__file__).parent.parent / "support"
RAW = str(SUPPORT / "mcp_raw.py")
SECRET = "s3cr3t-of-ours"


class World:
    """`can` says which optional abilities it has: ``run`` (what it starts ends with it, and has an exit code and a log),
    ``stats``, ``sweep`` by marker, ``tree``, ``inherit`` (Jupyter's environment, without tokens).
    """

    kind: ClassVar[str]
    can: ClassVar[frozenset[str]] = frozenset()
    killed: ClassVar[int] = -9  #: its exit code when it was

    def __init__(self, token: str) -> None:
        self.token = token  #: marks what it starts
        self.lines: list[tuple[str, str]] = []

    def provisioner(self, *args: str, **fields: object) -> Provisioner:
        return self.of(self.spec(*args, **fields))

    def of(self, spec: LaunchSpec) -> Provisioner:
        return find_provisioner(self.kind)(spec, lambda stream, text: self.lines.append((stream, text)))

    def spec(self, *args: str, **fields: object) -> LaunchSpec:
        """The raw MCP server; `args` are its own, for what it starts here."""
        raise NotImplementedError

    def broken(self) -> LaunchSpec:
        """One that can't be started or reached."""
        raise NotImplementedError

    def end(self, provisioner: Provisioner) -> None:
        """It goes away, and nobody asked for it."""
        raise NotImplementedError

    def hang(self, provisioner: Provisioner) -> None:
        """It does nothing any more, and does not end either."""

    def left(self) -> int:
        """What there is of it at the moment: processes, connections."""
        raise NotImplementedError

    def close(self) -> None:
        """The test is over."""


class LocalWorld(World):
    kind = "local"
    can = frozenset({"run", "stats", "sweep", "tree", "inherit"})

    def spec(self, *args: str, **fields: object) -> LaunchSpec:
        env: Mapping[str, str] = fields.pop("env", {})  # type: ignore[assignment]
        return LaunchSpec(
            "raw", sys.executable, ("-S", RAW, *args), env={MARKER: self.token, **env}, **fields  # type: ignore[arg-type]
        )  # fmt: skip

    def broken(self) -> LaunchSpec:
        return LaunchSpec("raw", "no-such-program-4711")

    def end(self, provisioner: Provisioner) -> None:
        assert provisioner.pid
        os.kill(provisioner.pid, signal.SIGKILL)

    def hang(self, provisioner: Provisioner) -> None:
        assert provisioner.pid
        os.kill(provisioner.pid, signal.SIGSTOP)

    def left(self) -> int:
        return len(alive(self.token))


class HTTPWorld(World):
    kind = "http"
    path: ClassVar[str] = "/mcp"

    def __init__(self, token: str) -> None:
        super().__init__(token)
        env = clean_environment({MARKER: token})
        command = [sys.executable, str(SUPPORT / "mcp_raw_http.py")]
        self.server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        assert self.server.stdout is not None
        self.origin = self.server.stdout.readline().strip()

    def spec(self, *args: str, **fields: object) -> LaunchSpec:
        return LaunchSpec("raw", url=self.origin + self.path, **fields)  # type: ignore[arg-type]

    def broken(self) -> LaunchSpec:
        return LaunchSpec("raw", url="http://127.0.0.1:9" + self.path)

    def end(self, provisioner: Provisioner) -> None:
        self.server.kill()
        self.server.wait()

    def hang(self, provisioner: Provisioner) -> None:
        self.server.send_signal(signal.SIGSTOP)

    def left(self) -> int:
        port = int(self.origin.rpartition(":")[2])
        ours = psutil.Process().net_connections("tcp")
        return len([c for c in ours if c.raddr and c.raddr.port == port])

    def close(self) -> None:
        self.server.kill()
        self.server.communicate()


class SSEWorld(HTTPWorld):
    kind = "sse"
    path = "/sse"


class MemoryWorld(World):
    """Of another package, found by its entry point; see `support/sample_provisioner`."""

    kind = "memory"

    def spec(self, *args: str, **fields: object) -> LaunchSpec:
        return LaunchSpec("raw", "raw", **fields)  # type: ignore[arg-type]

    def broken(self) -> LaunchSpec:
        return LaunchSpec("raw", "cooked")

    def end(self, provisioner: Provisioner) -> None:
        provisioner.kill()

    def hang(self, provisioner: Provisioner) -> None:
        provisioner.goes_on.clear()  # type: ignore[attr-defined]

    def left(self) -> int:
        serving: set[asyncio.Task[None]] = find_provisioner(self.kind).serving  # type: ignore[attr-defined]
        return len(serving)


class DockerWorld(World):
    """On a real engine. Its sweep goes by the owner's process, not by the marker: ``containers/test_orphans.py``."""

    kind = "docker"
    can = frozenset({"run", "stats", "tree"})
    killed = 128 + signal.SIGKILL

    def __init__(self, token: str) -> None:
        super().__init__(token)
        need_engine()

    def spec(self, *args: str, **fields: object) -> LaunchSpec:
        container = Container(PYTHON, "never", mounts=(Mount(".", "/mcp"),))
        given = {
            "root": str(SUPPORT),
            "marker": marker("w/raw", self.token),
            "limits": CONTAINER_LIMITS,
            **fields,
        }
        return LaunchSpec("raw", args=("-S", "/mcp/mcp_raw.py", *args), container=container, **given)  # type: ignore[arg-type]

    def broken(self) -> LaunchSpec:
        return replace(self.spec(), container=Container("no/such:image", "never"))

    def end(self, provisioner: Provisioner) -> None:
        self._process(provisioner).kill()

    def hang(self, provisioner: Provisioner) -> None:
        self._process(provisioner).suspend()

    def _process(self, provisioner: Provisioner) -> psutil.Process:
        """The MCP server as the host sees it: the child of the container's init."""
        with asked() as engine:
            init = psutil.Process(engine.inspect_container(provisioner.container)["State"]["Pid"])
        (server,) = init.children()
        return server

    def left(self) -> int:
        return len(containers(self.token))

    def close(self) -> None:
        for container in containers(self.token):
            with asked() as engine:
                engine.remove_container(container["Id"], force=True)


WORLDS: tuple[type[World], ...] = (LocalWorld, DockerWorld, HTTPWorld, SSEWorld, MemoryWorld)


def able(ability: str) -> pytest.MarkDecorator:
    """A test of those that promise it only."""
    worlds = [world for world in WORLDS if ability in world.can]
    return pytest.mark.parametrize("world", worlds, ids=lambda world: world.kind, indirect=True)
