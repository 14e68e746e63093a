"""Messages that wait for their turn are durable: they outlive what is at work, the chat and the Jupyter server."""

from __future__ import annotations

import asyncio
from typing import Any

from mandrake_jupyter.errors import TooMany

from .conftest import call, collect, types
from .test_approvals import parked
from .test_audit import decisions


async def queue_behind_work(made: Any, *words: str) -> list[Any]:
    """The runs of a first message, that is at work, and of `words`."""
    session = await made.open("one")
    first = await session.post("first")
    await collect(session, first.id, until=lambda event: event.type == "token")
    return [session, first, *[await session.post(word) for word in words]]


async def test_a_queue_waits_on_when_jupyter_stops_and_goes_on_once_somebody_reads(chat: Any) -> None:
    made = await chat(["a", asyncio.Event()], ["two"], ["three"])
    session, first, second, third = await queue_behind_work(made, "b", "c")
    await session.close()
    assert await collect(session, second.id) == [], "its readers come again"
    again = await made.open("two")
    assert [m["status"] for m in await again.messages()] == ["complete", "failed", *["queued"] * 4]
    assert len(made.model.requests) == 1, "nobody is there"
    events = await collect(again, second.id)
    assert (types(events)[0], types(events)[-1], events[0].seq) == ("start", "complete", 1)
    assert types(await collect(again, third.id))[-1] == "complete"
    assert [r.messages[-1].text for r in made.model.requests] == ["first", "b", "c"]
    assert types(await collect(again, first.id))[-1] == "error"


async def test_a_queued_message_is_withdrawn_after_a_restart_and_starts_nothing(chat: Any) -> None:
    made = await chat(["a", asyncio.Event()], ["three"])
    session, _, second, third = await queue_behind_work(made, "b", "c")
    await made.supervisor.close(1)  # as a crash: the driver writes nothing any more
    made.supervisor = type(made.supervisor)()
    again = await made.open("two")
    await again.cancel(second.id, "ann")
    assert types(await collect(again, second.id)) == ["cancelled"]
    assert [m["run_id"] for m in await again.messages()][2:] == [third.id] * 2
    assert len(made.model.requests) == 1
    fourth = await again.post("d")
    made.model.script.append(["four"])
    assert types(await collect(again, fourth.id))[-1] == "complete"
    assert [r.messages[-1].text for r in made.model.requests] == ["first", "c", "d"], "in their order"
    del session


async def test_a_message_that_is_withdrawn_twice_at_once_has_ended_for_both_and_starts_nothing(
    chat: Any,
) -> None:
    made = await chat(["a", asyncio.Event()])
    session, _, second, third = await queue_behind_work(made, "b", "c")
    await session.close()
    again = await made.open("two")

    async def withdraw() -> tuple[Any, Any]:
        await again.cancel(second.id, "ann")
        return (await again.run(second.id))["state"], (await again.run(third.id))["state"]

    assert await asyncio.gather(withdraw(), withdraw()) == [("cancelled", "queued")] * 2
    assert len(made.model.requests) == 1


async def test_a_queue_behind_a_decision_survives_a_restart_with_it(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["one"], ["two"])
    session = await made.open("one")
    asking = await session.post("first")
    [waiting] = await parked(session, asking)
    queued = await session.post("second")
    await session.close()
    again = await made.open("two")
    assert [m["status"] for m in await again.messages()] == ["complete", "waiting", "queued", "queued"]
    await again.decide(asking.id, waiting, "once", None, "", "ann")
    assert types(await collect(again, queued.id))[-1] == "complete"
    assert made.tools.calls == [("write", {"path": "a"})]


async def test_a_question_is_a_persons_to_answer_even_where_the_crash_came_before_the_run_was_parked(
    chat: Any, monkeypatch: Any
) -> None:
    made = await chat([call("write", path="a")], ["Done."])
    session = await made.open("one")
    runs, never = session._seams.runs, asyncio.Event()
    commit = type(runs).commit

    async def dies_before_it_parks(self: Any, run: Any, **changes: Any) -> None:
        if (changes.get("columns") or {}).get("state") == "awaiting_approval":
            await never.wait()
        await commit(self, run, **changes)

    with monkeypatch.context() as patch:
        patch.setattr(type(runs), "commit", dies_before_it_parks)
        run = await session.post("go")
        await collect(session, run.id, until=lambda event: event.type == "toolCall")
        await made.supervisor.close(0.1)
    made.supervisor = type(made.supervisor)()
    again = await made.open("two")
    assert [m["status"] for m in await again.messages()] == ["complete", "waiting"]
    [part] = again.runs[0].ledger.answer.parts
    await again.decide(run.id, part.call_id, "once", None, "", "ann")
    assert types(await collect(again, run.id))[-1] == "complete"


async def test_a_chat_that_is_put_away_by_force_ends_what_waits_in_it(chat: Any) -> None:
    made = await chat(["a", asyncio.Event()])
    session, first, second = await queue_behind_work(made, "b")
    await session.put_away()
    for run in (first, second):
        end = (await collect(session, run.id))[-1]
        assert (end.type, end.data["code"]) == ("error", "interrupted")


async def test_messages_that_come_at_once_are_no_more_than_may_wait(chat: Any) -> None:
    made = await chat(["a", asyncio.Event()])
    session, *_ = await queue_behind_work(made)
    posted = [session.post(f"m{n}") for n in range(session._seams.bounds.queued + 10)]
    found = await asyncio.gather(*posted, return_exceptions=True)
    assert [type(one) for one in found].count(TooMany) == 10
    await session.end("ann")


async def test_a_tool_call_of_a_user_that_is_taken_up_after_a_restart_is_still_his(chat: Any) -> None:
    made = await chat(["a", asyncio.Event()])
    session = await made.open("one")
    first = await session.post("first", by="ann")
    await collect(session, first.id, until=lambda event: event.type == "token")
    direct = await session.post('/tool files write {"path": "a"}', by="eve")
    await session.close()
    again = await made.open("two")
    await collect(again, direct.id)
    assert ("direct", "eve", "done") in await decisions(made)
    assert made.tools.calls == [("write", {"path": "a"})]
