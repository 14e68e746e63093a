"""The stream of all happenings, over a real Jupyter server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from mandrake_jupyter.lifecycle.announce import Changed, Moved
from mandrake_jupyter.lifecycle.phases import Phase

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
