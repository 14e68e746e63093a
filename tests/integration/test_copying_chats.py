"""A copy of a chat: the same history under ids of its own, and nothing in common with the other from then on."""

from __future__ import annotations

import asyncio
import base64
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from mandrake_jupyter.stores import tables
from tests.support.scripted_openai import Call, ScriptedOpenAI, Turn

from .conftest import Api

ECHO = {"command": sys.executable, "args": [str(Path(__file__).parents[1] / "support" / "mcp_echo.py")]}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24
IDS = ("id", "session_id", "run_id", "call_id")


def path_of(session: dict[str, Any]) -> str:
    return f"workspaces/default/sessions/{session['id']}"


def without_ids(message: dict[str, Any]) -> dict[str, Any]:
    """What is the same in a copy."""
    parts = [{k: v for k, v in part.items() if k not in IDS} for part in message["parts"]]
    attached = [{k: v for k, v in one.items() if k != "id"} for one in message["attachments"]]
    rest = {k: v for k, v in message.items() if k not in IDS}
    return {**rest, "parts": parts, "attachments": attached}


def ids_of(messages: list[dict[str, Any]]) -> set[str]:
    found = {message[name] for message in messages for name in IDS if name in message}
    return found | {part["call_id"] for message in messages for part in message["parts"] if "call_id" in part}


async def with_a_tool(api: Api, model: ScriptedOpenAI) -> None:
    await api("POST", "workspaces/default/mcp-servers", {"name": "echo", "entry": ECHO})
    await api("GET", "workspaces/default/mcp-servers/echo/tools")
    model.script = [Turn(calls=[Call("echo__add", {"a": 1, "b": 2})]), Turn(tokens=["Three."])]


async def test_a_copy_says_the_same_under_ids_of_its_own_and_goes_on_alone(
    model: ScriptedOpenAI, api: Api
) -> None:
    await with_a_tool(api, model)
    session = await api.session(name="Sums")
    image = {"type": "image", "name": "a.png", "data": base64.b64encode(PNG).decode()}
    body = {"content": "add zebra", "attachments": [image]}
    async for event in api.stream("POST", f"{session}/messages", body):
        if event["type"] == "toolCall":
            await api(
                "POST",
                f"{session}/runs/{event['run_id']}/approvals/{event['call_id']}",
                {"decision": "session"},
            )
    answered = await api.raw("POST", f"{session}/copy")
    made = await api("GET", path_of(await api("GET", answered.headers["Location"].split("mandrake/", 1)[1])))
    assert (answered.code, made["name"], made["titled"], made["execution_state"]) == (
        201,
        "Sums (copy)",
        True,
        "idle",
    )

    said, again = await api("GET", f"{session}/messages"), await api("GET", f"{path_of(made)}/messages")
    assert list(map(without_ids, again)) == list(map(without_ids, said))
    assert not ids_of(said) & ids_of(again)
    picture = again[0]["attachments"][0]["id"]
    assert (await api.raw("GET", f"{path_of(made)}/images/{picture}")).body == PNG
    events = await api.events("GET", f"{session}/runs/{said[1]['run_id']}/events")
    copies = await api.events("GET", f"{path_of(made)}/runs/{again[1]['run_id']}/events")
    assert [event["type"] for event in copies] == [event["type"] for event in events]
    named = {event["call_id"] for event in copies if "call_id" in event}
    assert named == {part["call_id"] for part in again[1]["parts"] if "call_id" in part}
    grants = await api("GET", "workspaces/default/grants")
    assert [grant["session_id"] for grant in grants] == [session.rsplit("/", 1)[1]]
    assert await api("GET", f"workspaces/default/audit?session={made['id']}") == []
    found = await api("GET", "search?q=zebra")
    assert {one["session"]["id"] for one in found["results"]} == {session.rsplit("/", 1)[1], made["id"]}

    assert (await api.raw("DELETE", session)).code == 204
    model.script = [Turn(tokens=["Still here."])]
    later = await api("POST", f"{path_of(made)}/messages", {"content": "and now?"})
    assert later["status"] == "complete"
    assert [turn["role"] for turn in model.requests[-1].body["messages"]].count("tool") == 1


