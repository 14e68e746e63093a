"""One record per tool call, there before anybody sees the call, and complete with it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mandrake_jupyter.errors import AlreadyDecided, BadRequest, Conflict, RunningElsewhere, Unavailable
from mandrake_jupyter.providers.base import ToolCallRequested
from mandrake_jupyter.stores.auditing import AuditStore
from mandrake_jupyter.values.tool_rules import ToolRules

from .conftest import WRITE, call, collect, types
from .test_approvals import parked


async def records(made: Any) -> list[dict[str, Any]]:
    return (await AuditStore(made.database).records(made.workspace_id))[::-1]


async def decisions(made: Any) -> list[tuple[str | None, str | None, str | None]]:
    return [(one["decision"], one["by"], one["outcome"]) for one in await records(made)]


async def test_a_record_is_there_before_the_call_is_shown_and_complete_before_its_result_is(
    chat: Any,
) -> None:
    made = await chat([call("write", path="a")], ["ok"])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, until=lambda event: event.type == "toolCall")
    [waits] = await records(made)
    assert (waits["decision"], waits["decided"], waits["outcome"], waits["finished"]) == (None,) * 4
    assert (waits["server"], waits["tool"], waits["arguments"]) == ("files", "write", {"path": "a"})
    assert waits["schema_hash"] == WRITE.schema_hash
    [waiting] = await parked(session, run)
    await session.decide(run.id, waiting, "once", {"path": "b"}, "", "ann")
    await collect(session, run.id, until=lambda event: event.type == "toolResult")
    [ended] = await records(made)
    assert (ended["id"], ended["asked"]) == (waits["id"], waits["asked"])
    assert (ended["decision"], ended["by"], ended["outcome"]) == ("once", "ann", "done")
    assert (ended["arguments"], ended["edited"]) == ({"path": "b"}, True)
    assert ended["asked"] <= ended["decided"] <= ended["finished"]
    await collect(session, run.id)


async def test_arguments_sent_back_as_they_were_are_no_edit(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["ok"])
    session = await made.open()
    run = await session.post("go")
    [waiting] = await parked(session, run)
    await session.decide(run.id, waiting, "once", {"path": "a"}, "", "ann")
    await collect(session, run.id)
    assert (await records(made))[0]["edited"] is False


async def test_yes_in_the_place_of_a_number_is_an_edit_and_is_checked(chat: Any) -> None:
    made = await chat([call("write", path="a", times=1)], ["ok"])
    session = await made.open()
    run = await session.post("go")
    [waiting] = await parked(session, run)
    await session.decide(run.id, waiting, "once", {"path": "a", "times": True}, "", "ann")
    await collect(session, run.id)
    [record] = await records(made)
    assert (record["edited"], record["arguments"]["times"]) == (True, True)


async def test_what_needed_no_question_says_why(chat: Any) -> None:
    script = [call("read", path="a")], [call("write", path="a")], [call("write", path="b")]
    made = await chat(*(turn for calls in script for turn in (calls, ["ok"])))
    session = await made.open()
    await collect(session, (await session.post("read")).id)
    run = await session.post("write")
    [waiting] = await parked(session, run)
    await session.decide(run.id, waiting, "session", None, "", "ann")
    await collect(session, run.id)
    await collect(session, (await session.post("again")).id)
    await collect(session, (await session.post('/tool files write {"path": "c"}', by="eve")).id)
    assert await decisions(made) == [
        ("read_only", None, "done"),
        ("session", "ann", "done"),
        ("granted", None, "done"),
        ("direct", "eve", "done"),
    ]


async def test_a_denial_keeps_its_reason_and_a_cancelled_question_who_cancelled(chat: Any) -> None:
    made = await chat([call("write", path="a"), call("write", path="b")])
    session = await made.open()
    run = await session.post("go")
    first, _ = await parked(session, run, 2)
    await session.decide(run.id, first, "deny", None, "not that one", "ann")
    await session.cancel(run.id, "bob")
    await collect(session, run.id)
    assert await decisions(made) == [("deny", "ann", "denied"), ("withdrawn", "bob", "withdrawn")]
    assert [one["reason"] for one in await records(made)] == ["not that one", None]


async def test_calls_that_could_not_be_made_were_decided_by_nobody(chat: Any) -> None:
    broken = ToolCallRequested("x", "files__read", None, raw="{oops")
    made = await chat([call("ghost"), broken], ["Sorry."])
    session = await made.open()
    await collect(session, (await session.post("go")).id)
    assert await decisions(made) == [(None, None, "failed")] * 2


async def test_a_call_in_flight_at_a_crash_is_unknown_in_its_record(chat: Any) -> None:
    made = await chat([call("read", path="a")])
    made.tools.gate = asyncio.Event()
    session = await made.open("one")
    run = await session.post("go")
    async with asyncio.timeout(60):
        await made.tools.called.wait()
    await made.supervisor.close(1)
    made.supervisor = type(made.supervisor)()
    await collect(await made.open("two"), run.id)
    assert await decisions(made) == [("read_only", None, "unknown")]


async def test_pages_go_back_in_time_and_stay_in_their_session(chat: Any) -> None:
    made = await chat(*[[call("read", path=str(number))] for number in range(3)], ["ok"])
    session = await made.open()
    await collect(session, (await session.post("go")).id)
    store = AuditStore(made.database)
    newest = await store.records(made.workspace_id, limit=2)
    assert [one["arguments"]["path"] for one in newest] == ["2", "1"]
    [oldest] = await store.records(made.workspace_id, before=newest[-1]["id"])
    assert oldest["arguments"] == {"path": "0"}
    assert await store.records(made.workspace_id, session_id="another") == []
    assert await store.records("another") == []


async def test_deny_then_approve_and_approve_then_deny_have_one_winner(chat: Any) -> None:
    made = await chat([call("write", path="a"), call("write", path="b")], ["ok"])
    session = await made.open()
    run = await session.post("go")
    first, second = await parked(session, run, 2)
    await session.decide(run.id, first, "deny", None, "", "ann")
    with pytest.raises(AlreadyDecided, match="deny, by ann"):
        await session.decide(run.id, first, "once", None, "", "bob")
    await session.decide(run.id, second, "once", None, "", "ann")
    with pytest.raises(Conflict):
        await session.decide(run.id, second, "deny", None, "", "bob")
    await collect(session, run.id)
    assert made.tools.calls == [("write", {"path": "b"})]
    assert await decisions(made) == [("deny", "ann", "denied"), ("once", "ann", "done")]


@pytest.mark.parametrize("first", ["decide", "cancel"])
async def test_a_decision_and_a_cancel_at_once_run_it_once_or_never_and_end_it_once(
    chat: Any, first: str
) -> None:
    made = await chat([call("write", path="a")], ["ok"])
    session = await made.open()
    run = await session.post("go")
    [waiting] = await parked(session, run)
    work = {
        "decide": lambda: session.decide(run.id, waiting, "once", None, "", "ann"),
        "cancel": lambda: session.cancel(run.id, "bob"),
    }
    order = [first, *(name for name in work if name != first)]
    await asyncio.gather(*(work[name]() for name in order), return_exceptions=True)
    events = await collect(session, run.id)
    assert [event.terminal for event in events].count(True) == 1
    [record] = await records(made)
    ran = len(made.tools.calls)
    assert ran <= 1
    assert record["outcome"] in (("done", "unknown") if ran else ("withdrawn",))
    [part] = (await session.messages())[1]["parts"]
    assert part["status"] == record["outcome"]


async def test_a_decision_while_the_chat_is_closed_is_refused_and_waits_on(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["ok"])
    session = await made.open("one")
    run = await session.post("go")
    [waiting] = await parked(session, run)
    await session.close()
    with pytest.raises(Unavailable):
        await session.decide(run.id, waiting, "once", None, "", "ann")
    assert await decisions(made) == [(None, None, None)]
    again = await made.open("two")
    await again.decide(run.id, waiting, "once", None, "", "ann")
    assert types(await collect(again, run.id))[-1] == "complete"
    assert made.tools.calls == [("write", {"path": "a"})]


async def test_a_server_that_was_taken_for_dead_decides_nothing_any_more(chat: Any) -> None:
    """Else the run would be decided, and never go on: the server that has it now was not told."""
    made = await chat([call("write", path="a")], ["ok"])
    session = await made.open("one")
    run = await session.post("go")
    [waiting] = await parked(session, run)
    other = await made.open("two")
    with pytest.raises(RunningElsewhere):
        await session.decide(run.id, waiting, "once", None, "", "ann")
    await other.decide(run.id, waiting, "once", None, "", "bob")
    assert types(await collect(other, run.id))[-1] == "complete"
    assert await decisions(made) == [("once", "bob", "done")]


async def test_a_choice_that_was_not_offered_is_refused_and_changes_nothing(chat: Any) -> None:
    made = await chat([call("write", path="a"), call("read", path="b")], ["ok"])
    made.tools.says = ToolRules(ask=frozenset({"files/*"}))
    session = await made.open()
    run = await session.post("go")
    first, second = await parked(session, run, 2)
    [event, _] = [e for e in session._live[run.id].ledger.log.events if e.type == "toolCall"]
    assert event.data["choices"] == ["once", "deny"]
    parts = (await session.messages())[1]["parts"]
    assert [part["choices"] for part in parts] == [["once", "deny"]] * 2
    for decision in ("session", "workspace"):
        with pytest.raises(BadRequest, match=r"workspace\.json.*once or deny"):
            await session.decide(run.id, first, decision, None, "", "ann")
    for waiting in (first, second):
        await session.decide(run.id, waiting, "once", None, "", "ann")
    await collect(session, run.id)
    assert [one["decision"] for one in await records(made)] == ["once", "once"]
    assert [part.get("choices") for part in (await session.messages())[1]["parts"]] == [None] * 3
