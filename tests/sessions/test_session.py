"""A session's runs: streamed, queued, cancelled, recovered; one terminal event each, whatever happens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mandrake_jupyter.errors import BadRequest, KeyRefused, RunningElsewhere, StoreUnavailable, TooMany
from mandrake_jupyter.providers.base import ReasoningDelta, TextDelta
from mandrake_jupyter.sessions.run_state import NEXT, BadMove, RunState, move
from mandrake_jupyter.sessions.seams import Bounds

from .conftest import call, collect, types


async def test_an_answer_streams_and_ends_once(chat: Any) -> None:
    made = await chat(["Hel", "lo ", "you"])
    session = await made.open()
    run = await session.post("Hi there")
    events = await collect(session, run.id)
    assert types(events)[0] == "start"
    assert types(events)[-1] == "complete"
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert "".join(e.data["content"] for e in events if e.type == "token") == "Hello you"
    [question, answer] = await session.messages()
    assert question["parts"] == [{"type": "text", "part": 0, "content": "Hi there"}]
    assert (answer["status"], answer["parts"][0]["content"]) == ("complete", "Hello you")
    assert answer["usage"]["input_tokens"] == 10
    assert session.row.name == "Hi there"


async def test_the_first_token_is_shown_at_once(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["first", gate, " second"])
    session = await made.open()
    run = await session.post("go")
    events = await collect(session, run.id, until=lambda e: e.type == "token")
    assert events[-1].data == {"content": "first", "part": 0, "offset": 0}
    gate.set()
    assert types(await collect(session, run.id))[-1] == "complete"


async def test_a_reader_that_joins_late_sees_the_same_text(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["Schöne ", "🌍", gate, " Welt"])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, until=lambda e: e.type == "token")
    [_, answer] = await session.messages()
    text, after = answer["parts"][0]["content"], answer["seq"]
    gate.set()
    async for event in session.watch(run.id, after):
        if event.type == "token":
            assert event.data["offset"] == len(text)
            text += event.data["content"]
    assert text == "Schöne 🌍 Welt"
    replayed = await collect(await made.open("two"), run.id)  # from the store: one merged token
    assert [e.data["content"] for e in replayed if e.type == "token"] == ["Schöne 🌍 Welt"]


async def test_messages_queue_and_run_in_order(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat([gate, "one"], ["two"], ["three"])
    session = await made.open()
    runs = [await session.post(text) for text in ("a", "b", "c")]
    assert [m["status"] for m in await session.messages()][2:] == ["queued"] * 4
    gate.set()
    for run in runs:
        assert types(await collect(session, run.id))[-1] == "complete"
    assert [r.messages[-1].text for r in made.model.requests] == ["a", "b", "c"]
    assert [m.text for m in made.model.requests[2].messages] == ["a", "one", "b", "two", "c"]


async def test_a_full_queue_refuses_and_keeps_what_waits(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat([gate, "one"], ["two"], bounds=Bounds(queued=1))
    session = await made.open()
    first = await session.post("a")
    second = await session.post("b")
    with pytest.raises(TooMany):
        await session.post("c")
    gate.set()
    await collect(session, first.id)
    assert types(await collect(session, second.id))[-1] == "complete"


async def test_the_same_idempotency_key_is_the_same_run(chat: Any) -> None:
    made = await chat(["one"])
    session = await made.open()
    first, second = await asyncio.gather(*(session.post("a", idempotency_key="k") for _ in range(2)))
    assert first.id == second.id
    await collect(session, first.id)
    assert len(await session.messages()) == 2


async def test_cancel_keeps_the_partial_text_and_closes_the_request(chat: Any) -> None:
    made = await chat(["partial", asyncio.Event()])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, until=lambda e: e.type == "token")
    await session.cancel(run.id, "ann")
    events = await collect(session, run.id)
    assert (events[-1].type, events[-1].data) == ("cancelled", {"by": "ann"})
    await session.cancel(run.id, "bob")
    [_, answer] = await session.messages()
    assert (answer["status"], answer["parts"][0]["content"]) == ("cancelled", "partial")
    assert made.model.closed == 1


async def test_a_queued_message_can_be_withdrawn(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat([gate, "one"])
    session = await made.open()
    first, second = await session.post("a"), await session.post("b")
    await session.cancel(second.id, "ann")
    assert types(await collect(session, second.id)) == ["cancelled"]
    gate.set()
    assert types(await collect(session, first.id))[-1] == "complete"
    assert [m["run_id"] for m in await session.messages()] == [first.id, first.id]


async def test_a_provider_error_is_the_one_terminal_event_and_no_words_of_the_model(chat: Any) -> None:
    made = await chat(["par", KeyRefused(provider="OpenAI")], ["fine"])
    session = await made.open()
    run = await session.post("go")
    last = (await collect(session, run.id))[-1]
    assert (last.type, last.data["code"], last.data["content"]) == (
        "error",
        "model_key_refused",
        "OpenAI did not accept your key.",
    )
    again = await session.post("again")
    await collect(session, again.id)
    assert [(m.role, m.text) for m in made.model.requests[1].messages] == [
        ("user", "go"),
        ("assistant", "par"),
        ("user", "again"),
    ]


async def test_an_unexpected_fault_ends_the_run_too(chat: Any, caplog: Any) -> None:
    made = await chat([RuntimeError("boom")])
    session = await made.open()
    run = await session.post("go")
    last = (await collect(session, run.id))[-1]
    assert (last.type, last.data["code"]) == ("error", "internal")
    assert "boom" not in last.data["content"]


async def test_a_stream_that_ends_without_an_end_is_broken(chat: Any) -> None:
    made = await chat([])
    made.model.script = []

    async def broken(_: Any, **deadlines: float) -> Any:
        yield TextDelta("x")

    made.model.stream = broken
    session = await made.open()
    run = await session.post("go")
    assert (await collect(session, run.id))[-1].data["code"] == "model_stream_broken"


async def test_a_model_that_never_stops_calling_ends_by_its_steps(chat: Any) -> None:
    made = await chat(*[[call("read", path="a")] for _ in range(5)], bounds=Bounds(steps=3))
    session = await made.open()
    run = await session.post("go")
    last = (await collect(session, run.id))[-1]
    assert (last.type, last.data["finish_reason"]) == ("complete", "steps")
    assert len(made.tools.calls) == 3


@pytest.mark.parametrize(
    "content",
    [
        "",
        "  \n",
        "x" * 1_000_001,
        "/tool",
        "/tool files",
        "/tool files read {",
        "/tool files read []",
        '/tool files read {"a": NaN}',
        '/tool files read {"a": "\\ud800"}',
    ],
)
async def test_a_message_that_cannot_be_taken_is_refused_before_anything_is_kept(
    chat: Any, content: str
) -> None:
    made = await chat()
    session = await made.open()
    with pytest.raises(BadRequest):
        await session.post(content)
    assert await session.messages() == []


async def test_a_run_cut_off_by_a_crash_ends_as_interrupted_with_its_text(chat: Any) -> None:
    made = await chat(["kept", asyncio.Event()])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, until=lambda e: e.type == "token")
    await session._live[run.id].ledger.save_text()
    await made.supervisor.close(1)  # as a crash: the driver writes nothing any more
    made.supervisor = type(made.supervisor)()
    again = await made.open("two")
    [_, answer] = await again.messages()
    assert (answer["status"], answer["error"]["code"]) == ("failed", "interrupted")
    assert answer["parts"][0]["content"] == "kept"
    events = await collect(again, run.id)
    assert types(events)[-1] == "error"
    assert events[-2].data["content"] == "kept"
    assert events[-2].seq > events[0].seq + 1000, "told anew, to who had seen more too"


async def test_a_run_of_a_living_server_is_left_alone_and_its_session_is_read_only(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat([gate, "one"], alive=frozenset({"one"}))
    session = await made.open("one")
    run = await session.post("go")
    await collect(session, run.id, until=lambda e: e.type == "start")
    other = await made.open("two")
    with pytest.raises(RunningElsewhere):
        await other.post("me too")
    assert [m["role"] for m in await other.messages()] == ["user", "assistant"]
    gate.set()
    assert types(await collect(session, run.id))[-1] == "complete"


async def test_closing_interrupts_work_and_leaves_nothing_running(chat: Any) -> None:
    made = await chat(["x", asyncio.Event()])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, until=lambda e: e.type == "token")
    await session.close()
    events = await collect(session, run.id)
    assert (events[-1].type, events[-1].data["code"]) == ("error", "interrupted")
    assert not made.supervisor.tasks


async def test_a_store_that_fails_in_mid_answer_ends_the_stream_with_the_reason(
    chat: Any, monkeypatch: Any
) -> None:
    gate = asyncio.Event()
    made = await chat(["kept ", gate, "lost"])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, until=lambda e: e.type == "token")

    async def full(*args: Any, **kwargs: Any) -> None:
        raise StoreUnavailable(why="the disk is full")

    monkeypatch.setattr(session._seams.runs, "commit", full)
    gate.set()
    last = (await collect(session, run.id))[-1]
    assert (last.type, last.data["code"]) == ("error", "store_unavailable")
    assert "the disk is full" in last.data["content"]


async def test_text_and_reasoning_that_alternate_are_all_stored(chat: Any) -> None:
    made = await chat(["I will look. ", ReasoningDelta("hmm "), "Answer."])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id)
    [_, answer] = await (await made.open("two")).messages()
    assert [(p["type"], p["content"]) for p in answer["parts"]] == [
        ("text", "I will look. "),
        ("reasoning", "hmm "),
        ("text", "Answer."),
    ]


async def test_ending_a_session_ends_what_waits_too(chat: Any) -> None:
    made = await chat([call("write", path="a")])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, until=lambda e: e.type == "toolCall")
    await session.end("ann")
    assert types(await collect(session, run.id))[-1] == "cancelled"


async def test_a_session_deleted_under_a_run_still_ends_its_stream(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["x", gate])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, until=lambda e: e.type == "token")
    await session._seams.sessions.delete(session.row.id)
    gate.set()
    assert types(await collect(session, run.id))[-1] == "error"


async def test_running_elsewhere_is_asked_anew_at_each_write(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat([gate, "one"], ["two"], alive=frozenset({"one"}))
    first, second = await made.open("one"), await made.open("two")
    run = await first.post("go")
    with pytest.raises(RunningElsewhere):
        await second.post("me too")
    with pytest.raises(RunningElsewhere):
        await second.cancel(run.id, "bob")
    gate.set()
    assert types(await collect(first, run.id))[-1] == "complete"
    mine = await second.post("now I")
    assert types(await collect(second, mine.id))[-1] == "complete"


async def test_what_a_dead_server_left_is_taken_up_by_one_that_was_open_all_along(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["Done."], alive=frozenset({"one"}))
    first, second = await made.open("one"), await made.open("two")
    run = await first.post("go")
    async with asyncio.timeout(60):
        while not first._live[run.id].parked:
            await asyncio.sleep(0)
    await first.close()
    made.alive = frozenset()
    await second.cancel(run.id, "bob")
    assert types(await collect(second, run.id))[-1] == "cancelled"


async def test_half_a_character_of_a_model_does_no_harm(chat: Any) -> None:
    made = await chat(["a\ud800b", call("read", path="\ud800")], ["ok"])
    session = await made.open()
    run = await session.post("go")
    events = await collect(session, run.id)
    assert types(events)[-1] == "complete"
    assert events[1].data["content"] == "a?b"
    assert made.tools.calls == []


def test_every_state_but_the_ends_can_end_and_the_ends_are_final() -> None:
    ends = {RunState.DONE, RunState.FAILED, RunState.CANCELLED}
    for state in RunState:
        assert (NEXT[state] >= ends) is (state not in ends)
    with pytest.raises(BadMove):
        move(RunState.DONE, RunState.CALLING_MODEL)


async def test_a_post_goes_by_what_another_server_changed_in_the_chat(chat: Any) -> None:
    made = await chat(["done"], alive=frozenset({"one", "two"}))
    here, there = await made.open("one"), await made.open("two")
    await there.change(name="Moons", titled=True, model="scripted/two")
    run = await here.post("Tell me about the moon")
    assert run.model == "scripted/two"
    assert here.row.name == "Moons"
    await collect(here, run.id)


async def test_a_chat_at_work_elsewhere_is_not_changed(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["first", gate], alive=frozenset({"one", "two"}))
    here, there = await made.open("one"), await made.open("two")
    run = await here.post("go")
    with pytest.raises(RunningElsewhere):
        await there.change(name="Moons")
    gate.set()
    await collect(here, run.id)
    await there.change(name="Moons")
