"""How an MCP server is, and how one would be that is not configured yet, over REST."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.registry.pools import Clock
from tests.support.mcp_leaks import eventually

from .conftest import Api
from .test_mcp import add, running
from .test_mcp_sharing import processes

RAW = str(Path(__file__).parents[1] / "support" / "mcp_raw.py")
ENTRY = {"command": sys.executable, "args": ["-S", RAW]}
SERVERS = "workspaces/default/mcp-servers"


async def test_health_fails_recovers_and_never_wakes(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(api, "raw", ENTRY)
    assert (await api("GET", f"{SERVERS}/raw/health"))["status"] == "asleep"
    assert running("mcp_raw") == []
    model = await api("POST", f"{SERVERS}/raw/start")
    before = (await api("GET", f"{SERVERS}/raw"))["last_activity"]
    assert (await api("GET", f"{SERVERS}/raw/health"))["status"] == "ok"
    os.kill(model["pid"], signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr("mandrake_jupyter.servers.health.TIMEOUT", 0.3)
        found = await api("GET", f"{SERVERS}/raw/health")
    os.kill(model["pid"], signal.SIGCONT)
    assert (found["status"], found["alive"], found["answers"]) == ("failing", True, False)
    assert (await api("GET", f"{SERVERS}/raw"))["last_activity"] == before
    assert (await api("GET", f"{SERVERS}/jupyter/health"))["status"] == "ok"
    status, error = await api.error("GET", f"{SERVERS}/ghost/health")
    assert (status, error["code"]) == (404, "mcp_server_not_found")


async def test_health_opens_no_project(api: Api) -> None:
    (api.root / ".mcp.json").write_text(json.dumps({"mcpServers": {"raw": ENTRY}}))
    assert (await api("GET", f"{SERVERS}/raw/health"))["status"] == "untrusted"
    assert api.registry.opened is not None
    assert not api.registry.opened.projects.entries


async def test_a_crash_loop_says_when_to_come_back(api: Api) -> None:
    api.registry.clock = Clock()  # stands still: the wait is not over before it was looked at
    await add(api, "raw", ENTRY)
    for _ in range(2):
        status, _ = await api.error("POST", f"{SERVERS}/raw/call", {"tool": "die"})
        assert status == 502
    status, error = await api.error("POST", f"{SERVERS}/raw/call", {"tool": "pid"})
    assert (status, error["retryable"]) == (503, True)
    assert 0 < error["retry_after"] <= 1
    assert "ended by itself with code 1" in error["message"]
    model = await api("GET", f"{SERVERS}/raw")
    assert (model["crashes"], model["restarts"], model["phase"]) == (2, 1, "failed")
    assert (await api("POST", f"{SERVERS}/raw/start"))["phase"] == "ready", "a person does not wait"


async def test_an_entry_is_tried_out_and_nothing_is_written_or_left(api: Api) -> None:
    found = await api("POST", f"{SERVERS}/test", {"name": "raw", "entry": ENTRY})
    assert (found["ok"], "add" in [tool["name"] for tool in found["tools"]]) == (True, True)
    bad = {"command": sys.executable, "args": ["-S", RAW, "--exit", "3"]}
    found = await api("POST", f"{SERVERS}/test", {"name": "raw", "entry": bad})
    assert (found["ok"], found["error"]["code"]) == (False, "mcp_exited_at_start")
    assert "line 7" in [line["text"] for line in found["log"]]
    assert running("mcp_raw") == []
    assert not (api.root / ".mandrake").exists()
    assert [one["name"] for one in await api("GET", SERVERS)] == ["jupyter"]


NO_ENTRIES: list[dict[str, Any]] = [
    {},
    {"name": "a b", "entry": ENTRY},
    {"name": "jupyter", "entry": ENTRY},
    {"name": "raw"},
    {"name": "raw", "entry": 7},
    {"name": "raw", "entry": {"command": "x", "url": "http://y"}},
]


async def test_what_is_no_entry_is_refused(api: Api) -> None:
    for body in NO_ENTRIES:
        status, error = await api.error("POST", f"{SERVERS}/test", body)
        assert (status, error["code"]) == (400, "bad_request")


async def test_a_trial_takes_a_place_as_any_other(api: Api) -> None:
    await add(api, "raw", ENTRY)
    await api("PATCH", "limits", {"mcp_servers": 1})
    mark = api.root / "mark"
    call = {"tool": "never", "arguments": {"mark": str(mark)}}
    working = asyncio.create_task(api("POST", f"{SERVERS}/raw/call", call))
    await eventually(mark.exists)
    status, error = await api.error("POST", f"{SERVERS}/test", {"name": "other", "entry": ENTRY})
    assert (status, error["code"]) == (429, "too_many")
    assert len(processes()) == 1
    await api("POST", f"{SERVERS}/raw/stop")
    with pytest.raises(Exception, match="502"):
        await working


async def test_a_client_that_leaves_ends_the_trial(api: Api) -> None:
    mute = {"command": sys.executable, "args": ["-S", RAW, "--mute"], "startTimeout": 60}
    body = {"name": "raw", "entry": mute}
    with pytest.raises(Exception, match=r"[Tt]imeout"):
        await api("POST", f"{SERVERS}/test", body, request_timeout=2)
    await eventually(lambda: running("mcp_raw") == [])


async def test_one_of_the_name_test_is_looked_at_and_removed_as_any_other(api: Api) -> None:
    await add(api, "test", ENTRY)
    assert (await api("GET", f"{SERVERS}/test"))["name"] == "test"
    assert (await api("POST", f"{SERVERS}/test/start"))["phase"] == "ready"
    assert (await api("GET", f"{SERVERS}/test/health"))["status"] == "ok"
    assert (await api.raw("DELETE", f"{SERVERS}/test")).code == 204
    assert running("mcp_raw") == []
