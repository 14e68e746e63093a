"""Chats and MCP servers as resources: limited, culled, put away, and whole again at their next use."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.registry.pressure import Memory
from tests.registry.pools import Clock
from tests.support.mcp_leaks import eventually
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn

from .conftest import Api
from .test_mcp import SERVERS, add, running

#: Quick to start.
RAW = {
    "command": sys.executable,
    "args": ["-S", str(Path(__file__).parent.parent / "support" / "mcp_raw.py")],
}
LIST = "/tool jupyter list_files"
HELLO = "/tool raw hello"


@pytest.fixture
def clock(api: Api) -> Clock:
    """The registry's; it moves only when told."""
    api.registry.clock = Clock()
    return api.registry.clock


async def say(api: Api, session: str, content: str = "hi") -> Any:
    return await api("POST", f"{session}/messages", {"content": content})


async def parked(api: Api, run: str) -> None:
    """Until the run waits for a person."""
    async with asyncio.timeout(60):
        while (await api("GET", run))["state"] != "awaiting_approval":
            pass


async def test_a_culled_chat_comes_back_whole(model: ScriptedOpenAI, api: Api, clock: Clock) -> None:
    model.script = [Turn(tokens=["one"]), Turn(tokens=["two"])]
    session = await api.session()
    await say(api, session)
    before = await api("GET", f"{session}/messages")
    clock.now += 1801
    report = await api("POST", "cleanup")
    assert [(told["kind"], told["why"]) for told in report["culled"]] == [("session", "idle")]
    told = await api("GET", session)
    assert (told["phase"], told["reason"], told["idle_seconds"]) == (
        "stopped",
        "It was not used for 1801 s.",
        None,
    )
    assert await api("GET", f"{session}/messages") == before
    assert (await api("GET", session))["phase"] == "stopped"  # reading opens no chat
    assert (await say(api, session))["parts"][0]["content"] == "two"
    assert [m["content"] for m in model.chats[1]["messages"] if m["role"] == "assistant"] == ["one"]


async def test_a_chat_tells_when_it_is_put_away_and_keeps_a_timeout_of_its_own(
    api: Api, clock: Clock
) -> None:
    session = await api.session()
    assert (await api("GET", session))["culls_at"] is None
    await say(api, session, LIST)
    told = await api("GET", session)
    assert (told["phase"], told["idle_seconds"], told["culls_at"][-1]) == ("ready", 0, "Z")
    told = await api("PATCH", session, {"cull_idle_timeout": 0})
    assert (told["cull_idle_timeout"], told["culls_at"]) == (0, None)
    clock.now += 1_000_000
    [kept] = (await api("POST", "cleanup?dry_run=true"))["kept"]
    assert kept["why"] == "never"
    for wrong in (-1, True, "1", 1.5, 10**12):
        status, body = await api.error("PATCH", session, {"cull_idle_timeout": wrong})
        assert (status, "cull_idle_timeout" in body["message"]) == (400, True)


async def test_a_chat_with_a_waiting_approval_is_culled_and_goes_on_after_it(
    model: ScriptedOpenAI, api: Api, clock: Clock
) -> None:
    await add(api, "raw", RAW)
    model.script = [Turn(calls=[Call("raw__add", {"a": 1, "b": 2})]), Turn(tokens=["3."])]
    session = await api.session()
    run = await api("POST", f"{session}/messages", {"content": "when?"})
    await parked(api, f"{session}/runs/{run['id']}")
    message = {"content": HELLO}
    queued = await api("POST", f"{session}/messages", message, headers={"Prefer": "respond-async"})
    assert queued["state"] == "queued"
    watching = asyncio.ensure_future(api.events("GET", f"{session}/runs/{run['id']}/events"))
    chats = api.registry.opened.chats.entries
    await eventually(lambda: any(entry.leases.connections for entry in chats.values()))
    clock.now += 1801
    assert (await api.registry.session_culler.sweep()).culled == []
    api.registry.session_culler.cull_connected = True
    assert len((await api.registry.session_culler.sweep()).culled) == 1
    seen = await watching
    assert seen[-1]["type"] == "toolCall"  # the stream ended, the answer did not
    waiting = await api("GET", f"{session}/messages")
    assert [m["status"] for m in waiting] == ["complete", "waiting", "queued", "queued"]
    [call] = [part["call_id"] for part in waiting[1]["parts"] if part["type"] == "tool"]
    await api("POST", f"{session}/runs/{run['id']}/approvals/{call}", {"decision": "once"})
    events = await api.events("GET", f"{session}/runs/{queued['id']}/events")
    assert events[-1]["type"] == "complete"
    assert [m["status"] for m in await api("GET", f"{session}/messages")] == ["complete"] * 4


