"""An edit ends what it changed and nothing else, whoever made it; the next look notices."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mandrake_jupyter.errors import NotTrusted
from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.values import MCPServerEntry, ServerKey
from mandrake_jupyter.workspaces.workspace import WorkspaceManager

from ..support.mcp_leaks import MARKER, eventually
from .conftest import RAW, House, call


class Live(list[MCPServerEntry]):
    """What the files say at each look."""

    def __init__(self, files: WorkspaceManager) -> None:
        self.files = files

    def __iter__(self) -> Iterator[MCPServerEntry]:
        return iter(self.files.mcp_entries())


def configured(house: House) -> tuple[WorkspaceManager, MCPServerManager]:
    """A manager over the files of the folder, with three MCP servers that the user added."""
    files = WorkspaceManager(workspace_id="w", root=house.root, data_dir=house.state, mcp_servers_files=[])
    files.add_mcp_servers({name: entry(house, name) for name in "abc"})
    house.entries = Live(files)
    return files, house.manager()


def entry(house: House, *args: str, **more: object) -> dict[str, object]:
    return {"command": sys.executable, "args": ["-S", RAW, *args], "env": {MARKER: house.token}, **more}


async def pids(manager: MCPServerManager) -> dict[str, str]:
    return {name: (await call(manager, name, "pid")).content for name in "abc"}


def alive(manager: MCPServerManager) -> dict[str, int]:
    return {model["name"]: model["pid"] for model in manager.describe() if model["pid"]}


async def test_of_three_running_ones_an_edit_ends_the_one_it_changed(house: House) -> None:
    files, manager = configured(house)
    before = await pids(manager)
    text = (house.root / ".mandrake/mcp.json").read_text().replace('"b"\n', '"b",\n"more"\n')
    text = text.replace('"mcpServers"', '// a remark\n"mcpServers"')
    assert files.save_mcp_config(text, lambda _: True)[2] == {"b": "changed"}
    await manager.refresh()
    assert sorted(alive(manager)) == ["a", "c"]
    after = await pids(manager)
    assert {name for name in "abc" if before[name] != after[name]} == {"b"}


async def test_what_another_program_changed_is_noticed_by_the_next_look_at_the_list(house: House) -> None:
    _, manager = configured(house)
    before = await pids(manager)
    path = house.root / ".mandrake/mcp.json"
    document = json.loads(path.read_text())
    del document["mcpServers"]["a"]
    document["mcpServers"]["b"]["args"].append("evil")
    path.write_text(json.dumps(document))
    assert {model["name"]: model["trusted"] for model in manager.describe()} == {"b": False, "c": True}
    await eventually(lambda: len(house.processes()) == 1)
    assert (await call(manager, "c", "pid")).content == before["c"]
    await eventually(lambda: list(alive(manager)) == ["c"])


async def test_a_script_or_a_file_of_variables_that_changes_ends_who_runs_it(house: House) -> None:
    files, manager = configured(house)
    (house.root / ".env").write_text("A=1\n")
    (house.root / "server.py").write_text(Path(RAW).read_text())
    env = {MARKER: house.token, "PYTHONPATH": str(Path(RAW).parent)}
    local = {"command": sys.executable, "args": ["-S", "server.py"], "env": env}
    files.add_mcp_servers({"b": local, "c": entry(house, envFile=".env")})
    before = await pids(manager)
    (house.root / ".env").write_text("A=2\n")
    manager.describe()
    await eventually(lambda: len(house.processes("-S")) == 2)
    (house.root / "server.py").write_text("evil")
    manager.describe()
    await eventually(lambda: len(house.processes("-S")) == 1)
    assert (await call(manager, "a", "pid")).content == before["a"]


async def test_switching_off_ends_it_and_on_again_starts_nothing(house: House) -> None:
    files, manager = configured(house)
    before = await pids(manager)
    files.switch_mcp_server("a", disabled=True)
    await manager.refresh()
    assert sorted(alive(manager)) == ["b", "c"]
    files.switch_mcp_server("a", disabled=False)
    assert sorted(alive(manager)) == ["b", "c"]
    assert (await pids(manager))["b"] == before["b"]


async def test_what_changes_while_a_start_waits_for_its_turn_does_not_run(house: House) -> None:
    """What is read for a launch is what was trusted, however long the launch has waited."""
    files = WorkspaceManager(workspace_id="w", root=house.root, data_dir=house.state, mcp_servers_files=[])
    (house.root / ".env").write_text("A=1\n")
    files.add_mcp_servers({"a": entry(house, envFile=".env")})
    house.entries = Live(files)

    async def pull(_: ServerKey) -> None:
        (house.root / ".env").write_text("LD_PRELOAD=./evil.so\n")

    manager = house.manager(admit=pull)
    with pytest.raises(NotTrusted):
        await call(manager, "a", "pid")
    assert house.processes() == []
