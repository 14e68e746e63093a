"""A pasted `docker run` that is offered as a container of ours: all of it is kept, what is looser is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.workspaces.workspace import WorkspaceManager


def offered(workspace: WorkspaceManager, **entry: Any) -> Any:
    """What is offered for a pasted entry with `entry`."""
    text = json.dumps({"mcpServers": {"box": {"command": "docker", **entry}}})
    (found,) = workspace.parse_pasted(text)["entries"]
    assert found["entry"]["command"] == entry.get("command", "docker"), "it may stay as it is"
    return found["managed"]


def test_a_pasted_docker_run_is_offered_as_a_managed_container(
    root: Path, workspace: WorkspaceManager
) -> None:
    (root / "data").mkdir()
    (found,) = workspace.parse_pasted("docker run -i --rm -v ./data:/data:ro -e KEY mcp/files /data")[
        "entries"
    ]
    assert found["command"] == "docker run -i --rm -v ./data:/data:ro -e KEY mcp/files /data"
    assert found["managed"] == {
        "entry": {
            "image": "mcp/files",
            "network": "bridge",
            "args": ["/data"],
            "env": {"KEY": "${KEY}"},
            "mounts": [{"source": "./data", "target": "/data"}],
        },
        "command": "docker run -i --env KEY=${KEY} --volume ./data:/data:ro --network bridge mcp/files /data",
        "looser": ['It has a network ("bridge"): it can send what it sees.'],
    }
    assert workspace.mcp_entries() == [], "nothing was added"


def test_only_a_mount_that_leads_out_of_the_project_is_called_outside(
    root: Path, workspace: WorkspaceManager, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (root / "way-out").symlink_to(elsewhere)
    mounts = ["${workspaceFolder}/data:/a", f"{root}/data:/b:ro", "./way-out:/c:ro", f"{elsewhere}:/d:ro"]
    args = ["run", "--network=none", *(word for mount in mounts for word in ("-v", mount)), "mcp/x"]
    found = offered(workspace, args=args)
    assert [mount.get("outside", False) for mount in found["entry"]["mounts"]] == [False, False, True, True]
    assert found["looser"] == [
        'It may change what is in "./data".',
        'It sees "./way-out", outside the project.',
        f'It sees "{elsewhere}", outside the project.',
    ]


def test_what_else_the_entry_says_is_kept(workspace: WorkspaceManager) -> None:
    more = {"disabled": True, "timeout": 90, "sharing": "session", "note": "ours"}
    found = offered(
        workspace, args=["run", "-e", "A", "mcp/x"], env={"A": "${secret:A}", "B": "of the client"}, **more
    )
    assert found["entry"] == {"image": "mcp/x", "network": "bridge", "env": {"A": "${secret:A}"}, **more}
    assert "It is given your stored secret A." in found["looser"]


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "uvx", "args": ["run", "mcp/x"]},
        {"args": ["compose", "up"]},
        {"args": ["run", "--privileged", "mcp/x"]},
        {"args": ["run", "--network", "host", "mcp/x"]},
        {"args": ["run", "-v", "~/data:/data", "mcp/x"]},
        {"args": ["run", "-v", "$PWD:/data", "mcp/x"]},
        {"args": ["run", "-v", "./data:/data", "mcp/x"], "cwd": "/srv"},
        {"args": ["run", "--cap-add", "ALL", "mcp/x"]},
        {"args": ["run", "mcp/x"], "env": {"DOCKER_HOST": "tcp://example.org:2375"}},
        {"args": ["run", "mcp/x"], "envFile": ".env"},
        {"args": ["run", "mcp/x"], "limits": {"memory_mb": 64}},
    ],
    ids=lambda entry: " ".join(map(str, entry.values())),
)
def test_what_can_not_be_kept_whole_is_not_offered(workspace: WorkspaceManager, entry: Any) -> None:
    assert offered(workspace, **entry) is None


def test_a_podman_command_is_offered_too(workspace: WorkspaceManager) -> None:
    assert offered(workspace, command="/usr/bin/podman", args=["run", "mcp/x"])["entry"]["image"] == "mcp/x"
