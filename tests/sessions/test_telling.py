"""What is announced of a run: its states, once each, and at the end how long it worked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mandrake_jupyter.errors import StreamBroken
from mandrake_jupyter.lifecycle.announce import RunEnded, RunMoved
from mandrake_jupyter.sessions.seams import Bounds
from mandrake_jupyter.sessions.telling import Teller
from mandrake_jupyter.stores.rows import RunRow
from mandrake_jupyter.values import Usage

from .conftest import call, collect
from .test_approvals import parked

ROW = RunRow("r", "s", "one", "queued", "u", "m", "now", model="demo/m")


def states(made: Any) -> list[str]:
    return [told.state for told in made.announced if isinstance(told, RunMoved)]


def ends(made: Any) -> list[RunEnded]:
    return [told for told in made.announced if isinstance(told, RunEnded)]


async def test_each_state_of_a_run_is_announced_once(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["Done."])
    session = await made.open()
    run = await session.post("secret words")
    (waiting,) = await parked(session, run)
    assert states(made) == ["queued", "calling_model", "calling_tool", "awaiting_approval"]
    assert not ends(made)
    await session.decide(run.id, waiting, "once", None, "", "ann")
    await collect(session, run.id)
    assert states(made)[4:] == ["calling_tool", "calling_model", "done"]
    (end,) = ends(made)
    assert (end.state, end.code, end.model, end.session_id) == ("done", None, "scripted/one", session.row.id)
    assert end.usage == Usage(20, 4)
    assert end.first_token_seconds is not None
    assert 0 <= end.first_token_seconds <= end.seconds
    assert "secret" not in repr(made.announced)


async def test_a_failed_run_tells_the_code_of_its_error(chat: Any) -> None:
    made = await chat([StreamBroken()], bounds=Bounds(retries=0))
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id)
    (end,) = ends(made)
    assert (end.state, end.code, end.first_token_seconds) == ("failed", "model_stream_broken", None)


async def test_an_end_that_can_not_be_stored_is_announced_all_the_same(chat: Any, monkeypatch: Any) -> None:
    made = await chat(["word"])
    session = await made.open()
    commit = session._seams.runs.commit

    async def full(*args: Any, columns: Any = None, **kwargs: Any) -> None:
        if columns and columns.get("state") in ("done", "failed"):
            raise OSError("disk full")
        await commit(*args, columns=columns, **kwargs)

    monkeypatch.setattr(session._seams.runs, "commit", full)
    run = await session.post("go")
    assert (await collect(session, run.id))[-1].type == "error"
    assert [(end.state, end.code) for end in ends(made)] == [("failed", "internal")]


def test_time_in_which_a_run_waits_is_not_counted() -> None:
    now = 0.0
    announced: list[Any] = []
    teller = Teller(announced.append, "w", lambda: now)
    for state, lasted in (("queued", 100), ("calling_model", 2), ("awaiting_approval", 1000)):
        teller.moved(replace(ROW, state=state))
        now += lasted
        if state == "calling_model":
            teller.answered()
    teller.moved(replace(ROW, state="calling_model"))
    now += 3
    teller.answered()
    teller.moved(replace(ROW, state="done"))
    assert (announced[-1].seconds, announced[-1].first_token_seconds) == (5.0, 2.0)
