"""Trust is in content: what an entry runs may not change behind it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from planted import put, servers, trust_all, trusted

from mandrake_jupyter.workspaces.workspace import WorkspaceManager


def test_a_changed_entry_asks_again_and_the_old_one_is_still_trusted(
    root: Path, workspace: WorkspaceManager
) -> None:
    put(root, ".mcp.json", servers(a={"command": "x"}))
    trust_all(workspace)
    put(root, ".mcp.json", servers(a={"command": "x", "env": {"A": "1"}}))
    assert trusted(workspace) == {"a": False}
    put(root, ".mcp.json", servers(a={"command": "x"}))
    assert trusted(workspace) == {"a": True}


@pytest.mark.parametrize(
    ("entry", "file"),
    [
        ({"command": "python", "args": ["tools/server.py"]}, "tools/server.py"),
        ({"command": "./run"}, "run"),
        ({"command": "python", "args": ["server.py"], "cwd": "tools"}, "tools/server.py"),
        ({"command": "python", "args": ["-m", "tools.server"]}, "tools/server.py"),
        ({"command": "node", "args": ["--require=./evil.js", "x"]}, "evil.js"),
        ({"command": "npx", "args": ["x"], "env": {"NODE_OPTIONS": "--require ./evil.js"}}, "evil.js"),
        ({"command": "npm", "args": ["start"]}, "package.json"),
        ({"command": "uv", "args": ["run", "--directory", "tools", "server.py"]}, "tools/server.py"),
        ({"command": "make", "args": ["serve"]}, "Makefile"),
    ],
)
def test_a_changed_script_that_an_entry_runs_asks_again(
    root: Path, workspace: WorkspaceManager, entry: dict[str, Any], file: str
) -> None:
    put(root, ".mcp.json", servers(a=entry))
    assert trusted(workspace) == {"a": False}
    trust_all(workspace)
    put(root, file, "print(1)")
    assert trusted(workspace) == {"a": False}, "a script that appears asks again"
    trust_all(workspace)
    put(root, file, "print(2)")
    assert trusted(workspace) == {"a": False}, "a script that changes asks again"
    put(root, file, "print(1)")
    assert trusted(workspace) == {"a": True}


def test_data_that_an_entry_is_given_may_change(root: Path, workspace: WorkspaceManager) -> None:
    put(root, "notes.sqlite", "1")
    (root / "notes").mkdir()
    put(root, ".mcp.json", servers(a={"command": "uvx", "args": ["x", "--db", "notes.sqlite", "notes", "."]}))
    trust_all(workspace)
    put(root, "notes.sqlite", "2")
    put(root, "notes/new.py", "x = 1")
    assert trusted(workspace) == {"a": True}


def test_a_huge_or_blocking_script_is_hashed_in_bounded_time(root: Path, workspace: WorkspaceManager) -> None:
    with (root / "big.py").open("w") as file:
        file.truncate(2_000_000_000)
    os.mkfifo(root / "pipe.py")
    put(root, ".mcp.json", servers(a={"command": "python", "args": ["big.py", "pipe.py"]}))
    trust_all(workspace)
    assert trusted(workspace) == {"a": True}


def test_a_script_behind_a_variable_is_covered_too(root: Path, workspace: WorkspaceManager) -> None:
    put(root, "tools/server.py", "print(1)")
    put(
        root,
        ".mcp.json",
        servers(
            a={"command": "python", "args": ["${PWD}/tools/server.py"]},
            b={"command": "python", "args": ["server.py"], "cwd": "${PWD}/tools"},
            c={"command": "python", "args": ["${X:-tools/server.py}"]},
        ),
    )
    trust_all(workspace)
    put(root, "tools/server.py", "print(2)")
    assert trusted(workspace) == {"a": False, "b": False, "c": False}


def test_a_link_that_is_pointed_elsewhere_asks_again(root: Path, workspace: WorkspaceManager) -> None:
    for name in ("one.py", "two.py"):
        (root.parent / name).write_text("same")
    (root / "server.py").symlink_to("../one.py")
    put(root, ".mcp.json", servers(a={"command": "python", "args": ["server.py"]}))
    trust_all(workspace)
    (root / "server.py").unlink()
    (root / "server.py").symlink_to("../two.py")
    (root.parent / "two.py").write_text("other")
    assert trusted(workspace) == {"a": False}


def test_an_entry_of_many_words_costs_few_looks_at_the_disk(
    root: Path, workspace: WorkspaceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted file can't make each look expensive: 64 names an entry, one `stat` each."""
    words = [f"word{n}.py" for n in range(1000)]
    text = " ".join(f"x{n}" for n in range(1000))
    many = {f"e{n}": {"command": "python", "args": ["server.py", text, *words]} for n in range(30)}
    put(root, ".mcp.json", servers(**many))
    for name in ("server.py", *words):
        put(root, name, "1")
    trust_all(workspace)
    looked: list[object] = []
    for name in ("stat", "lstat"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda path, *a, real=real, **k: looked.append(path) or real(path, *a, **k)
        )
    assert all(trusted(workspace).values())
    assert len(looked) < 30 * 64 + 30 * 40
    monkeypatch.undo()
    put(root, "word999.py", "2")
    assert all(trusted(workspace).values()), "beyond the first names the text alone counts"
    put(root, "word1.py", "2")
    assert not any(trusted(workspace).values())
    trust_all(workspace)
    put(root, "server.py", "2")
    assert not any(trusted(workspace).values())
