"""Edit, ask again and delete of messages over REST, in a real Jupyter server."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.scripted_openai import ScriptedOpenAI, Turn

from .conftest import Api


def texts(messages: list[Any]) -> list[str]:
    return [message["parts"][0]["content"] for message in messages]


async def test_an_edited_question_and_an_answer_asked_for_again(model: ScriptedOpenAI, api: Api) -> None:
    (api.root / "a.csv").write_text("x\n1\n")
    session = await api.session()
    attachments = [{"type": "file", "path": "a.csv"}]
    await api("POST", f"{session}/messages", {"content": "first", "attachments": attachments})
    await api("POST", f"{session}/messages", {"content": "second"})
    [question, answer, later, _] = await api("GET", f"{session}/messages")
    (api.root / "a.csv").write_text("x\n2\n")
    model.script = [Turn(tokens=["edited"])]
    edited = await api("POST", f"{session}/messages", {"content": "First!", "replaces": question["id"]})
    assert edited["parts"][0]["content"] == "edited"
    asked = model.chats[-1]["messages"][-1]["content"]
    assert asked.startswith("First!")
    assert "1" in asked.splitlines()  # the file as it was read when it was attached
    assert "2" not in asked.splitlines()
    model.script = [Turn(tokens=["again"])]
    events = await api.events("POST", f"{session}/messages", {"replaces": edited["id"]})
    assert events[-1]["type"] == "complete"
    assert model.chats[-1]["messages"][-1]["content"] == asked
    assert texts(await api("GET", f"{session}/messages")) == ["First!", "again"]
    everything = await api("GET", f"{session}/messages?replaced=true")
    assert texts(everything)[:4] == texts([question, answer, later, _])
    assert [m["replaced_by"] for m in everything] == [
        *[edited["run_id"]] * 4,
        *[events[0]["run_id"]] * 2,
        None,
        None,
    ]


async def test_an_edit_while_an_answer_is_at_work_is_refused_and_changes_nothing(
    model: ScriptedOpenAI, api: Api
) -> None:
    session = await api.session()
    first = await api("POST", f"{session}/messages", {"content": "first"})
    model.script = [Turn(tokens=["so ", "far"], gates={1: asyncio.Event()})]
    async for event in api.stream("POST", f"{session}/messages", {"content": "second"}):
        if event["type"] == "token":
            before = await api("GET", f"{session}/messages?replaced=true")
            for body in ({"replaces": first["id"]}, {"replaces": before[0]["id"], "content": "x"}):
                status, error = await api.error("POST", f"{session}/messages", body)
                assert (status, error["code"]) == (409, "busy")
                assert "Nothing was changed" in error["then"]
            status, error = await api.error("DELETE", f"{session}/messages/{before[2]['id']}")
            assert (status, error["code"]) == (409, "busy")
            assert await api("GET", f"{session}/messages?replaced=true") == before
            await api("POST", f"{session}/runs/{event['run_id']}/cancel")
    assert (await api.raw("DELETE", f"{session}/messages/{before[2]['id']}")).code == 204
    assert len(await api("GET", f"{session}/messages")) == 2


async def test_what_is_edited_by_two_at_once_is_edited_once(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    first = await api("POST", f"{session}/messages", {"content": "first"})
    [question, _] = await api("GET", f"{session}/messages")
    body = {"replaces": question["id"], "content": "second"}
    answers = await asyncio.gather(
        *(api("POST", f"{session}/messages", body, raise_error=False) for _ in range(2))
    )
    codes = sorted(answer.get("code") or answer["status"] for answer in answers)
    assert codes[1] == "complete"
    assert codes[0] in ("busy", "already_replaced")
    assert len(await api("GET", f"{session}/messages?replaced=true")) == 4
    status, error = await api.error("POST", f"{session}/messages", {"replaces": first["id"]})
    assert (status, error["code"]) == (409, "already_replaced")


async def test_an_edit_sent_twice_with_one_key_is_one_run(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    first = await api("POST", f"{session}/messages", {"content": "first"})
    answers = [
        await api("POST", f"{session}/messages", {"replaces": first["id"]}, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert len(await api("GET", f"{session}/messages?replaced=true")) == 4


async def test_bad_edits_are_refused_in_words(model: ScriptedOpenAI, api: Api) -> None:
    session, other = await api.session(), await api.session()
    answer = await api("POST", f"{session}/messages", {"content": "first"})
    [question, _] = await api("GET", f"{session}/messages")
    for path, body, code in (
        (session, {"replaces": "no-such", "content": "x"}, "message_not_found"),
        (other, {"replaces": question["id"], "content": "x"}, "message_not_found"),
        (session, {"replaces": question["id"]}, "bad_request"),
        (session, {"replaces": question["id"], "content": "  "}, "bad_request"),
        (session, {"replaces": question["id"], "content": "/tool x"}, "bad_request"),
        (session, {"replaces": answer["id"], "content": "x"}, "bad_request"),
        (session, {"replaces": answer["id"], "attachments": []}, "bad_request"),
        (session, {"replaces": 5, "content": "x"}, "bad_request"),
        (session, {"replaces": ""}, "bad_request"),
    ):
        assert (await api.error("POST", f"{path}/messages", body))[1]["code"] == code, body
    for path in (f"{other}/messages/{question['id']}", f"{session}/messages/no-such"):
        assert (await api.error("DELETE", path))[1]["code"] == "message_not_found"
    assert texts(await api("GET", f"{session}/messages")) == ["first", "first"]


async def test_a_deleted_message_is_gone_from_everything(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    heard: list[Any] = []
    for content in ("canary-one", "canary-two"):
        await api("POST", f"{session}/messages", {"content": content})
    [question, answer, *_] = await api("GET", f"{session}/messages")
    api.registry.hub.add(lambda _, told: heard.append(told))
    assert (await api.raw("DELETE", f"{session}/messages/{answer['id']}")).code == 204
    assert ("changed", "session") in [(one["type"], one.get("kind")) for one in heard]
    assert (await api("GET", session))["name"] == "canary-two"
    assert (await api.error("GET", f"{session}/runs/{question['run_id']}"))[1]["code"] == "run_not_found"
    await api("POST", f"{session}/messages", {"content": "go on"})
    assert "canary-one" not in str(model.chats[-1])
    assert "canary-two" in str(model.chats[-1])
