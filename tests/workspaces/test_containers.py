"""Entries with an image: what they may say, what is looser than usual, and `docker run` lines as such entries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from planted import put, servers, trust_all, trusted

from mandrake_jupyter.errors import BadRequest
from mandrake_jupyter.values import Container, Mount
from mandrake_jupyter.workspaces.containers import loosened, managed, parse_container
from mandrake_jupyter.workspaces.workspace import WorkspaceManager


def test_an_image_alone_has_the_hard_profile() -> None:
    container = parse_container("It", {"image": "mcp/time"})
    assert container == Container("mcp/time", "missing", "none", "", (), (), False)
    assert loosened(container) == []
    assert parse_container("It", {"command": "uvx"}) is None


def test_whatever_loosens_it_is_told() -> None:
    raw = {
        "image": "mcp/git@sha256:" + "0" * 64,
        "network": "bridge",
        "user": "0",
        "mounts": ["data:/data", ".:/work:rw", {"source": "/etc", "target": "/host", "outside": True}],
        "cap_add": ["NET_RAW"],
        "writable": True,
        "pull": "never",
    }
    container = parse_container("It", raw)
    assert container
    assert container.mounts == (
        Mount("data", "/data"),
        Mount(".", "/work", writable=True),
        Mount("/etc", "/host", outside=True),
    )
    assert loosened(container) == [
        'It has a network ("bridge"): it can send what it sees.',
        'It may change what is in ".".',
        'It sees "/etc", outside the project.',
        "It may write to its own file system, not only to /tmp.",
        "It runs as root inside its container.",
        "It has Linux capabilities: NET_RAW.",
    ]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"network": "none"}, '"network" is for containers. Add "image"'),
        ({"image": ""}, '"image" must be the name of an image'),
        ({"image": "--privileged"}, '"image" must be the name of an image'),
        ({"image": "x", "pull": "often"}, "one of missing, never, always, not 'often'"),
        ({"image": "x", "network": "host"}, '"network" must be "none", "bridge" or the name'),
        ({"image": "x", "network": "container:other y"}, '"network" must be'),
        ({"image": "x", "user": "root; rm"}, '"user" must be like "1000:1000"'),
        ({"image": "x", "writable": "yes"}, '"writable" must be true or false'),
        ({"image": "x", "mounts": "."}, '"mounts" must be a list like'),
        ({"image": "x", "mounts": ["."]}, "'.' in \"mounts\" is no mount"),
        ({"image": "x", "mounts": ["a:b:c:d"]}, "is no mount"),
        (
            {"image": "x", "mounts": [{"source": ".", "target": "/a/../b"}]},
            '"target" of a mount must be an absolute path',
        ),
        (
            {"image": "x", "mounts": [{"source": ".", "target": "/a", "mode": "z"}]},
            "'mode' of a mount is not known",
        ),
        ({"image": "x", "mounts": [{"source": ".", "target": "/a", "writable": 1}]}, "must be true or false"),
        ({"image": "x", "cap_add": ["ALL"]}, "can't be everything"),
        ({"image": "x", "cap_add": "NET_RAW"}, '"cap_add" must be a list'),
    ],
)
def test_what_is_not_understood_says_what_to_write_instead(raw: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_container("It", raw)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("run -i --rm mcp/time", {"image": "mcp/time", "network": "bridge"}),
        (
            "run -i --rm -e KEY -e A=b --network=none --memory 1g --cpus 0.5 --pids-limit 64 mcp/x:1 --flag v",
            {
                "image": "mcp/x:1",
                "network": "none",
                "args": ["--flag", "v"],
                "env": {"KEY": "secret", "A": "b"},
                "limits": {"memory_mb": 1024, "cpus": 0.5, "processes": 64},
            },
        ),
        (
            "run --rm -i -v /data:/d:ro -v ./w:/w --entrypoint sh mcp/x -c y",
            {
                "image": "mcp/x",
                "network": "bridge",
                "command": "sh",
                "args": ["-c", "y"],
                "mounts": [
                    {"source": "/data", "target": "/d", "outside": True},
                    {"source": "./w", "target": "/w", "outside": True, "writable": True},
                ],
            },
        ),
        ("run -i --privileged mcp/x", None),
        ("run -i -v named:/x mcp/x", None),
        ("run -i -p 80:80 mcp/x", None),
        ("run -i", None),
        ("compose up", None),
    ],
)
def test_a_docker_run_line_is_taken_over_only_where_all_of_it_can_be_kept(line: str, entry: Any) -> None:
    assert managed(line.split(), {"KEY": "secret"}) == entry


def test_an_entry_with_an_image_is_shown_as_a_run_line_and_its_mounted_script_counts(
    root: Path, workspace: WorkspaceManager
) -> None:
    (root / "tools").mkdir()
    script = put(root, "tools/serve.py", "print(1)")
    entry = {
        "image": "mcp/python:3",
        "command": "python3",
        "args": ["/tools/serve.py", "--all"],
        "env": {"KEY": "hidden-value", "OPEN": "${OPEN}"},
        "mounts": [{"source": "${workspaceFolder}/tools", "target": "/tools"}],
        "limits": {"memory_mb": 4096, "cpus": 0.5},
    }
    put(root, ".mcp.json", servers(box=entry))
    (pending,) = workspace.trust_pending()["pending"]
    line = pending["command"].replace(str(root), "ROOT")
    assert line == (
        "docker run -i --env KEY=••• --env OPEN=${OPEN} --volume ROOT/tools:/tools:ro --network none "
        "--entrypoint python3 mcp/python:3 /tools/serve.py --all"
    )
    assert pending["looser"] == ["It may take 4096 MiB of memory; usual here: 512."]
    trust_all(workspace)
    assert trusted(workspace) == {"box": True}
    script.write_text("print(2)")
    assert trusted(workspace) == {"box": False}
    put(root, ".mcp.json", servers(box={**entry, "network": "bridge"}))
    (pending,) = workspace.trust_pending()["pending"]
    assert 'It has a network ("bridge"): it can send what it sees.' in pending["looser"]