async def test_a_culled_mcp_server_starts_again_at_its_next_call(api: Api, clock: Clock) -> None:
    await add(api, "raw", RAW)
    session = await api.session()
    await say(api, session, HELLO)
    assert (await api("GET", f"{SERVERS}/raw"))["connections"] == 1
    clock.now += 1801
    dry = await api("POST", "cleanup?dry_run=true")
    assert [told["kind"] for told in dry["culled"]] == [
        "session",
        "mcp_server",
    ]  # the chat it serves goes first
    assert running("mcp_raw")
    real = await api("POST", "cleanup")
    assert (real["culled"], real["kept"]) == (dry["culled"], dry["kept"])
    assert running("mcp_raw") == []
    told = await api("GET", f"{SERVERS}/raw")
    assert (told["phase"], told["reason"], told["connections"]) == (
        "stopped",
        "It was not used for 1801 s.",
        0,
    )
    assert (await say(api, session, HELLO))["parts"][0]["status"] == "done"
    assert running("mcp_raw")


async def test_an_open_chat_keeps_the_mcp_servers_it_used_unless_told(api: Api, clock: Clock) -> None:
    await add(api, "raw", RAW)
    session = await api.session()
    await say(api, session, HELLO)
    clock.now += 1801
    await say(api, session, LIST)
    kept = {told["kind"]: told["why"] for told in (await api("POST", "cleanup"))["kept"]}
    assert kept == {"session": "recent", "mcp_server": "connected"}
    api.registry.mcp_server_culler.cull_connected = True
    assert [told["id"] for told in (await api("POST", "cleanup"))["culled"]] == ["raw"]


async def test_a_stateful_mcp_server_stays(api: Api, clock: Clock) -> None:
    await add(api, "raw", {**RAW, "stateful": True})
    await api("POST", f"{SERVERS}/raw/start")
    clock.now += 1_000_000
    [kept] = (await api("POST", "cleanup"))["kept"]
    assert (kept["id"], kept["why"]) == ("raw", "never")
    status, body = await api.error("POST", SERVERS, {"name": "x", "entry": {**RAW, "cull_idle_timeout": -1}})
    assert (status, "0 for never" in body["message"]) == (400, True)


async def test_limits_are_told_changed_and_hold_at_once(model: ScriptedOpenAI, api: Api) -> None:
    first, second = await api.session(), await api.session()
    for session in (first, second):
        await say(api, session, LIST)
    limits = await api("GET", "limits")
    assert limits["sessions"] == {
        "limit": 100,
        "in_use": 2,
        "busy": 0,
        "trait": "ServiceRegistry.max_sessions",
    }
    assert list(limits) == ["sessions", "workspaces", "mcp_servers", "containers", "runs", "streams"]
    changed = await api("PATCH", "limits", {"sessions": 1, "streams": 7})
    assert (changed["sessions"]["limit"], changed["streams"]["limit"]) == (1, 7)
    await eventually(lambda: len(api.registry.opened.chats.entries) == 1)
    told = await api("GET", first)
    assert (told["phase"], told["reason"]) == (
        "stopped",
        "More than 1 were open; it was unused for the longest time.",
    )


IMPOSSIBLE: list[tuple[Any, str]] = [
    ({"chats": 3}, "No limit is named 'chats'; there are: sessions"),
    ({"sessions": -1}, "sessions must be a whole number from 1"),
    ({"sessions": 0}, "sessions must be a whole number from 1"),
    ({"sessions": "3"}, "sessions must be a whole number"),
    ({"sessions": True}, "sessions must be a whole number"),
    ({"sessions": 5, "streams": -1}, "streams must be a whole number"),
    ({}, "Name a limit to change"),
]


async def test_an_impossible_limit_is_refused_and_nothing_is_changed(api: Api) -> None:
    for body, said in IMPOSSIBLE:
        status, error = await api.error("PATCH", "limits", body)
        assert (status, said in error["message"]) == (400, True), error
        assert api.registry.max_sessions == 100


async def test_when_all_chats_are_in_use_the_next_is_refused_by_name(model: ScriptedOpenAI, api: Api) -> None:
    gate = asyncio.Event()
    model.script = [Turn(tokens=["a", "b"], gates={1: gate})]
    await api("PATCH", "limits", {"sessions": 1})
    busy, other = await api.session(name="Long one"), await api.session()
    answering = asyncio.ensure_future(say(api, busy))
    await eventually(lambda: model.chats)
    response = await api.raw("POST", f"{other}/messages", {"content": LIST}, raise_error=False)
    assert (response.code, response.headers["Retry-After"]) == (429, "5")
    assert '"Long one"' in json.loads(response.body)["message"]
    gate.set()
    await answering
    assert (await say(api, other, LIST))["status"] == "complete"


