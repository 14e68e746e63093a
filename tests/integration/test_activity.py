"""What Jupyter sees of us, in a real server: which requests count, and what is at work."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.mcp_leaks import eventually
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn

from .conftest import Api

RAW = str(Path(__file__).parent.parent / "support" / "mcp_raw.py")
#: What the pages of the UI ask for again and again.
POLLED = [
    "health",
    "health/live",
    "sessions",
    "workspaces",
    "workspaces/default/sessions",
    "workspaces/default/models",
    "workspaces/default/trust",
    "workspaces/default/mcp-servers",
    "mcp-servers",
]


class Host:
    def __init__(self, serverapp: Any) -> None:
        self._app = serverapp

    @property
    def last(self) -> datetime:
        """What JupyterHub and the idle shutdown go by."""
        moment: datetime = self._app.web_app.last_activity()
        return moment

    @property
    def at_work(self) -> bool:
        return bool(self._app.extension_manager.any_activity())


@pytest.fixture
def host(jp_serverapp: Any) -> Host:
    return Host(jp_serverapp)


async def test_what_a_page_polls_is_no_activity(api: Api, host: Host) -> None:
    session = await api.session()
    before = host.last
    for path in [*POLLED, session, f"{session}/messages"]:
        await api("GET", path)
    async for _ in api.stream("GET", "events"):
        break
    assert host.last == before
    assert (await api("PATCH", session, {"name": "Moons"}))["name"] == "Moons"
    assert host.last > before


async def test_a_refused_login_is_no_activity(api: Api, host: Host) -> None:
    await api("GET", "health")
    before = host.last
    for path in ("health", "workspaces/default/sessions"):
        method = "GET" if path == "health" else "POST"
        status, _ = await api.error(method, path, headers={"Authorization": "token wrong"})
        assert status == 403
    assert host.last == before


async def test_an_answer_is_activity_while_it_is_made_and_not_when_it_waits_for_a_person(
    model: ScriptedOpenAI, api: Api, host: Host
) -> None:
    gate = asyncio.Event()
    model.script = [Turn(calls=[Call("raw__add", {"a": 1, "b": 1})], gates={0: gate})]
    entry = {"command": sys.executable, "args": ["-S", RAW]}
    await api("POST", "workspaces/default/mcp-servers", {"name": "raw", "entry": entry})
    session = await api.session()
    assert not host.at_work
    body = {"content": "add"}
    run = await api("POST", f"{session}/messages", body, headers={"Prefer": "respond-async"})
    await model.saw_requests(1)
    assert host.at_work
    began = host.last
    waiting = asyncio.Event()

    async def watch() -> None:
        async for event in api.stream("GET", f"{session}/runs/{run['id']}/events"):
            if event.get("needs_approval"):
                waiting.set()

    watcher = asyncio.create_task(watch())
    try:
        gate.set()
        await waiting.wait()
        await eventually(lambda: not host.at_work)
        asked = host.last
        assert (await api("GET", session))["execution_state"] == "waiting"
        assert host.last == asked >= began, "neither the question nor who watches it is an act of a person"
    finally:
        watcher.cancel()
    assert (await api("GET", "health"))["mcp_servers"] >= 1, "an MCP server that idles keeps nobody up"


async def test_every_event_of_a_posted_stream_counts(model: ScriptedOpenAI, api: Api, host: Host) -> None:
    gate = asyncio.Event()
    model.script = [Turn(tokens=["one ", "two"], gates={1: gate})]
    session = await api.session()
    first: datetime | None = None
    async for event in api.stream("POST", f"{session}/messages", {"content": "hi"}):
        if event["type"] == "token" and first is None:
            first = host.last
            gate.set()
        elif event["type"] == "token":
            assert first is not None
            assert host.last > first


async def test_a_tool_call_over_rest_is_work(api: Api, host: Host, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    entry = {"command": sys.executable, "args": ["-S", RAW], "timeout": 60}
    await api("POST", "workspaces/default/mcp-servers", {"name": "raw", "entry": entry})
    assert not host.at_work
    call = {"tool": "never", "arguments": {"mark": str(mark)}}
    calling = asyncio.create_task(api.error("POST", "workspaces/default/mcp-servers/raw/call", call))
    try:
        await eventually(mark.exists)
        assert host.at_work
        assert api.registry.busy
    finally:
        await api("POST", "workspaces/default/mcp-servers/raw/stop")
        await calling
    await eventually(lambda: not host.at_work)
