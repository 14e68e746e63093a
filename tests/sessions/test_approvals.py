"""Tools: asked for by the model, approved by a person, dispatched once or never."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mandrake_jupyter.errors import AlreadyDecided, BadRequest, CallNotFound
from mandrake_jupyter.providers.base import ToolCallRequested
from mandrake_jupyter.sessions.approval import check_arguments
from tests.support.places import BOTH

from .conftest import call, collect, types

PLACES = BOTH


async def parked(session: Any, run: Any, calls: int = 1) -> list[str]:
    """The ids of the calls that wait, once the run is parked."""
    async with asyncio.timeout(60):
        async for _ in session.watch(run.id, heartbeat=0.01):
            held = session._live.get(run.id)
            if held and held.parked and not session.busy:
                break
    waiting = [p.call_id for p in session._live[run.id].ledger.answer.parts if p.status == "waiting"]
    assert len(waiting) == calls
    return waiting


async def test_a_read_only_tool_runs_without_a_question(chat: Any) -> None:
    made = await chat(["I look. ", call("read", path="a")], ["Found it."])
    session = await made.open()
    run = await session.post("go")
    events = await collect(session, run.id)
    assert types(events) == [
        "start", "token", "usage", "toolCall", "toolProgress", "toolResult", "token", "usage", "complete",
    ]  # fmt: skip
    tool = (await session.messages())[1]["parts"][1]
    assert (tool["status"], tool["content"], tool["needs_approval"]) == ("done", "read done", False)
    assert [m.role for m in made.model.requests[1].messages] == ["user", "assistant", "tool"]
    assert made.model.requests[1].messages[2].results[0].content == "read done"


async def test_other_tools_wait_for_a_person_and_parallel_ones_are_one_question(chat: Any) -> None:
    made = await chat([call("write", path="a"), call("write", path="b"), call("read", path="c")], ["Done."])
    session = await made.open()
    run = await session.post("go")
    first, second = await parked(session, run, 2)
    assert made.tools.calls == [("read", {"path": "c"})]
    assert not session.busy
    await session.decide(run.id, first, "once", {"path": "edited"}, "", "ann")
    assert not session.busy
    await session.decide(run.id, second, "deny", None, "not that one", "ann")
    assert types(await collect(session, run.id))[-1] == "complete"
    assert made.tools.calls[1:] == [("write", {"path": "edited"})]
    results = {r.call_id: r.content for r in made.model.requests[1].messages[2].results}
    assert results[first] == "write done"
    assert results[second] == "The user denied this call: not that one"


async def test_a_call_allowed_while_another_runs_is_run(chat: Any) -> None:
    made = await chat([call("read", path="a"), call("write", path="b")], ["Done."])
    made.tools.gate = asyncio.Event()
    session = await made.open()
    run = await session.post("go")
    async with asyncio.timeout(60):
        await made.tools.called.wait()
    [waiting] = [p.call_id for p in session._live[run.id].ledger.answer.parts if p.status == "waiting"]
    await session.decide(run.id, waiting, "once", None, "", "ann")
    made.tools.gate.set()
    assert types(await collect(session, run.id))[-1] == "complete"
    assert made.tools.calls == [("read", {"path": "a"}), ("write", {"path": "b"})]


async def test_a_tool_that_breaks_in_an_unforeseen_way_is_a_failed_call(chat: Any, monkeypatch: Any) -> None:
    made = await chat([call("read", path="a")], ["Never mind."])

    async def broken(*args: Any, **kwargs: Any) -> None:
        raise OSError(36, "File name too long")

    made.tools.call = broken
    session = await made.open()
    run = await session.post("go")
    assert types(await collect(session, run.id))[-1] == "complete"
    assert (await session.messages())[1]["parts"][0]["error"] == "The tool failed inside the Jupyter server."


@pytest.mark.parametrize(
    "schema", [{"$ref": "http://127.0.0.1:9/x"}, {"$ref": "#/$defs/nope"}, {"type": 7}, {"properties": 3}]
)
def test_a_schema_that_cannot_be_used_checks_nothing_and_fetches_nothing(schema: dict[str, Any]) -> None:
    check_arguments({"path": "a"}, schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}},
        {
            "properties": {
                "a": {"$schema": "https://json-schema.org/draft/2020-12/schema", "pattern": "^(a+)+$"}
            }
        },
        {"patternProperties": {"^(a+)+$": False}, "additionalProperties": False},
        {"propertyNames": {"pattern": "^(a+)+$"}},
        {"allOf": [{"patternProperties": {"^(a+)+$": True}}], "unevaluatedProperties": False},
    ],
)
def test_a_pattern_of_a_stranger_holds_nothing_up(schema: dict[str, Any]) -> None:
    check_arguments({"a": "a" * 60 + "!", "a" * 60 + "!": 1}, {"type": "object", **schema})


def test_a_tool_may_have_an_argument_that_is_called_pattern() -> None:
    schema = {"type": "object", "properties": {"pattern": {"type": "string"}}, "additionalProperties": False}
    check_arguments({"pattern": "*.txt"}, schema)
    for wrong in ({"pattern": 1}, {"patern": "x"}):
        with pytest.raises(BadRequest):
            check_arguments(wrong, schema)


async def test_a_decision_has_one_winner(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["ok"])
    session = await made.open()
    run = await session.post("go")
    [waiting] = await parked(session, run)
    answers = await asyncio.gather(
        *(session.decide(run.id, waiting, "once", None, "", who) for who in ("ann", "bob", "eve")),
        return_exceptions=True,
    )
    assert sorted(type(a).__name__ for a in answers) == ["AlreadyDecided", "AlreadyDecided", "dict"]
    await collect(session, run.id)
    assert len(made.tools.calls) == 1


async def test_a_decision_in_the_moment_of_parking_does_not_let_the_next_message_overtake(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["first"], ["second"])
    session = await made.open()
    run, later = await session.post("go"), await session.post("next")
    async with asyncio.timeout(60):
        while not session._live[run.id].parked:
            await asyncio.sleep(0)
    [part] = session._live[run.id].ledger.answer.parts
    await session.decide(run.id, part.call_id, "once", None, "", "ann")  # its task has not been reaped yet
    assert types(await collect(session, run.id))[-1] == "complete"
    assert types(await collect(session, later.id))[-1] == "complete"
    assert [r.messages[0].text for r in made.model.requests] == ["go", "go", "go"]
    assert made.model.requests[2].messages[-1].text == "next"


async def test_a_decision_that_does_not_fit_changes_nothing(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["ok"])
    session = await made.open()
    run = await session.post("go")
    [waiting] = await parked(session, run)
    with pytest.raises(BadRequest, match="path"):
        await session.decide(run.id, waiting, "once", {"path": 3}, "", "ann")
    with pytest.raises(CallNotFound):
        await session.decide(run.id, "call_ghost", "once", None, "", "ann")
    await session.decide(run.id, waiting, "once", None, "", "ann")
    await collect(session, run.id)
    assert made.tools.calls == [("write", {"path": "a"})]


@pytest.mark.parametrize(
    ("decision", "asks_again"), [("once", True), ("session", False), ("workspace", False)]
)
async def test_a_grant_holds_as_far_as_it_was_given(chat: Any, decision: str, asks_again: bool) -> None:
    made = await chat([call("write", path="a")], ["ok"], [call("write", path="b")], ["ok"])
    session = await made.open()
    run = await session.post("go")
    [waiting] = await parked(session, run)
    await session.decide(run.id, waiting, decision, None, "", "ann")
    await collect(session, run.id)
    again = await session.post("again")
    if asks_again:
        await parked(session, again)
        await session.cancel(again.id, "ann")
    await collect(session, again.id)
    assert len(made.tools.calls) == (1 if asks_again else 2)


async def test_a_question_survives_a_restart_and_goes_on_after_the_answer(chat: Any) -> None:
    made = await chat(["Shall I? ", call("write", path="a")], ["Done."])
    session = await made.open("one")
    run = await session.post("go")
    [waiting] = await parked(session, run)
    await session.close()
    again = await made.open("two")
    assert [m["status"] for m in await again.messages()] == ["complete", "waiting"]
    await again.decide(run.id, waiting, "once", None, "", "ann")
    events = await collect(again, run.id)
    assert types(events)[-1] == "complete"
    assert [e.seq for e in events] == sorted({e.seq for e in events})
    assert made.tools.calls == [("write", {"path": "a"})]


async def test_a_call_in_flight_at_a_crash_is_unknown_and_never_sent_again(chat: Any) -> None:
    made = await chat([call("read", path="a")], ["Done."])
    made.tools.gate = asyncio.Event()
    session = await made.open("one")
    run = await session.post("go")
    async with asyncio.timeout(60):
        await made.tools.called.wait()
    await made.supervisor.close(1)
    made.supervisor = type(made.supervisor)()
    again = await made.open("two")
    [_, answer] = await again.messages()
    assert answer["parts"][0]["status"] == "unknown"
    assert len(made.tools.calls) == 1
    assert types(await collect(again, run.id))[-2:] == ["toolResult", "error"]


async def test_cancelling_a_call_in_flight_says_that_its_outcome_is_unknown(chat: Any) -> None:
    made = await chat([call("read", path="a")])
    made.tools.gate = asyncio.Event()
    session = await made.open()
    run = await session.post("go")
    async with asyncio.timeout(60):
        await made.tools.called.wait()
    await session.cancel(run.id, "ann")
    events = await collect(session, run.id)
    assert (types(events)[-2:], events[-2].data["status"]) == (["toolResult", "cancelled"], "unknown")


async def test_cancelling_withdraws_a_question(chat: Any) -> None:
    made = await chat([call("write", path="a")])
    session = await made.open()
    run = await session.post("go")
    await parked(session, run)
    await session.cancel(run.id, "ann")
    events = await collect(session, run.id)
    assert events[-2].data["status"] == "withdrawn"
    assert made.tools.calls == []


async def test_unknown_tools_and_broken_arguments_go_back_to_the_model(chat: Any) -> None:
    broken = ToolCallRequested("x", "files__read", None, raw="{oops")
    made = await chat([call("ghost"), broken], ["Sorry."])
    session = await made.open()
    run = await session.post("go")
    assert types(await collect(session, run.id))[-1] == "complete"
    told = [r.content for r in made.model.requests[1].messages[2].results]
    assert told[0].startswith("There is no tool 'files__ghost'. Tools: files__read, files__write")
    assert told[1] == "The arguments are not a JSON object: {oops"
    assert made.tools.calls == []


async def test_the_users_own_call_needs_no_model_and_no_question(chat: Any) -> None:
    made = await chat()
    session = await made.open()
    run = await session.post('/tool files write {"path": "a"}')
    events = await collect(session, run.id)
    assert types(events) == ["start", "toolCall", "toolProgress", "toolResult", "complete"]
    assert made.tools.calls == [("write", {"path": "a"})]


@pytest.mark.parametrize(
    ("content", "code"),
    [("/tool ghost read", "mcp_server_not_found"), ("/tool files ghost", "tool_not_found")],
)
async def test_a_direct_call_of_something_unknown_names_what_there_is(
    chat: Any, content: str, code: str
) -> None:
    made = await chat()
    session = await made.open()
    run = await session.post(content)
    last = (await collect(session, run.id))[-1]
    assert (last.data["code"], "read" in last.data["content"] or "files" in last.data["content"]) == (
        code,
        True,
    )


async def test_a_model_without_tools_is_told_of_calls_as_text(chat: Any) -> None:
    made = await chat(["I see."])
    made.model.tools = False
    session = await made.open()
    await collect(session, (await session.post('/tool files read {"path": "a"}')).id)
    await collect(session, (await session.post("and?")).id)
    turns = made.model.requests[0].messages
    assert turns[1].text == '[files read {"path": "a"} answered: read done]'
    assert made.model.requests[0].tools == ()


def test_already_decided_says_by_whom() -> None:
    assert (
        str(AlreadyDecided(decision="deny", by="ann")) == "This tool call was already decided: deny, by ann."
    )
