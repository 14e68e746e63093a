"""A chat that was put away is nobody's any more: who still holds it reads what is stored, and touches nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from .conftest import call, collect, types
from .test_approvals import parked


async def test_who_still_watches_a_chat_that_was_put_away_takes_no_queued_message_from_the_next(
    chat: Any,
) -> None:
    made = await chat([call("write", path="a")], ["one"], ["two"])
    before = await made.open()
    asking = await before.post("first")
    await parked(before, asking)
    queued = await before.post("second")
    await before.put_away()
    assert await collect(before, queued.id) == []
    after = await made.open()
    [part] = [run.ledger.answer.parts[0] for run in after.runs if run.id == asking.id]
    await after.decide(asking.id, part.call_id, "once", None, "", "ada")
    assert types(await collect(after, queued.id))[-1] == "complete"


async def test_who_still_watches_a_chat_that_was_put_away_ends_no_answer_of_the_next(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["one ", gate, "two"])
    before = await made.open()
    await before.put_away()
    after = await made.open()
    run = await after.post("go")
    await collect(after, run.id, until=lambda event: event.type == "token")
    assert "error" not in types(await collect(before, run.id))
    gate.set()
    assert types(await collect(after, run.id))[-1] == "complete"
    [_, answer] = await after.messages()
    assert answer["status"] == "complete"
