"""A chat of very many messages over REST: in pages from its end on, and whole."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import insert

from mandrake_jupyter.stores.rows import WITHDRAWN
from mandrake_jupyter.stores.tables import messages, parts, runs
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api

MOMENT = "2026-01-01T00:00:00.000000Z"


async def fill(api: Api, session: str, count: int) -> list[str]:
    """`count` questions with their answers; the ids of all messages."""
    own = session.rpartition("/")[2]
    of_runs, said, text = [], [], []
    for number in range(count):
        ids = {"user_message_id": f"q{number}", "message_id": f"a{number}"}
        of_runs.append(
            {"id": f"r{number}", "session_id": own, "instance": "", "state": "done", "created": MOMENT, **ids}
        )
        for id, role in ((f"q{number}", "user"), (f"a{number}", "assistant")):
            said.append(
                {
                    "id": id,
                    "session_id": own,
                    "run_id": f"r{number}",
                    "role": role,
                    "created": MOMENT,
                    "attachments": [],
                }
            )
            text.append(
                {
                    "message_id": id,
                    "part": 0,
                    "type": "text",
                    "step": 0,
                    "content": "word " * 20,
                    "last_seq": 1,
                }
            )
    services = await api.registry.initialize_services()
    async with services.database.write() as db:
        for table, rows in ((runs, of_runs), (messages, said), (parts, text)):
            await db.execute(insert(table), rows)
    return [message["id"] for message in said]


def older(response: Any) -> str | None:
    link = response.headers.get("Link")
    if link is None:
        return None
    assert link.endswith('>; rel="next"')
    return urlsplit(link[1:].partition(">")[0]).query


async def pages(api: Api, session: str, query: str | None) -> list[list[str]]:
    """The ids of each page, the newest page first, as each one's ``Link`` leads on."""
    found = []
    while query is not None:
        page = await api("GET", f"{session}/messages?{query}")
        found.append([message["id"] for message in page])
        query = older(await api.raw("GET", f"{session}/messages?{query}"))
    return found


async def test_pages_lead_from_the_end_of_a_chat_to_its_beginning(api: Api) -> None:
    session = await api.session()
    ids = await fill(api, session, 30)
    assert await pages(api, session, "limit=25") == [ids[35:], ids[10:35], ids[:10]]
    assert await pages(api, session, "limit=60") == [ids]
    assert [m["id"] for m in await api("GET", f"{session}/messages")] == ids
    assert [m["parts"][0]["content"] for m in await api("GET", f"{session}/messages?limit=1")] == [
        "word " * 20
    ]
    assert await api("GET", f"{session}/messages?before=0") == []


async def test_a_message_that_is_deleted_meanwhile_takes_no_other_out_of_the_pages(api: Api) -> None:
    session = await api.session()
    ids = await fill(api, session, 10)
    place = older(await api.raw("GET", f"{session}/messages?limit=4"))
    for gone in ("q8", "q7"):  # the first that was shown, and the last that was not
        await api("DELETE", f"{session}/messages/{gone}")
    assert await pages(api, session, place) == [ids[10:14], ids[6:10], ids[2:6], ids[:2]]


async def test_what_was_taken_back_is_in_no_page_and_what_was_replaced_only_on_demand(
    model: ScriptedOpenAI, api: Api
) -> None:
    session = await api.session()
    ids = await fill(api, session, 3)
    services = await api.registry.initialize_services()
    async with services.database.write() as db:
        await db.execute(runs.update().where(runs.c.id == "r1").values(finish_reason=WITHDRAWN))
        await db.execute(runs.update().where(runs.c.id == "r2").values(replaced_by="r3"))
    assert await pages(api, session, "limit=1") == [[ids[1]], [ids[0]]]
    assert await pages(api, session, "limit=2&replaced=true") == [ids[4:], ids[:2]]


async def test_a_page_shows_an_answer_at_work_as_the_whole_history_does(
    model: ScriptedOpenAI, api: Api
) -> None:
    session, gate = await api.session(), asyncio.Event()
    await fill(api, session, 3)
    model.script = [Turn(tokens=["Hello", " there"], gates={1: gate})]
    async for event in api.stream("POST", f"{session}/messages", {"content": "go"}):
        if event["type"] == "token" and not gate.is_set():
            [answer] = await api("GET", f"{session}/messages?limit=1")
            assert (answer["status"], answer["parts"][0]["content"]) == ("running", "Hello")
            assert answer["seq"] >= event["seq"]
            gate.set()
    assert [message["status"] for message in await api("GET", f"{session}/messages?limit=1")] == ["complete"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "before=x", "before=-1", "before=" + "1" * 16]
)
async def test_a_page_that_is_none_is_refused_in_words(api: Api, query: str) -> None:
    session = await api.session()
    status, body = await api.error("GET", f"{session}/messages?{query}")
    assert (status, body["code"]) == (400, "bad_request")
    assert query.partition("=")[0] in body["message"]
