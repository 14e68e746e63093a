"""What is told of a program that is not there, and what may not be shown of one that is."""

from __future__ import annotations

import pytest

from mandrake_jupyter.provisioners.base import LaunchSpec
from mandrake_jupyter.provisioners.local import remedy


def test_secrets_are_not_in_the_repr() -> None:
    spec = LaunchSpec(
        "x", "cmd", ("--key", "s3cret"), env={"K": "s3cret"}, url="s3cret", headers={"A": "s3cret"}
    )
    assert "s3cret" not in repr(spec)


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("npx", "Node.js"),
        ("/usr/bin/uvx", "pip install uv"),
        ("docker", "Install Docker"),
        ("mcp-server-git", "pip install mcp-server-git"),
        ("./run.sh", "Check the path"),
        ("thing", "full path"),
    ],
)
def test_a_missing_command_has_a_remedy(command: str, part: str) -> None:
    assert part in remedy(command)
