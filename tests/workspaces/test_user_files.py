"""MCP servers of the user's own, in the form of jupyter-mcp-manager: his word, unless a folder decides what they are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from planted import put, servers, trust_all, trusted

from mandrake_jupyter.errors import Conflict
from mandrake_jupyter.workspaces.workspace import WorkspaceManager


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "jupyter").mkdir()
    return tmp_path / "jupyter"


@pytest.fixture
def workspace(root: Path, data_dir: Path, home: Path) -> WorkspaceManager:
    files = [str(home / "mcp_servers.json"), str(home / "mcp_settings.json")]
    return WorkspaceManager(workspace_id="w", root=root, data_dir=data_dir, mcp_servers_files=files)


def mine(home: Path, *entries: Any, file: str = "mcp_servers.json") -> Path:
    path = home / file
    path.write_text(json.dumps({"mcp_servers": entries}, indent=1))
    path.chmod(0o600)
    return path


def said(workspace: WorkspaceManager) -> list[str]:
    return [f"{Path(item.file).name}:{item.line}: {item.message}" for item in workspace.problems()]


def test_jupyter_mcp_manager_s_file_is_read_and_is_the_user_s_word(
    home: Path, workspace: WorkspaceManager
) -> None:
    path = mine(
        home,
        {
            "name": "my time",
            "type": "stdio",
            "command": "uvx",
            "args": ["x"],
            "env": [{"name": "A", "value": "1"}],
        },
        {"name": "web", "type": "http", "url": "https://x.org/mcp", "headers": [{"name": "B", "value": "2"}]},
    )
    time, web = workspace.mcp_entries()
    assert (time.name, time.command, dict(time.env)) == ("my-time", "uvx", {"A": "1"})
    assert (time.origin, time.cwd, time.trusted) == (str(path), str(home), True)
    assert (web.transport, dict(web.headers), web.trusted) == ("http", {"B": "2"}, True)
    assert workspace.trust_pending()["pending"] == []
    assert said(workspace) == []


def test_a_folder_s_entry_takes_the_place_of_the_user_s_once_it_is_trusted_and_not_before(
    root: Path, home: Path, workspace: WorkspaceManager
) -> None:
    mine(home, {"name": "time", "command": "mine"}, {"name": "other", "command": "x"})
    put(root, ".mcp.json", servers(time={"command": "theirs"}))
    assert {it.name: it.command for it in workspace.mcp_entries()} == {"time": "mine", "other": "x"}
    assert [item["command"] for item in workspace.trust_pending()["pending"]] == ["theirs"]
    assert said(workspace) == [
        'mcp_servers.json:4: The MCP server "time" is in this project too, which counts once it is trusted.'
    ]
    assert [it.command for it in workspace.mcp_entries({"time"})] == ["mine"]
    trust_all(workspace)
    assert {it.name: it.command for it in workspace.mcp_entries()} == {"time": "theirs", "other": "x"}
    assert [it.command for it in workspace.mcp_entries({"time"})] == ["theirs"]


def test_of_two_files_the_first_counts(home: Path, workspace: WorkspaceManager) -> None:
    mine(home, {"name": "a", "command": "first"}, {"name": "a", "command": "again"})
    mine(home, {"name": "a", "command": "second"}, file="mcp_settings.json")
    assert [it.command for it in workspace.mcp_entries()] == ["first"]
    again, second = said(workspace)
    assert again == (
        'mcp_servers.json:8: The MCP server "a" is there twice; the first counts. Rename or remove one of them.'
    )
    assert second.startswith('mcp_settings.json:4: The MCP server "a" is in ')


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "python", "args": ["ROOT/server.py"]},
        {"command": "npm", "args": ["start"], "cwd": "ROOT"},
        {"command": "python", "args": ["-m", "anything"], "cwd": "${workspaceFolder}"},
        {"command": "x", "cwd": "${PWD}"},
        {"command": "x", "envFile": "${workspaceFolder}/.env"},
    ],
)
def test_what_a_folder_decides_has_to_be_trusted_there(
    root: Path, home: Path, workspace: WorkspaceManager, entry: dict[str, Any]
) -> None:
    put(root, "server.py", "print(1)")
    put(root, ".env", "A=1")
    mine(home, {"name": "a", **json.loads(json.dumps(entry).replace("ROOT", str(root)))})
    assert trusted(workspace) == {"a": False}
    trust_all(workspace)
    assert trusted(workspace) == {"a": True}


@pytest.mark.parametrize("entry", [{"args": ["server.py"]}, {"args": ["-m", "server"]}, {"envFile": ".env"}])
def test_relative_paths_are_those_of_the_user_s_folder(
    root: Path, home: Path, workspace: WorkspaceManager, entry: dict[str, Any]
) -> None:
    """A folder can't slip in a script under a name that the user's own entry runs."""
    put(root, "server.py", "evil")
    put(root, ".env", "A=evil")
    mine(home, {"name": "a", "command": "python", **entry})
    (found,) = workspace.mcp_entries()
    assert (found.trusted, found.cwd) == (True, str(home))
    assert found.env_files in ((), (str(home / ".env"),))


def test_a_file_that_others_may_write_is_no_word_of_the_user(home: Path, workspace: WorkspaceManager) -> None:
    mine(home, {"name": "a", "command": "x"}).chmod(0o666)
    assert trusted(workspace) == {"a": False}
    assert "may be written by others" in said(workspace)[0]


def test_a_file_in_the_folder_is_the_folder_s(root: Path, data_dir: Path) -> None:
    """As with a virtual environment or a JUPYTER_CONFIG_DIR inside a project."""
    path = put(root, ".venv/mcp_servers.json", {"mcp_servers": [{"name": "a", "command": "x"}]})
    for file in (path, data_dir.parent / "link"):
        if file != path:
            file.symlink_to(path)
        workspace = WorkspaceManager(
            workspace_id="w", root=root, data_dir=data_dir, mcp_servers_files=[str(file)]
        )
        assert trusted(workspace) == {"a": False}
        assert "lies in this project" in workspace.problems()[0].message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"mcp_servers": [', "mcp_servers.json:1:"),
        ("[]", 'must be like {"mcp_servers": [{"name"'),
        ('{"mcp_servers": {"a": {"command": "x"}}}', "must be like"),
        ('{"mcpServers": {"a": {"command": "x"}}}', "must be like"),
        ('{\n"mcp_servers": [\n{"command": "x"}]}', "mcp_servers.json:2: "),
        ('{"mcp_servers": [3]}', "an entry needs a name"),
        (
            '{\n"mcp_servers": [{"name": "ok", "command": "x"},\n{"name": "a/../b", "command": 3}]}',
            'json:3: The MCP server "a-..-b"',
        ),
        ('{"mcp_servers": [{"name": "jupyter", "command": "x"}]}', "is the built-in MCP server's"),
    ],
)
def test_what_is_not_understood_names_file_and_line_and_what_to_write(
    home: Path, workspace: WorkspaceManager, text: str, words: str
) -> None:
    (home / "mcp_servers.json").write_text(text)
    assert words in said(workspace)[0]


def test_what_is_no_file_blocks_nothing(root: Path, home: Path, workspace: WorkspaceManager) -> None:
    os.mkfifo(home / "mcp_servers.json")
    (home / "mcp_settings.json").mkdir()
    put(root, ".mcp.json", servers(a={"command": "x"}))
    assert trusted(workspace) == {"a": False}
    assert ["named pipe" in one or "folder" in one for one in said(workspace)] == [True, True]


def test_it_is_switched_off_for_one_project_and_removed_only_by_its_owner(
    home: Path, workspace: WorkspaceManager
) -> None:
    path = mine(home, {"name": "a", "command": "x"})
    before = path.read_text()
    workspace.switch_mcp_server("a", disabled=True)
    assert [it.disabled for it in workspace.mcp_entries()] == [True]
    workspace.switch_mcp_server("a", disabled=False)
    assert [it.disabled for it in workspace.mcp_entries()] == [False]
    with pytest.raises(Conflict, match="a file of another program"):
        workspace.remove_mcp_server("a")
    assert path.read_text() == before