async def test_what_was_at_work_ends_in_the_copy_and_goes_on_in_the_other(
    model: ScriptedOpenAI, api: Api
) -> None:
    """A call that waits is asked about in the first chat only, whoever decides on it there; what was queued is not copied."""
    await with_a_tool(api, model)
    session = await api.session()
    copy: dict[str, Any] = {}
    async for event in api.stream("POST", f"{session}/messages", {"content": "run it"}):
        if event["type"] == "toolCall":
            await api.raw(
                "POST", f"{session}/messages", {"content": "queued"}, headers={"Prefer": "respond-async"}
            )
            copy = await api("POST", f"{session}/copy", {"name": "Mine"})
            await api(
                "POST", f"{session}/runs/{event['run_id']}/approvals/{event['call_id']}", {"decision": "once"}
            )
    assert (copy["name"], copy["execution_state"], copy["queued"]) == ("Mine", "idle", 0)
    asked, answer = await api("GET", f"{path_of(copy)}/messages")
    assert (asked["parts"][0]["content"], answer["status"]) == ("run it", "failed")
    assert answer["error"]["code"] == "left_behind"
    assert [part["status"] for part in answer["parts"]] == ["withdrawn"]
    events = await api.events("GET", f"{path_of(copy)}/runs/{answer['run_id']}/events")
    assert [event["type"] for event in events][-2:] == ["toolResult", "error"]
    assert [event["seq"] for event in events] == sorted({event["seq"] for event in events})
    first = await api("GET", f"{session}/messages")
    assert [part["status"] for part in first[1]["parts"] if part["type"] == "tool"] == ["done"]


async def test_a_chat_at_work_in_another_jupyter_is_copied_and_written_to(
    model: ScriptedOpenAI, api: Api
) -> None:
    """The lock of the other one is held by this process: it lives."""
    gate = asyncio.Event()
    model.script = [Turn(tokens=["so far", " more"], gates={1: gate}), Turn(tokens=["Here."])]
    session = await api.session(name="Far")
    services = await api.registry.initialize_services()
    async for event in api.stream("POST", f"{session}/messages", {"content": "hi"}):
        if event["type"] != "token" or gate.is_set():
            continue
        async with asyncio.timeout(10):
            while not await stored(services, event["run_id"]):
                await asyncio.sleep(0.02)
        copy = await api("POST", f"{session}/copy")
        _, answer = await api("GET", f"{path_of(copy)}/messages")
        assert [part["content"] for part in answer["parts"]] == ["so far"]
        assert answer["error"]["actions"] == ["start_over", "continue"]
        gate.set()
    again = await api("POST", f"{path_of(copy)}/messages", {"replaces": answer["id"]})
    assert again["status"] == "complete"
    assert (await api("GET", f"{session}/messages"))[1]["parts"][0]["content"] == "so far more"


async def stored(services: Any, run: str) -> bool:
    """Whether the text that was shown is in the store by now."""
    of = select(tables.parts.c.content).join(
        tables.messages, tables.messages.c.id == tables.parts.c.message_id
    )
    where = (tables.messages.c.run_id == run) & (tables.messages.c.role == "assistant")
    async with services.database.read() as db:
        return bool((await db.execute(of.where(where))).scalar())


async def test_what_was_replaced_or_deleted_is_not_copied(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [Turn(tokens=["One."]), Turn(tokens=["Two."])]
    session = await api.session()
    await api("POST", f"{session}/messages", {"content": "old words"})
    first = (await api("GET", f"{session}/messages"))[0]["id"]
    await api("POST", f"{session}/messages", {"content": "new words", "replaces": first})
    copy = await api("POST", f"{session}/copy")
    said = await api("GET", f"{path_of(copy)}/messages?replaced=true")
    assert [part["content"] for message in said for part in message["parts"]] == ["new words", "Two."]
    await api.raw("DELETE", f"{session}?undo=60")
    assert (await api.error("POST", f"{session}/copy"))[1]["code"] == "session_not_found"


async def test_a_copy_that_can_not_be_made_whole_is_not_made(model: ScriptedOpenAI, api: Api) -> None:
    """Something in the middle of the history breaks it: no chat, no row is left."""
    model.script = [Turn(tokens=["One."])]
    session = await api.session()
    said = await api("POST", f"{session}/messages", {"content": "hi"})
    services = await api.registry.initialize_services()
    async with services.database.write() as db:
        where = tables.events.c.run_id == said["run_id"]
        await db.execute(update(tables.events).where(where).values(data=[]))
    status, _ = await api.error("POST", f"{session}/copy")
    assert status == 500
    assert len(await api("GET", "sessions")) == 1
    assert (await api.error("POST", f"{session}/copy", {"name": 3}))[0] == 400
