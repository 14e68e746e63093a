"""A folder as a workspace: what came with it asks for trust once, and nothing starts or leaves before."""

from __future__ import annotations

import json
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from planted import put, servers, trust_all, trusted

from mandrake_jupyter.errors import BadRequest, BrokenFile, Conflict, Forbidden, MCPServerNotFound
from mandrake_jupyter.workspaces.workspace import WorkspaceManager, trust_folder

FORBIDDEN = (
    "subprocess.Popen",
    "os.posix_spawn",
    "os.fork",
    "os.exec",
    "os.system",
    "socket.connect",
    "socket.getaddrinfo",
)


@pytest.fixture
def watched() -> Iterator[list[str]]:
    """Every process start and every outbound connection of this process, by Python's audit events."""
    seen: list[str] = []
    watching = True

    def hook(event: str, _: object) -> None:
        if watching and event in FORBIDDEN:
            seen.append(event)

    sys.addaudithook(hook)
    yield seen
    watching = False


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_a_planted_folder_starts_sends_expands_and_writes_nothing(
    root: Path,
    data_dir: Path,
    workspace: WorkspaceManager,
    watched: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOKEN", "expanded-secret")
    canary = root.parent / "canary"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/${{TOKEN}}"
        command = {
            "command": "touch",
            "args": [str(canary), "${TOKEN}", "$(touch x)"],
            "env": {"T": "${TOKEN}"},
        }
        put(root, ".mandrake/mcp.json", servers(a=command))
        put(
            root,
            ".mcp.json",
            servers(b=command, c={"url": url, "headers": {"Authorization": "Bearer ${TOKEN}"}}),
        )
        put(root, ".vscode/mcp.json", {"servers": {"d": {"type": "sse", "url": url}}})
        put(root, ".mandrake/models.json", {"providers": {"m": {"url": url, "headers": {"X": "${TOKEN}"}}}})
        before = snapshot(root)
        entries, models = workspace.mcp_entries(), workspace.model_entries()
        shown = json.dumps(
            [workspace.trust_pending(), [problem.as_json() for problem in workspace.problems()]]
        )
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert [entry.name for entry in entries] == ["a", "b", "c", "d"]
    assert not any(item.trusted for item in (*entries, *models))
    assert "expanded-secret" not in shown + repr(entries) + repr(models)
    assert watched == []
    assert not canary.exists()
    assert snapshot(root) == before
    assert not data_dir.exists()


def test_pending_entries_show_the_exact_command_unexpanded_and_mask_values(
    root: Path, workspace: WorkspaceManager
) -> None:
    env = {"TOKEN": "${TOKEN}", "KEY": "sk-plain", "NODE_OPTIONS": "--require ./evil.js", "EMPTY": ""}
    put(
        root,
        ".mcp.json",
        servers(
            notes={"command": "npx", "args": ["-y", "a b", "${TOKEN}", "x;y"], "env": env},
            web={
                "url": "https://x.org/mcp",
                "headers": {"Authorization": "Bearer ${T}", "X-Key": "sk-plain"},
            },
            there={"command": "./run.sh", "cwd": "sub dir"},
            spoof={"command": "ls", "args": ["\x1b[2Kinnocent", "\u202egnp.exe", "a\nb"]},
            off={"command": "x", "disabled": True},
        ),
    )
    put(root, ".mandrake/models.json", {"providers": {"team": {"url": "https://llm.example.org/v1"}}})
    answer = workspace.trust_pending()
    notes, web, there, spoof, team = answer["pending"]
    assert [need["id"] for need in notes.pop("needs")] == ["TOKEN"]
    assert notes == {
        "id": "mcp-server:notes:.mcp.json",
        "kind": "mcp-server",
        "container": False,
        "name": "notes",
        "file": ".mcp.json",
        "command": "TOKEN=${TOKEN} KEY=••• NODE_OPTIONS='--require ./evil.js' EMPTY= "
        "npx -y 'a b' ${TOKEN} 'x;y'",
        "sends_to": None,
        "hash": notes["hash"],
        "status": "new",
        "changed_since": None,
        "difference": [],
        "looser": [],
    }
    assert web["command"] == "https://x.org/mcp   Authorization: Bearer ${T}   X-Key: •••"
    assert web["sends_to"] == "https://x.org/mcp"
    assert there["command"] == "cd 'sub dir' && ./run.sh"
    assert spoof["command"] == "ls '\\x1b[2Kinnocent' '\\u202egnp.exe' 'a\\nb'"
    assert (team["id"], team["kind"], team["command"]) == (
        "model:team:.mandrake/models.json",
        "model",
        "https://llm.example.org/v1",
    )


def test_trusting_some_leaves_the_others_pending(
    root: Path, workspace: WorkspaceManager, data_dir: Path
) -> None:
    put(root, ".mcp.json", servers(a={"command": "x"}, b={"command": "y"}))
    put(root, ".mandrake/models.json", {"providers": {"m": {"url": "https://x.org"}}})
    seen = workspace.trust_pending()
    rest = workspace.trust(seen["hash"], ["mcp-server:a:.mcp.json", "model:m:.mandrake/models.json"])
    assert [item["name"] for item in rest["pending"]] == ["b"]
    assert trusted(workspace) == {"a": True, "b": False}
    assert [model.trusted for model in workspace.model_entries()] == [True]
    assert stat.S_IMODE((data_dir / "trust.json").stat().st_mode) == 0o600
    another = WorkspaceManager(workspace_id="w2", root=root, data_dir=data_dir)
    assert trusted(another) == {"a": True, "b": False}


def test_a_folder_that_changed_since_it_was_shown_trusts_nothing(
    root: Path, workspace: WorkspaceManager
) -> None:
    put(root, ".mcp.json", servers(a={"command": "x"}))
    seen = workspace.trust_pending()
    put(root, ".mcp.json", servers(a={"command": "evil"}))
    with pytest.raises(Conflict, match="changed since you looked"):
        workspace.trust(seen["hash"], ["mcp-server:a:.mcp.json"])
    assert trusted(workspace) == {"a": False}


def test_an_id_that_is_not_pending_is_named(root: Path, workspace: WorkspaceManager) -> None:
    put(root, ".mcp.json", servers(a={"command": "x"}))
    seen = workspace.trust_pending()
    with pytest.raises(BadRequest, match=r"'nope' waits for trust; waiting: mcp-server:a:\.mcp\.json"):
        workspace.trust(seen["hash"], ["mcp-server:a:.mcp.json", "nope"])
    assert trusted(workspace) == {"a": False}


def test_what_the_user_adds_is_trusted_by_that_act(root: Path, workspace: WorkspaceManager) -> None:
    put(root, "server.py", "print(1)")
    put(root, ".mcp.json", servers(came={"command": "x"}))
    assert workspace.add_mcp_servers({"mine": {"command": "python", "args": ["server.py"]}}) == ["mine"]
    assert trusted(workspace) == {"mine": True, "came": False}
    assert [item["name"] for item in workspace.trust_pending()["pending"]] == ["came"]
    put(root, "server.py", "print(2)")
    assert trusted(workspace)["mine"] is False


def test_adding_a_name_that_came_with_the_folder_gives_the_user_s_own(
    root: Path, workspace: WorkspaceManager
) -> None:
    put(root, ".mcp.json", servers(time={"command": "evil"}))
    workspace.add_mcp_servers({"time": {"command": "good"}})
    (entry,) = workspace.mcp_entries()
    assert (entry.command, entry.trusted) == ("good", True)
    assert "is in .mandrake/mcp.json too, which counts" in workspace.problems()[0].message


def test_a_removed_entry_has_to_be_trusted_anew(root: Path, workspace: WorkspaceManager) -> None:
    workspace.add_mcp_servers({"time": {"command": "x"}})
    workspace.remove_mcp_server("time")
    assert workspace.mcp_entries() == []
    put(root, ".mandrake/mcp.json", servers(time={"command": "x"}))
    assert trusted(workspace) == {"time": False}
    with pytest.raises(MCPServerNotFound):
        workspace.remove_mcp_server("none")


def test_trust_belongs_to_one_folder_and_follows_links_to_it(root: Path, data_dir: Path) -> None:
    other = root.parent / "other"
    other.mkdir()
    for folder in (root, other):
        put(folder, ".mcp.json", servers(a={"command": "x"}))
    trust_folder(root, data_dir)
    link = root.parent / "link"
    link.symlink_to(root)
    seen = {
        p.name: trusted(WorkspaceManager(workspace_id="", root=p, data_dir=data_dir)) for p in (other, link)
    }
    assert seen == {"other": {"a": False}, "link": {"a": True}}


def test_a_trust_file_that_is_broken_or_others_may_write_trusts_nothing(
    root: Path, workspace: WorkspaceManager, data_dir: Path
) -> None:
    put(root, ".mcp.json", servers(a={"command": "x"}))
    trust_all(workspace)
    (data_dir / "trust.json").chmod(0o666)
    assert trusted(workspace) == {"a": False}
    (data_dir / "trust.json").chmod(0o600)
    assert trusted(workspace) == {"a": True}
    (data_dir / "trust.json").write_text("{oops")
    assert trusted(workspace) == {"a": False}
    with pytest.raises(BrokenFile, match=r"trust\.json"):
        trust_all(workspace)
    assert (data_dir / "trust.json").read_text() == "{oops"


def test_a_trust_file_in_the_folder_means_nothing(
    root: Path, workspace: WorkspaceManager, data_dir: Path
) -> None:
    put(root, ".mcp.json", servers(a={"command": "x", "trust": True, "trusted": True}))
    trust_all(workspace)
    content = (data_dir / "trust.json").read_text()
    workspace.revoke_trust("a")
    put(root, ".mandrake/trust.json", content)
    put(root, "trust.json", content)
    assert trusted(workspace) == {"a": False}


def test_trust_folder_trusts_all_and_says_what(
    root: Path, data_dir: Path, workspace: WorkspaceManager
) -> None:
    put(root, ".mcp.json", servers(a={"command": "uvx", "args": ["mcp-server-time"]}))
    put(root, ".mandrake/models.json", {"providers": {"m": {"url": "https://x.org/v1"}}})
    assert trust_folder(root, data_dir) == [
        "a (.mcp.json): uvx mcp-server-time",
        "m (.mandrake/models.json): https://x.org/v1",
    ]
    assert workspace.trust_pending()["pending"] == []
    assert trust_folder(root, data_dir) == []
    with pytest.raises(BadRequest, match="not a folder"):
        trust_folder(root / "none", data_dir)


def test_a_folder_or_a_data_directory_that_can_not_be_written_is_said_in_words(
    root: Path, tmp_path: Path
) -> None:
    (root / ".mandrake").write_text("a file")
    workspace = WorkspaceManager(workspace_id="w", root=root, data_dir=tmp_path / "file")
    with pytest.raises(Forbidden, match=r"\.mandrake/mcp\.json can't be written"):
        workspace.add_mcp_servers({"a": {"command": "x"}})
    (tmp_path / "file").write_text("")
    put(root, ".mcp.json", servers(a={"command": "x"}))
    with pytest.raises(Forbidden, match=r"trust\.json can't be written"):
        trust_all(workspace)


@pytest.mark.parametrize(
    "text", ["[]", '{"version": 2}', '{"workspaces": []}', '{"workspaces": {"ROOT": 3}}']
)
def test_a_trust_file_of_another_shape_trusts_nothing_and_is_kept(
    root: Path, workspace: WorkspaceManager, data_dir: Path, text: str
) -> None:
    put(root, ".mcp.json", servers(a={"command": "x"}))
    text = text.replace("ROOT", str(root.resolve()))
    data_dir.mkdir()
    (data_dir / "trust.json").write_text(text)
    (data_dir / "trust.json").chmod(0o600)
    assert trusted(workspace) == {"a": False}
    with pytest.raises(BrokenFile, match="Move it away to start anew"):
        trust_all(workspace)
    assert (data_dir / "trust.json").read_text() == text


def test_a_reference_inside_a_masked_value_is_still_shown(root: Path, workspace: WorkspaceManager) -> None:
    put(root, ".mcp.json", servers(a={"command": "x", "env": {"DSN": "pg://me:pw@${HOST}/db"}}))
    assert workspace.trust_pending()["pending"][0]["command"] == "DSN=•••${HOST}••• x"