async def test_when_all_answers_are_at_work_the_next_message_is_refused_and_not_kept(
    model: ScriptedOpenAI, api: Api
) -> None:
    gate = asyncio.Event()
    model.script = [Turn(tokens=["a", "b"], gates={1: gate}), Turn(tokens=["c"])]
    await api("PATCH", "limits", {"runs": 1})
    busy, other = await api.session(name="Long one"), await api.session()
    answering = asyncio.ensure_future(say(api, busy))
    await eventually(lambda: model.chats)
    status, body = await api.error("POST", f"{other}/messages", {"content": "hi"})
    assert (status, body["code"], '"Long one"' in body["message"]) == (429, "too_many", True)
    assert await api("GET", f"{other}/messages") == []
    gate.set()
    await answering
    assert (await say(api, other))["status"] == "complete"


async def test_streams_are_counted_and_refused_at_their_limit(model: ScriptedOpenAI, api: Api) -> None:
    gate = asyncio.Event()
    model.script = [Turn(tokens=["a", "b"], gates={1: gate})]
    await api("PATCH", "limits", {"streams": 1})
    session = await api.session()
    watching = asyncio.ensure_future(api.events("POST", f"{session}/messages", {"content": "hi"}))
    await eventually(lambda: api.registry.streams.holders)
    response = await api.raw(
        "POST",
        f"{session}/messages",
        {"content": "no"},
        headers={"Accept": "application/x-ndjson"},
        raise_error=False,
    )
    assert response.code == 429
    gate.set()
    await watching
    assert len(await api("GET", f"{session}/messages")) == 2
    assert (await api("GET", "limits"))["streams"]["in_use"] == 0


async def test_at_the_limit_of_mcp_servers_the_unused_longest_makes_room(api: Api, clock: Clock) -> None:
    await api("PATCH", "limits", {"mcp_servers": 1})
    for name in ("one", "two"):
        await add(api, name, RAW)
    for name in ("one", "two"):
        await api("POST", f"{SERVERS}/{name}/call", {"tool": "hello"})
    assert {m["name"]: m["phase"] for m in await api("GET", SERVERS) if m["transport"] == "stdio"} == {
        "one": "stopped",
        "two": "ready",
    }


async def test_a_release_puts_a_chat_away_and_a_busy_one_only_by_force(
    model: ScriptedOpenAI, api: Api
) -> None:
    model.script = [Turn(tokens=["a", "b"], gates={1: asyncio.Event()})]
    session = await api.session()
    assert (await api("POST", f"{session}/release"))["released"] is False
    answering = asyncio.ensure_future(say(api, session))
    await eventually(lambda: model.chats)
    status, body = await api.error("POST", f"{session}/release")
    assert (status, body["code"], body["message"]) == (409, "busy", 'The chat "hi" is in use.')
    assert (await api("POST", f"{session}/release?force=true"))["released"] is True
    answer = await answering
    assert (answer["status"], answer["error"]["code"]) == ("failed", "interrupted")
    assert "its chat was shut down" in answer["error"]["message"]
    assert (await api("GET", session))["phase"] == "stopped"


async def test_a_project_is_released_with_its_chats_and_mcp_servers(api: Api) -> None:
    await add(api, "raw", RAW)
    session = await api.session()
    await say(api, session, HELLO)
    own = session.rsplit("/", 1)[-1]
    freed = (await api("POST", "workspaces/default/release"))["freed"]
    assert [line.split()[0] for line in freed] == ["session", "mcp_server", "workspace"]
    assert freed[0] == f"session {own}"
    assert running("mcp_raw") == []
    assert (await api("POST", "workspaces/default/release")) == {"released": False, "freed": []}
    assert (await say(api, session, HELLO))["parts"][0]["status"] == "done"


async def test_projects_below_a_configured_root_are_found_and_the_least_used_makes_room(
    api: Api, tmp_path: Path, clock: Clock
) -> None:
    for name in ("one", "two"):
        (tmp_path / "all" / name / ".mandrake").mkdir(parents=True)
    (tmp_path / "all" / "plain").mkdir()
    api.registry.workspace_roots = [str(tmp_path / "all")]
    found = {w["name"]: w for w in await api("GET", "workspaces")}
    assert {"one", "two"} <= set(found)
    assert "plain" not in found
    await api("PATCH", "limits", {"workspaces": 1})
    for name in ("one", "two"):
        await api("GET", f"workspaces/{found[name]['id']}/mcp-servers")
        clock.now += 1
    phases = {w["name"]: w["phase"] for w in await api("GET", "workspaces")}
    assert (phases["one"], phases["two"]) == ("stopped", "ready")
    assert (await api.error("GET", "workspaces/nobody/mcp-servers"))[0] == 404


async def test_short_memory_ends_an_unused_mcp_server_however_recent(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(api, "raw", RAW)
    await api("POST", f"{SERVERS}/raw/start")
    monkeypatch.setattr("mandrake_jupyter.registry.opened.memory", lambda: Memory(960, 1000))
    dry = await api("POST", "cleanup?dry_run=true")
    assert [(told["id"], told["why"]) for told in dry["culled"]] == [("raw", "memory")]
    assert "it held" in dry["culled"][0]["reason"]
    api.registry.mcp_server_culler.cull_memory_percent = 0
    assert (await api("POST", "cleanup"))["culled"] == []
