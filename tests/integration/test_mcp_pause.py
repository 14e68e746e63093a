"""MCP servers in containers over REST: paused, resumed, and what readiness says of an engine that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.containers.conftest import PYTHON
from tests.containers.conftest import engine as engine
from tests.containers.conftest import sweeping as sweeping

from .conftest import Api
from .test_mcp import add
from .test_mcp_health import ENTRY, RAW, SERVERS

BOX = {
    "image": PYTHON,
    "pull": "never",
    "args": ["-S", "/mcp/mcp_raw.py"],
    "mounts": [{"source": str(Path(RAW).parent), "target": "/mcp", "outside": True}],
}


@pytest.mark.usefixtures("sweeping")
async def test_a_container_is_paused_and_resumed_and_a_process_is_not(api: Api) -> None:
    await add(api, "box", BOX)
    status, error = await api.error("POST", f"{SERVERS}/box/pause")
    assert (status, error["code"]) == (409, "conflict")
    ready = await api("POST", f"{SERVERS}/box/start")
    assert ready["pauses_at"] < ready["culls_at"]
    paused = await api("POST", f"{SERVERS}/box/pause")
    assert (paused["phase"], paused["pauses_at"]) == ("paused", None)
    assert (await api("GET", f"{SERVERS}/box/health"))["status"] == "asleep"
    assert (await api("GET", f"{SERVERS}/box"))["phase"] == "paused", "a look wakes nobody"
    assert (await api("POST", f"{SERVERS}/box/resume"))["phase"] == "ready"
    await api("POST", f"{SERVERS}/box/pause")
    answer = await api("POST", f"{SERVERS}/box/call", {"tool": "add", "arguments": {"a": 1, "b": 2}})
    assert answer["content"] == "3"
    api.registry.mcp_server_culler.cull_pause_timeout = 0.001
    report = await api("POST", "cleanup?dry_run=true")
    assert [(told["name"], told["why"]) for told in report["paused"]] == [("box", "pause")]
    await api("POST", "cleanup")
    assert (await api("GET", f"{SERVERS}/box"))["phase"] == "paused"
    await api("POST", f"{SERVERS}/box/stop")
    await add(api, "raw", ENTRY)
    await api("POST", f"{SERVERS}/raw/start")
    for action in ("pause", "resume"):
        status, error = await api.error("POST", f"{SERVERS}/ghost/{action}")
        assert (status, error["code"]) == (404, "mcp_server_not_found")
    status, error = await api.error("POST", f"{SERVERS}/raw/pause")
    assert (status, error["code"]) == (409, "conflict")


async def test_readiness_speaks_of_docker_only_where_it_is_needed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    await add(api, "raw", ENTRY)

    async def codes() -> list[str]:
        found = await api.registry.health.findings()
        return [one.code for one in found]

    assert "docker_off" not in await codes()
    await add(api, "box", BOX)
    assert "docker_off" in await codes()
    status, error = await api.error("POST", f"{SERVERS}/box/start")
    assert (status, error["code"]) == (502, "docker_off")
    assert "mcp_server_failed" not in await codes()
