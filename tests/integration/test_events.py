"""The stream of all happenings, over a real Jupyter server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from mandrake_jupyter.lifecycle.announce import Changed, Moved
from mandrake_jupyter.lifecycle.phases import Phase
from mandrake_jupyter.registry.events import schema_id
from tests.support.mcp_leaks import eventually
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api

MOVED = Moved("mcp_server", "w", "time", Phase.STARTING, Phase.READY, "", 0.25)


async def test_events_arrive_as_they_happen_and_end_with_the_server(api: Api) -> None:
    hub = api.registry.hub
    seen: list[dict[str, Any]] = []
    async for event in api.stream("GET", "events"):
        seen.append(event)
        if event["type"] == "hello":
            hub.announce(MOVED)
        else:
            hub.close()
    hello, moved = seen
    assert (hello["reset"], hello["instance"]) == (True, hub.instance)
    assert {**moved, "time": ""} == {
        "type": "moved",
        "seq": hello["seq"] + 1,
        "time": "",
        "kind": "mcp_server",
        "workspace_id": "w",
        "id": "time",
        "old": "starting",
        "new": "ready",
        "reason": "",
        "seconds": 0.25,
        "session_id": "",
    }
    status, body = await api.error("GET", "events")
    assert (status, body["code"]) == (503, "unavailable")


async def test_a_reader_goes_on_where_it_was_also_as_sse(api: Api) -> None:
    hub = api.registry.hub
    for number in range(3):
        hub.announce(Changed("session", "w", str(number), "changed"))
    reading = asyncio.ensure_future(
        api.raw("GET", "events", headers={"Accept": "text/event-stream", "Last-Event-ID": "2"})
    )
    while not hub.readers:
        await asyncio.sleep(0)
    hub.close()
    frames = (await reading).body.decode().split("\n\n")
    assert frames[0].startswith("id: 2\nevent: hello\ndata: {")
    assert frames[1].startswith("id: 3\nevent: changed\ndata: {")
    assert json.loads(frames[1].split("data: ")[1])["id"] == "2"
    assert frames[2:] == [""]


async def test_watching_starts_nothing_and_is_no_activity(api: Api, jp_serverapp: Any) -> None:
    settings = jp_serverapp.web_app.settings
    before = settings.get("api_last_activity")
    reading = asyncio.ensure_future(api.raw("GET", "events"))
    while not api.registry.hub.readers:
        await asyncio.sleep(0)
    api.registry.hub.close()
    await reading
    assert settings.get("api_last_activity") == before
    assert not api.registry.started


async def test_a_number_that_is_none_is_refused_in_words(api: Api) -> None:
    status, body = await api.error("GET", "events?after=-1")
    assert (status, body["message"]) == (400, "after must be a whole number, not '-1'.")


async def test_what_happens_to_a_chat_is_told(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [Turn(tokens=["one ", "two"])]
    session = await api.session(name="plans")
    await api("PATCH", session, {"name": "other plans"})
    await api("POST", f"{session}/messages", {"content": "my secret"})
    await api("DELETE", session)
    api.registry.hub.close()
    told = [event async for event in _all(api)]
    chats = [(e["type"], e.get("what") or e.get("state")) for e in told if e.get("kind") != "workspace"]
    assert [pair for pair in chats if pair[0] != "moved"] == [
        ("changed", "created"),
        ("changed", "changed"),
        ("run", "queued"),
        ("run", "calling_model"),
        ("run", "done"),
        ("run_ended", "done"),
        ("changed", "deleted"),
    ]
    assert "secret" not in json.dumps(told)
    assert "plans" not in json.dumps(told)


async def _all(api: Api) -> AsyncIterator[dict[str, Any]]:
    async with aclosing(api.registry.hub.watch(0)) as events:
        async for event in events:
            if event and event["type"] != "hello":
                yield event


async def test_mcp_servers_that_come_and_go_are_told(api: Api) -> None:
    body = {"name": "broken", "entry": {"command": "no-such-command-at-all"}}
    await api("POST", "workspaces/default/mcp-servers", body)
    await api.error("POST", "workspaces/default/mcp-servers/broken/start")
    await api("DELETE", "workspaces/default/mcp-servers/broken")
    api.registry.hub.close()
    told = [e async for e in _all(api) if e.get("kind") == "mcp_server"]
    assert [(e["id"], e.get("what") or e["new"]) for e in told] == [
        ("broken", "created"),
        ("broken", "starting"),
        ("broken", "failed"),
        ("broken", "deleted"),
    ]


async def test_a_listener_of_jupyters_events_hears_of_a_chat(api: Api, jp_serverapp: Any) -> None:
    heard: list[dict[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        heard.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=schema_id("resource"), listener=listen)
    session = await api.session(name="plans")
    await eventually(lambda: heard)  # in a task of its own
    assert heard[0]["action"] == "created"
    assert session.endswith(heard[0]["id"])


async def test_a_stream_beyond_the_limit_is_refused_before_it_begins_anything(
    model: ScriptedOpenAI, api: Api
) -> None:
    model.script = [Turn(tokens=["one"])]
    session = await api.session()
    api.registry.max_open_streams = 1
    reading = asyncio.ensure_future(api.raw("GET", "events"))
    while not api.registry.hub.readers:
        await asyncio.sleep(0)
    for method, path, body in (("GET", "events", None), ("POST", f"{session}/messages", {"content": "hi"})):
        status, error = await api.error(method, path, body, headers={"Accept": "application/x-ndjson"})
        assert (status, error["code"]) == (429, "too_many")
        assert "events" in error["message"]
    assert await api("GET", f"{session}/messages") == []
    api.registry.hub.close()
    await reading
    events = await api.events("POST", f"{session}/messages", {"content": "hi"})
    assert events[-1]["type"] == "complete"
