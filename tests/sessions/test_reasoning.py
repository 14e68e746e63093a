"""Reasoning is shown; what its provider wants back with it is kept, goes back within that answer, and is shown to nobody."""

from __future__ import annotations

import json
from typing import Any

from mandrake_jupyter.providers.base import ReasoningDelta, ReasoningEnded, ReasoningPart, ToolCallRequested

from .conftest import call, collect, types
from .test_approvals import parked

KEPT = {"model": "one", "signature": "canary-signature"}


async def test_reasoning_goes_back_with_its_signature_within_the_answer_and_not_after_it(chat: Any) -> None:
    made = await chat(
        [
            ReasoningDelta("Hm, "),
            ReasoningDelta("so."),
            ReasoningEnded(KEPT),
            "I read.",
            call("read", path="a"),
        ],
        ["Done."],
        ["And that."],
    )
    session = await made.open()
    await collect(session, (await session.post("go")).id)
    await collect(session, (await session.post("and?")).id)
    _, second, third = made.model.requests
    assert second.messages[1].reasoning == (ReasoningPart("Hm, so.", KEPT, 0),)
    assert all(turn.reasoning == () for turn in third.messages)


async def test_each_stretch_goes_back_where_it_stood(chat: Any) -> None:
    other = {**KEPT, "signature": "two"}
    made = await chat(
        [ReasoningDelta("A"), ReasoningEnded(KEPT), "12", ReasoningEnded(other), "3", call("read", path="a")],
        ["Done."],
    )
    session = await made.open()
    await collect(session, (await session.post("go")).id)
    turn = made.model.requests[1].messages[1]
    assert (turn.text, turn.reasoning) == ("123", (ReasoningPart("A", KEPT, 0), ReasoningPart("", other, 2)))


async def test_a_signature_is_in_no_event_and_no_message_and_reasoning_without_text_is_not_shown(
    chat: Any,
) -> None:
    kept = {"model": "one", "provider_details": {"thought_signature": "canary-signature"}}
    made = await chat(
        [ReasoningEnded(KEPT), ToolCallRequested("x", "files__read", {"path": "a"}, "", kept)], ["Done."]
    )
    session = await made.open()
    run = await session.post("go")
    events = await collect(session, run.id)
    assert "reasoning" not in types(events)
    messages = await session.messages()
    assert [part["type"] for part in messages[1]["parts"]] == ["tool", "text"]
    shown = json.dumps([[event.as_json() for event in events], messages, await session.run(run.id)])
    assert "canary" not in shown
    [asked] = made.model.requests[1].messages[1].calls
    assert asked.kept == kept


async def test_a_signature_survives_the_wait_for_a_person_over_a_restart(chat: Any) -> None:
    made = await chat([ReasoningDelta("Hm."), ReasoningEnded(KEPT), call("write", path="a")], ["Done."])
    first = await made.open("one")
    run = await first.post("go")
    [waits] = await parked(first, run)
    await first.put_away()
    session = await made.open("one")
    await session.decide(run.id, waits, "once", None, "", "ann")
    await collect(session, run.id)
    assert made.model.requests[1].messages[1].reasoning == (ReasoningPart("Hm.", KEPT, 0),)
