"""Two things at once: ends, starts and deletes that meet leave nothing behind and no one with a dead service."""

from __future__ import annotations

import asyncio
import json

import pytest

from mandrake_jupyter.errors import Unavailable
from mandrake_jupyter.sessions.session import SessionCoordinator
from tests.support.mcp_leaks import eventually
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn

from .conftest import Api
from .test_lifecycle import HELLO, RAW, parked, say
from .test_mcp import SERVERS, add


async def test_a_deleted_chat_is_attached_to_no_mcp_server(api: Api) -> None:
    await add(api, "raw", RAW)
    session = await api.session()
    await say(api, session, HELLO)
    assert (await api("GET", f"{SERVERS}/raw"))["connections"] == 1
    await api("DELETE", session)
    assert (await api("GET", f"{SERVERS}/raw"))["connections"] == 0


async def test_a_delete_that_fails_leaves_no_answer_at_work_behind(
    model: ScriptedOpenAI, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.script = [Turn(tokens=["a", "b"], gates={1: asyncio.Event()})]
    session = await api.session()
    answering = asyncio.ensure_future(say(api, session))
    await eventually(lambda: model.chats)

    async def broken(self: SessionCoordinator, by: str) -> None:
        raise Unavailable("The store is locked.")

    monkeypatch.setattr(SessionCoordinator, "end", broken)
    assert (await api.error("DELETE", session))[0] == 503
    assert (await answering)["error"]["code"] == "interrupted"
    assert not api.registry.busy
    assert len(await api("GET", f"{session}/messages")) == 2


async def test_a_chat_that_opens_while_its_project_is_released_by_force_has_a_living_project(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await api.session()
    own = (await api("GET", session))["workspace_id"], session.rsplit("/", 1)[-1]
    await add(api, "raw", RAW)
    opening, go_on = asyncio.Event(), asyncio.Event()
    opened = SessionCoordinator.open

    async def slow(self: SessionCoordinator) -> None:
        opening.set()
        await go_on.wait()
        await opened(self)

    monkeypatch.setattr(SessionCoordinator, "open", slow)
    asked = asyncio.ensure_future(api.registry.get_session_coordinator(*own))
    await opening.wait()
    await api("POST", "workspaces/default/release?force=true")
    go_on.set()
    await asyncio.wait({asked})
    assert (await say(api, session, HELLO))["parts"][0]["status"] == "done"


async def test_who_waits_for_a_queued_answer_whose_chat_is_put_away_is_told_that_it_goes_on_later(
    model: ScriptedOpenAI, api: Api
) -> None:
    await add(api, "raw", RAW)
    model.script = [Turn(calls=[Call("raw__add", {"a": 1, "b": 2})])]
    session = await api.session()
    run = await api("POST", f"{session}/messages", {"content": "when?"})
    await parked(api, f"{session}/runs/{run['id']}")
    queued = asyncio.ensure_future(api.raw("POST", f"{session}/messages", {"content": "and then?"}))
    chats = api.registry.opened.chats.entries
    await eventually(lambda: any(entry.leases.connections for entry in chats.values()))
    await api("POST", f"{session}/release?force=true")
    answer = await queued
    assert (answer.code, json.loads(answer.body)["state"]) == (202, "queued")


async def test_a_look_at_the_health_opens_no_project(api: Api) -> None:
    await api.session()
    assert await api.registry.health.ready()
    assert {w["phase"] for w in await api("GET", "workspaces")} == {"new"}


async def test_a_stateful_mcp_server_is_the_last_to_make_room(api: Api) -> None:
    await api("PATCH", "limits", {"mcp_servers": 2})
    await add(api, "keeps", {**RAW, "stateful": True})
    for name in ("one", "two"):
        await add(api, name, RAW)
    for name in ("keeps", "one", "two"):
        await api("POST", f"{SERVERS}/{name}/start")
    phases = {m["name"]: m["phase"] for m in await api("GET", SERVERS)}
    assert (phases["keeps"], phases["one"], phases["two"]) == ("ready", "stopped", "ready")
    await api("PATCH", "limits", {"mcp_servers": 1})
    await eventually(lambda: len(api.registry.opened.servers.alive()) == 1)
    assert (await api("GET", f"{SERVERS}/keeps"))["phase"] == "ready"
