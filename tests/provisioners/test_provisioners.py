"""What every provisioner promises, and how one is found."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from mandrake_jupyter.errors import MCPError
from mandrake_jupyter.lifecycle.sweep import all_live
from mandrake_jupyter.provisioners.base import LaunchSpec, find_provisioner
from mandrake_jupyter.provisioners.local import LocalProvisioner, remedy
from mandrake_jupyter.provisioners.remote import HTTPProvisioner, SSEProvisioner

from ..support.mcp_leaks import eventually

RAW = str(Path(__file__).parent.parent / "support" / "mcp_raw.py")


def local(*args: str) -> LocalProvisioner:
    return LocalProvisioner(LaunchSpec("raw", sys.executable, ("-S", RAW, *args)), lambda stream, text: None)


def test_a_provisioner_is_found_by_its_name() -> None:
    assert find_provisioner("local") is LocalProvisioner
    assert find_provisioner("http") is HTTPProvisioner
    assert find_provisioner("sse") is SSEProvisioner
    with pytest.raises(MCPError, match="'moon'; known: http, local, sse"):
        find_provisioner("moon")


async def test_it_runs_once_between_entering_and_leaving() -> None:
    provisioner = local()
    assert (provisioner.pid, provisioner.poll(), provisioner.stats()) == (None, None, {})
    async with provisioner.launch(grace=1):
        assert provisioner.pid
        assert provisioner.poll() is None
        await eventually(lambda: provisioner.stats()["memory_bytes"] > 1_000_000)
        assert not provisioner.ended.is_set()
    assert provisioner.poll() == 0
    assert provisioner.stats() == {}
    assert not provisioner.ended.is_set(), "it was asked to end"


async def test_an_end_nobody_asked_for_is_told() -> None:
    provisioner = local("--exit", "5")
    async with provisioner.launch(grace=1):
        await asyncio.wait_for(provisioner.ended.wait(), 20)
    assert provisioner.poll() == 5


async def test_kill_ends_it_while_its_owner_still_waits() -> None:
    provisioner = local("--mute")
    async with provisioner.launch(grace=60):
        provisioner.kill()
        await asyncio.wait_for(provisioner.ended.wait(), 20)
        await eventually(lambda: provisioner.poll() is not None)
    assert provisioner.poll() == -9


async def test_what_can_not_be_paused_says_so() -> None:
    with pytest.raises(MCPError, match="can't be paused"):
        await local().pause()
    assert not LocalProvisioner.can_pause
    assert await HTTPProvisioner.sweep("nobody", all_live) == 0


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
