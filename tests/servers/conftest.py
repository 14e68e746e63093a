"""A manager over real MCP servers, and the count of what each test leaves behind."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from mandrake_jupyter.lifecycle.announce import Announcement, Moved
from mandrake_jupyter.lifecycle.supervisor import Supervisor
from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.values import CallContext, MCPServerEntry, ToolResult, WorkspaceKey

from ..support.mcp_leaks import MARKER, alive, eventually, open_files

SUPPORT = Path(__file__).parent.parent / "support"
ECHO = str(SUPPORT / "mcp_echo.py")
RAW = str(SUPPORT / "mcp_raw.py")
#: Where `make prepare` puts the programs from npm, unless it says another place.
NPM = SUPPORT.parents[1] / ".cache" / "npm" / "node_modules" / ".bin"
CONTEXT = CallContext(workspace_id="w")


@dataclass
class House:
    """One workspace with its manager; `entries` is its configuration, to be changed at will."""

    root: Path
    state: Path
    token: str
    workspace: str = "w"
    entries: list[MCPServerEntry] = field(default_factory=list)
    announced: list[Announcement] = field(default_factory=list)
    supervisor: Supervisor = field(default_factory=Supervisor)
    managers: list[MCPServerManager] = field(default_factory=list)

    def manager(self, builtins: Any = None, **traits: Any) -> MCPServerManager:
        manager = MCPServerManager(
            key=WorkspaceKey(self.workspace),
            root=self.root,
            state_dir=self.state,
            entries=lambda only=None: [e for e in self.entries if only is None or e.name in only],
            builtins=builtins or {},
            supervisor=self.supervisor,
            announce=self.heard,
            **traits,
        )
        self.managers.append(manager)
        return manager

    def heard(self, announcement: Announcement) -> None:
        self.announced.append(announcement)

    @property
    def phases(self) -> list[tuple[str, str]]:
        return [(told.id, told.new.value) for told in self.announced if isinstance(told, Moved)]

    def echo(self, *args: str, name: str = "echo", **options: Any) -> MCPServerEntry:
        """The echo server, added to the configuration (in the place of one of the same name)."""
        return self.add(name, sys.executable, ECHO, *args, **options)

    def raw(self, *args: str, name: str = "raw", **options: Any) -> MCPServerEntry:
        """The server without an SDK, quick to start, added likewise."""
        return self.add(name, sys.executable, "-S", RAW, *args, **options)

    def add(self, name: str, command: str, *args: str, **options: Any) -> MCPServerEntry:
        options = {"trusted": True, "origin": ".mandrake/mcp.json", **options}
        env = {MARKER: self.token, **options.pop("env", {})}
        entry = MCPServerEntry(name, command=command, args=args, env=env, **options)
        self.entries = [other for other in self.entries if other.name != name] + [entry]
        return entry

    def processes(self, what: str = "mcp_") -> list[int]:
        """The living processes that run `what`, without their guardians."""
        found = []
        for process in alive(self.token):
            try:
                command = " ".join(process.cmdline())
            except psutil.Error:  # it has ended since
                continue
            if what in command and "guardian.py" not in command:
                found.append(process.pid)
        return found


async def call(manager: MCPServerManager, name: str, tool: str, /, **arguments: Any) -> ToolResult:
    return await manager.call(name, tool, arguments, context=CONTEXT)


@pytest.fixture(scope="session")
def npm() -> Path:
    """The folder of the MCP servers from npm."""
    programs = Path(os.environ.get("MANDRAKE_TEST_NPM") or NPM)
    if not (programs / "mcp-server-everything").exists():
        pytest.skip("needs MCP servers from npm: make prepare")
    return programs


@pytest.fixture
def house(tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[House]:
    """After the test: no process, no task, no open file is left."""
    house = House(tmp_path, tmp_path / "state", uuid.uuid4().hex)
    before = open_files()
    yield house

    async def end() -> list[str]:
        left = [name for manager in house.managers for name in await manager.close()]
        return left + await house.supervisor.close()

    run: Callable[[Any], Any] = jp_asyncio_loop.run_until_complete
    assert run(end()) == []
    processes = alive(house.token)
    for process in processes:
        process.kill()
    assert not processes
    run(eventually(lambda: not asyncio.all_tasks(jp_asyncio_loop) - {asyncio.current_task(jp_asyncio_loop)}))
    run(eventually(lambda: not (open_files() - before)))
