"""The real Jupyter server: whose MCP servers it ends at a start, and what it lets its own take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mandrake_jupyter.lifecycle.sweep import MARKER, marker
from mandrake_jupyter.stores.instances import Instances

from ..support.mcp_leaks import eventually
from .conftest import Api
from .test_mcp import SERVERS, add

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="both need Linux")

RAW = str(Path(__file__).parent.parent / "support" / "mcp_raw.py")
ENTRY = {"command": sys.executable, "args": ["-S", RAW], "limits": {"open_files": 77}}


def left_by(owner: str, workspace: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"], env={MARKER: f"{marker(f'{workspace}/raw', owner)}:0"})


async def test_a_start_ends_what_dead_servers_left_and_nothing_of_the_living(api: Api) -> None:
    made = await add(api, "raw", ENTRY)
    opened = api.registry.opened
    assert opened is not None
    other = Instances(Path(api.registry.data_dir) / "instances")
    other.hold()
    own = opened.services.instances.own
    dead, living, mine = (
        left_by(owner, made["workspace_id"]) for owner in ("no-such-instance", other.own, own)
    )
    try:
        pid = (await api("POST", f"{SERVERS}/raw/start"))["pid"]
        await eventually(lambda: dead.poll() is not None)
        assert (living.poll(), mine.poll()) == (None, None)
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert [line.split()[3:5] for line in limits.splitlines() if "open files" in line] == [["77", "77"]]
        environ = Path(f"/proc/{pid}/environ").read_bytes().decode()
        place = made["workspace_id"] + "/raw"
        assert f"{MARKER}={marker(place, own)}:" in environ
    finally:
        for process in (dead, living, mine):
            process.kill()
            process.wait()
        other.release()
