"""A message that is deleted with time to undo it: gone at once from all that is shown, back as it was, or gone for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from mandrake_jupyter.errors import MessageNotFound
from mandrake_jupyter.sessions.posting import first_words
from mandrake_jupyter.stores import aside, tables, titling
from mandrake_jupyter.stores.aside import purge_messages
from mandrake_jupyter.stores.rows import DELETED
from mandrake_jupyter.values import isoformat, utcnow
from tests.support.scripted_openai import ScriptedOpenAI, Turn

from .conftest import Api


async def talk(api: Api, model: ScriptedOpenAI, *words: str) -> tuple[str, list[dict[str, Any]]]:
    model.script = [Turn(tokens=[f"About {word}."]) for word in words]
    session = await api.session()
    for word in words:
        await api("POST", f"{session}/messages", {"content": word})
    return session, await api("GET", f"{session}/messages")


async def purge(api: Api, seconds: int) -> int:
    """What the housekeeping does so many seconds later."""
    services = await api.registry.initialize_services()
    gone = await purge_messages(services.database, utcnow() + timedelta(seconds=seconds), first_words)
    return len(gone)


async def count(api: Api, table: Any) -> int:
    services = await api.registry.initialize_services()
    async with services.database.read() as db:
        return int((await db.execute(select(func.count()).select_from(table))).scalar_one())


async def test_a_deleted_message_is_shown_to_nobody_and_comes_back_in_its_place(
    model: ScriptedOpenAI, api: Api
) -> None:
    session, said = await talk(api, model, "zebra", "lion")
    name = (await api("GET", session))["name"]
    assert (await api.raw("DELETE", f"{session}/messages/{said[1]['id']}?undo=60")).code == 204
    assert await api("GET", f"{session}/messages") == said[2:]
    assert await api("GET", f"{session}/messages?replaced=true") == said[2:]
    assert (await api("GET", "search?q=zebra"))["results"] == []
    assert (await api("GET", session))["name"] == "lion"
    assert b"zebra" not in (await api.raw("GET", f"{session}/export?format=json")).body
    for verb, path, body in (
        ("GET", f"/runs/{said[1]['run_id']}", None),
        ("DELETE", f"/messages/{said[0]['id']}", None),
        ("POST", "/messages", {"content": "x", "replaces": said[0]["id"]}),
    ):
        assert (await api.error(verb, f"{session}{path}", body))[0] == 404
    model.script = [Turn(tokens=["Yes."])]
    await api("POST", f"{session}/messages", {"content": "still there?"})
    assert "zebra" not in str(model.requests[-1].body)

    assert (await api.raw("POST", f"{session}/messages/{said[0]['id']}/restore")).code == 204
    assert (await api("GET", f"{session}/messages"))[:4] == said
    assert (await api("GET", session))["name"] == name
    assert len((await api("GET", "search?q=zebra"))["results"]) == 1
    assert (await api.error("POST", f"{session}/messages/{said[0]['id']}/restore"))[1][
        "code"
    ] == "message_not_found"


async def test_what_is_not_taken_back_in_time_is_gone_for_good_with_its_earlier_versions(
    model: ScriptedOpenAI, api: Api
) -> None:
    session, said = await talk(api, model, "zebra", "lion")
    model.script = [Turn(tokens=["About tigers."])]
    again = await api("POST", f"{session}/messages", {"content": "tiger", "replaces": said[2]["id"]})
    await api.raw("DELETE", f"{session}/messages/{again['id']}?undo=60")
    assert await api("GET", f"{session}/messages?replaced=true") == said[:2]
    assert b"lion" not in (await api.raw("GET", f"{session}/export?format=json")).body
    assert await purge(api, 50) == 0
    assert await count(api, tables.runs) == 3
    assert await purge(api, 70) == 1
    assert await count(api, tables.runs) == 1
    assert (await api.error("POST", f"{session}/messages/{again['id']}/restore"))[0] == 404
    assert await purge(api, 70) == 0
    services = await api.registry.initialize_services()
    async with services.database.read() as db:
        chores = set((await db.execute(select(tables.chores.c.name))).scalars())
    assert "messages" not in chores


async def test_it_can_be_restored_until_the_moment_it_is_final_and_no_longer(
    model: ScriptedOpenAI, api: Api
) -> None:
    """Also where nobody has purged it yet."""
    session, said = await talk(api, model, "zebra")
    await api.raw("DELETE", f"{session}/messages/{said[0]['id']}?undo=60")
    services = await api.registry.initialize_services()
    chat = session.rsplit("/", 1)[1]
    with pytest.raises(MessageNotFound):
        await aside.restore(
            services.database, chat, said[0]["id"], utcnow() + timedelta(seconds=61), first_words
        )
    assert await api("GET", f"{session}/messages") == []
    status, body = await api.error("DELETE", f"{session}/messages/{said[0]['id']}?undo=3601")
    assert (status, body["code"]) == (400, "bad_request")


async def test_an_edit_of_what_stood_before_makes_it_final(model: ScriptedOpenAI, api: Api) -> None:
    """It would come back behind what replaced all that it belonged to."""
    session, said = await talk(api, model, "zebra", "lion")
    await api.raw("DELETE", f"{session}/messages/{said[2]['id']}?undo=60")
    model.script = [Turn(tokens=["About horses."])]
    await api("POST", f"{session}/messages", {"content": "horse", "replaces": said[0]["id"]})
    assert (await api.error("POST", f"{session}/messages/{said[2]['id']}/restore"))[0] == 404
    told = await api("GET", f"{session}/messages?replaced=true")
    assert [message["parts"][0]["content"] for message in told] == [
        "zebra",
        "About zebra.",
        "horse",
        "About horses.",
    ]


async def test_a_title_that_goes_with_a_message_for_good_is_told_of(model: ScriptedOpenAI, api: Api) -> None:
    session, said = await talk(api, model, "zebra", "lion")
    services, chat = await api.registry.initialize_services(), session.rsplit("/", 1)[1]
    assert await titling.give(services.database, chat, said[0]["run_id"], "About stripes")
    await api.raw("DELETE", f"{session}/messages/{said[0]['id']}?undo=60")
    assert (await api("GET", session))["name"] == "About stripes"
    async with services.database.write() as db:
        past = f"{DELETED}{isoformat(utcnow() - timedelta(seconds=1))}"
        of = update(tables.runs).where(tables.runs.c.id == said[0]["run_id"])
        await db.execute(of.values(replaced_by=past))
    heard: list[Any] = []
    stop = api.registry.hub.add(lambda announcement, _: heard.append(announcement))
    await api.registry.opened.housekeeping.look()
    stop()
    assert [(one.what, one.id) for one in heard] == [("changed", chat)]
    assert (await api("GET", session))["name"] == "lion"
