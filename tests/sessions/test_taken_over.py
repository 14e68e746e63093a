"""A Jupyter server that was taken for dead writes nothing over the one that took its run, and tells its own readers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from mandrake_jupyter.errors import RunNotFound
from mandrake_jupyter.lifecycle.announce import RunEnded
from mandrake_jupyter.values import utcnow
from tests.support.places import BOTH

from .conftest import collect

PLACES = BOTH


async def test_a_run_that_another_server_took_over_ends_here_and_lives_there(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["one ", gate, "two"])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, lambda event: event.type == "token")
    store = session._seams.runs
    taken = await store.adopt(run, "another")
    gate.set()
    events = await collect(session, run.id)
    assert (events[-1].type, events[-1].data["code"]) == ("error", "running_elsewhere")
    assert [e.type for e in events].count("error") == 1
    row = await store.get(session.row.id, run.id)
    assert (row.instance, row.state, row.error) == ("another", "calling_model", None)
    assert all(event.type != "error" for event in await store.replay(taken))
    ends = [told for told in made.announced if isinstance(told, RunEnded)]
    assert [(end.state, end.code) for end in ends] == [("failed", "running_elsewhere")]


async def test_a_run_has_one_end_though_its_chat_was_opened_anew_while_it_was_at_work(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["one ", gate, "two"])
    late = await made.open()
    run = await late.post("go")
    await collect(late, run.id, lambda event: event.type == "token")
    now = await made.open()  # the end of `late` took longer than it may
    gate.set()
    await collect(late, run.id)
    [_, answer] = await now.messages()
    assert (answer["status"], answer["error"]["code"]) == ("failed", "interrupted")
    ends = [event.type for event in await now._seams.runs.replay(run) if event.terminal]
    assert ends == ["error"]


async def test_a_chat_that_another_server_deleted_tells_nothing_here_though_it_is_open(chat: Any) -> None:
    made = await chat(["one"])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id)
    await session._seams.sessions.put_aside(session.row.id, utcnow() + timedelta(minutes=1))
    for look in (
        session.run,
        session.answer,
        lambda id: collect(session, id),
        lambda id: session.cancel(id, "me"),
    ):
        with pytest.raises(RunNotFound):
            await look(run.id)
