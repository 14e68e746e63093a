"""Calls that a model, or a person, can write and nobody can send: the model is told, and the chat goes on."""

from __future__ import annotations

from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn

from .conftest import Api
from .test_approvals import asked, ended
from .test_faults import RAW, results
from .test_mcp import add

HALF = "\ud800"  # of a character


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


ODD = [
    (Call("raw__add", nested(300)), "are nested more than 100 levels deep"),
    (Call("raw__add", nested(20_000)), "are not a JSON object"),
    (Call("raw__add", '{"a": "' + HALF), "are not a JSON object"),
    (Call("raw__add", '{"a": "\\ud800"}'), "hold half of a character"),
    (Call("raw__add", '{"a": NaN}'), "hold a number that is none in JSON"),
    (Call("raw__add", '{"a": 1e999}'), "hold a number that is none in JSON"),
    (Call("raw__add", '{"a": "' + "x" * 1_000_000 + '"}'), "are longer than 1,000,000 characters"),
    (Call(f"g{HALF}st"), "There is no tool 'g?st'"),
    (Call("ghost" * 100_000), "There is no tool 'ghostghost"),
    (Call(""), "There is no tool ''"),
]


async def test_calls_that_cannot_be_sent_go_back_to_the_model_and_the_chat_goes_on(
    model: ScriptedOpenAI, api: Api
) -> None:
    await add(api, "raw", RAW)
    model.script = [Turn(calls=[call for call, _ in ODD]), Turn(["Sorry."])]
    session = await api.session()
    events = await api.events("POST", f"{session}/messages", {"content": "call"})
    assert events[-1]["type"] == "complete"
    ended = [event for event in events if event["type"] == "toolResult"]
    assert [event["status"] for event in ended] == ["failed"] * len(ODD)
    told = results(model.chats[1])
    assert [why in one for one, (_, why) in zip(told, ODD, strict=True)] == [True] * len(ODD), told
    assert max(map(len, told)) < 2_000
    assert (await api("POST", f"{session}/messages", {"content": "and now?"}))["status"] == "complete"
    audit = await api("GET", f"workspaces/default/audit?session={session.split('/')[-1]}")
    assert [one["outcome"] for one in audit] == ["failed"] * len(ODD)
    assert (await api.raw("GET", f"{session}/export?format=json")).code == 200


async def test_arguments_that_a_person_nests_too_deeply_are_refused_everywhere(
    model: ScriptedOpenAI, api: Api
) -> None:
    await add(api, "raw", RAW)
    model.script = [Turn(calls=[Call("raw__add", {"a": 1, "b": 2})]), Turn(["3"])]
    session = await api.session()
    decision = await asked(api, session)
    deep = nested(300)
    for path, body in (
        (decision, f'{{"decision": "once", "arguments": {deep}}}'),
        (f"{session}/messages", {"content": f"/tool raw add {deep}"}),
        ("workspaces/default/mcp-servers/raw/call", f'{{"tool": "add", "arguments": {deep}}}'),
    ):
        status, said = await api.error("POST", path, body)
        assert (status, said["code"]) == (400, "bad_request")
        assert "nested more than 100 levels deep" in said["message"]
    await api("POST", decision, {"decision": "once"})
    assert (await ended(api, session))["status"] == "complete"
