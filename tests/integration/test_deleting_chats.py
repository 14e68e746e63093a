"""Chats deleted over REST, whatever they are at: nothing is left, readers hear of one end, an undo brings them back."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from mandrake_jupyter.stores import tables
from mandrake_jupyter.values import utcnow
from tests.support.scripted_openai import Call, ScriptedOpenAI, Turn

from .conftest import Api

ECHO = {"command": sys.executable, "args": [str(Path(__file__).parents[1] / "support" / "mcp_echo.py")]}
TERMINAL = ("complete", "error", "cancelled")


async def rows(api: Api, *, without: frozenset[str] = frozenset({"workspaces", "chores"})) -> dict[str, int]:
    """How many rows each table has."""
    services = await api.registry.initialize_services()
    async with services.database.read() as db:
        return {
            name: (await db.execute(select(func.count()).select_from(table))).scalar_one()
            for name, table in tables.metadata.tables.items()
            if name not in without
        }


def left_in_memory(api: Api, session: str) -> list[str]:
    opened = api.registry.opened
    assert opened is not None
    names = [task.get_name() for task in asyncio.all_tasks()]
    return [
        *(f"chat {key}" for key in opened.chats.entries if key.session_id in session),
        *(f"slot {name}" for name in api.registry.slots.holders),
        *(f"stream {name}" for name in api.registry.streams.holders),
        *(f"task {name}" for name in names if name.startswith("run")),
    ]


async def test_a_chat_that_streams_waits_or_has_a_queue_is_deleted_whole(
    model: ScriptedOpenAI, api: Api
) -> None:
    """One answer is at work, two messages wait behind it, and each has two readers."""
    model.script = [Turn(tokens=["first ", "second"], gates={1: asyncio.Event()})]
    session = await api.session()
    runs = []
    for content in ("hi", "and", "then"):
        answered = await api.raw(
            "POST", f"{session}/messages", {"content": content}, headers={"Prefer": "respond-async"}
        )
        runs.append(answered.headers["Location"].rsplit("/", 1)[1])
    readers = [
        asyncio.ensure_future(api.events("GET", f"{session}/runs/{run}/events")) for run in runs for _ in "ab"
    ]
    async for event in api.stream("GET", f"{session}/runs/{runs[0]}/events"):
        if event["type"] == "token":
            break
    assert (await api.raw("DELETE", session)).code == 204
    async with asyncio.timeout(60):
        heard = await asyncio.gather(*readers)
    assert [[e["type"] for e in events if e["type"] in TERMINAL] for events in heard] == [["cancelled"]] * 6
    assert not {name: count for name, count in (await rows(api)).items() if count}
    assert left_in_memory(api, session) == []
    await model.saw_disconnect()
    assert (await api.error("GET", f"{session}/messages"))[1]["code"] == "session_not_found"
    assert session.rsplit("/", 1)[1] not in [chat["id"] for chat in await api("GET", "sessions")]


async def test_a_chat_that_waits_for_a_person_is_deleted_with_its_question(
    model: ScriptedOpenAI, api: Api
) -> None:
    await api("POST", "workspaces/default/mcp-servers", {"name": "echo", "entry": ECHO})
    await api("GET", "workspaces/default/mcp-servers/echo/tools")
    model.script = [Turn(calls=[Call("echo__add", {"a": 1, "b": 2})])]
    session = await api.session()
    seen: list[str] = []
    async for event in api.stream("POST", f"{session}/messages", {"content": "run it"}):
        seen.append(event["type"])
        if event["type"] == "toolCall":
            assert event["needs_approval"]
            assert (await api.raw("DELETE", session)).code == 204
    assert [kind for kind in seen if kind in TERMINAL] == ["cancelled"]
    assert "toolResult" in seen
    assert not {name: count for name, count in (await rows(api)).items() if count}
    assert left_in_memory(api, session) == []


async def test_a_deleted_chat_comes_back_as_it_was(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session(name="Kept")
    said = await api("POST", f"{session}/messages", {"content": "hello"})
    before = await api("GET", f"{session}/messages")
    assert (await api.raw("DELETE", f"{session}?undo=60")).code == 204
    for verb, path in (("GET", ""), ("GET", "/messages"), ("GET", f"/runs/{said['run_id']}"), ("DELETE", "")):
        status, body = await api.error(verb, f"{session}{path}")
        assert (status, body["code"]) == (404, "session_not_found")
    status, _ = await api.error("POST", f"{session}/messages", {"content": "x"})
    assert status == 404
    assert await api("GET", "workspaces/default/sessions") == []
    back = await api("POST", f"{session}/restore")
    assert (back["name"], back["phase"]) == ("Kept", "stopped")
    assert await api("GET", f"{session}/messages") == before
    assert (await api.error("POST", f"{session}/restore"))[0] == 404  # there is nothing to take back
    answer = await api("POST", f"{session}/messages", {"content": "again"})
    assert answer["status"] == "complete"


async def test_what_ran_in_a_chat_that_comes_back_was_stopped(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [Turn(tokens=["so far", " more"], gates={1: asyncio.Event()})]
    session = await api.session()
    async for event in api.stream("POST", f"{session}/messages", {"content": "hi"}):
        if event["type"] == "token":
            await api.raw("DELETE", f"{session}?undo=60")
    await api("POST", f"{session}/restore")
    [_, answer] = await api("GET", f"{session}/messages")
    assert (answer["status"], answer["parts"][0]["content"]) == ("cancelled", "so far")


async def test_what_can_no_longer_be_undone_is_removed_for_good(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    await api("POST", f"{session}/messages", {"content": "hello"})
    await api.raw("DELETE", f"{session}?undo=1")
    services = await api.registry.initialize_services()
    assert (await rows(api))["messages"] == 2
    gone = await services.sessions.purge(utcnow() + timedelta(seconds=2))
    assert [one[1] for one in gone] == [session.rsplit("/", 1)[1]]
    assert not {name: count for name, count in (await rows(api)).items() if count}
    assert (await api.error("POST", f"{session}/restore"))[0] == 404


async def test_housekeeping_removes_what_is_due(
    model: ScriptedOpenAI, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mandrake_jupyter.registry.housekeeping.EVERY", 0.05)
    session = await api.session()
    await api.raw("DELETE", f"{session}?undo=1")
    until = time.monotonic() + 10
    while (await rows(api))["sessions"]:
        assert time.monotonic() < until
        await asyncio.sleep(0.05)


NO_TIMES = ["-1", "3601", "soon", "1.5"]


async def test_a_time_to_undo_that_is_none_deletes_nothing(api: Api) -> None:
    for undo in NO_TIMES:
        session = await api.session()
        status, body = await api.error("DELETE", f"{session}?undo={undo}")
        assert (status, body["code"]) == (400, "bad_request")
        assert "undo" in body["message"]
        assert (await api("GET", session))["id"]


async def test_lists_hear_of_a_delete_and_of_its_undo(api: Api) -> None:
    session = await api.session()
    heard: list[Any] = []
    api.registry.hub.add(lambda _, told: heard.append(told))
    await api.raw("DELETE", f"{session}?undo=60")
    await api("POST", f"{session}/restore")
    changes = [(one["kind"], one["what"]) for one in heard if one["type"] == "changed"]
    assert changes == [("session", "deleted"), ("session", "created")]
