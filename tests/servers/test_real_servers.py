"""MCP servers of other people as users have them, over stdio: a round of all that each offers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.servers.manager import MCPServerManager

from .conftest import House, call

Calls = dict[str, tuple[dict[str, Any], str]]


async def round_of(house: House, manager: MCPServerManager, name: str, calls: Calls) -> None:
    """Each tool the MCP server lists is called as `calls` says (its arguments, a part of its answer), in that order."""
    tools, problems = await manager.catalogue(learn=True)
    assert not problems
    assert {tool.name for tool in tools} == set(calls), "a round of every tool it has"
    for tool, (arguments, part) in calls.items():
        result = await call(manager, name, tool, **arguments)
        assert result.ok, (tool, result.content)
        assert part in result.content, (tool, result.content)
    assert house.processes("")
    await manager.stop(name)
    assert not house.processes("")


async def test_the_time_server_tells_the_time_and_says_that_it_only_reads(house: House) -> None:
    house.add("time", sys.executable, "-m", "mcp_server_time", "--local-timezone", "UTC")
    manager = house.manager()
    tools, _ = await manager.catalogue(learn=True)
    assert {tool.read_only for tool in tools} == {True}
    assert not (await call(manager, "time", "get_current_time", timezone="Nowhere/None")).ok
    noon = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
    await round_of(
        house,
        manager,
        "time",
        {"get_current_time": ({"timezone": "Asia/Tokyo"}, "+09:00"), "convert_time": (noon, "21:00")},
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One commit, and a change that is not committed; nothing of the user's own settings."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "a.txt").write_text("one\n")
    for words in (["init", "-qb", "main"], ["add", "."], ["commit", "-qm", "The first"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    (folder / "a.txt").write_text("two\n")
    return folder


async def test_the_git_server_shows_and_changes_a_repository(house: House, repository: Path) -> None:
    house.add("git", sys.executable, "-m", "mcp_server_git", "--repository", str(repository))
    at, manager = {"repo_path": str(repository)}, house.manager()
    await round_of(
        house,
        manager,
        "git",
        {
            "git_status": (at, "modified:   a.txt"),
            "git_diff_unstaged": (at, "+two"),
            "git_diff": ({**at, "target": "main"}, "+two"),
            "git_add": ({**at, "files": ["a.txt"]}, "staged"),
            "git_diff_staged": (at, "+two"),
            "git_commit": ({**at, "message": "The second"}, "committed"),
            "git_log": ({**at, "max_count": 1}, "The second"),
            "git_show": ({**at, "revision": "HEAD~1"}, "The first"),
            "git_create_branch": ({**at, "branch_name": "side"}, "side"),
            "git_checkout": ({**at, "branch_name": "side"}, "side"),
            "git_branch": ({**at, "branch_type": "local"}, "side"),
            "git_reset": (at, "reset"),
        },
    )
    outside = await call(manager, "git", "git_status", repo_path="/")
    assert not outside.ok


@pytest.mark.node
async def test_the_file_server_reads_and_writes_its_folder_and_no_other(
    house: House, npm: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.txt").write_text("one\ntwo\n")
    (folder / "dot.png").write_bytes(b"\x89PNG")
    house.add("files", str(npm / "mcp-server-filesystem"), str(folder))
    text, written = str(folder / "a.txt"), str(folder / "sub" / "b.txt")
    edit = {"oldText": "three", "newText": "four"}
    moved = str(folder / "sub" / "c.txt")
    at = {"path": str(folder)}
    calls: Calls = {
        "read_file": ({"path": text}, "one\ntwo"),
        "read_text_file": ({"path": text, "head": 1}, "one"),
        "read_media_file": ({"path": str(folder / "dot.png")}, "image/png"),
        "create_directory": ({"path": str(folder / "sub")}, "created"),
        "write_file": ({"path": written, "content": "three\n"}, "wrote"),
        "edit_file": ({"path": written, "edits": [edit]}, "+four"),
        "read_multiple_files": ({"paths": [text, written]}, "four"),
        "move_file": ({"source": written, "destination": moved}, "moved"),
        "list_directory": (at, "[FILE] a.txt"),
        "list_directory_with_sizes": (at, "a.txt"),
        "directory_tree": (at, "c.txt"),
        "search_files": ({**at, "pattern": "**/*.txt"}, "c.txt"),
        "get_file_info": ({"path": text}, "size: 8"),
        "list_allowed_directories": ({}, str(folder)),
    }
    manager = house.manager()
    await round_of(house, manager, "files", calls)
    assert Path(moved).read_text() == "four\n"
    assert not (await call(manager, "files", "read_text_file", path="/etc/passwd")).ok


@pytest.mark.node
async def test_the_memory_server_keeps_what_it_is_told_from_one_start_to_the_next(
    house: House, npm: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "memory.jsonl"
    house.add("memory", str(npm / "mcp-server-memory"), env={"MEMORY_FILE_PATH": str(kept)})
    ada, bob = ({"name": name, "entityType": "person", "observations": ["tall"]} for name in ("Ada", "Bob"))
    knows = {"from": "Ada", "to": "Bob", "relationType": "knows"}
    calls: Calls = {
        "create_entities": ({"entities": [ada, bob]}, "Ada"),
        "create_relations": ({"relations": [knows]}, "knows"),
        "add_observations": ({"observations": [{"entityName": "Ada", "contents": ["kind"]}]}, "kind"),
        "search_nodes": ({"query": "kind"}, "Ada"),
        "open_nodes": ({"names": ["Bob"]}, "Bob"),
        "delete_observations": ({"deletions": [{"entityName": "Ada", "observations": ["tall"]}]}, "deleted"),
        "delete_relations": ({"relations": [knows]}, "deleted"),
        "delete_entities": ({"entityNames": ["Bob"]}, "deleted"),
        "read_graph": ({}, "kind"),
    }
    manager = house.manager()
    await round_of(house, manager, "memory", calls)
    graph = json.loads((await call(manager, "memory", "read_graph")).content)
    assert [(entity["name"], entity["observations"]) for entity in graph["entities"]] == [("Ada", ["kind"])]
    offers = await manager.offers("memory")
    for resource in await offers.resources():
        assert "Ada" in ((await offers.read(resource.uri))[0].text or "")
