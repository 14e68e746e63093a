"""A model that can't answer now is asked again, visibly, within bounds, and never after anything was shown."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from mandrake_jupyter import errors
from mandrake_jupyter.sessions.endings import Ending
from mandrake_jupyter.sessions.retrying import hurry, wait_before
from mandrake_jupyter.sessions.run_state import RunState
from mandrake_jupyter.sessions.seams import Bounds, pause
from mandrake_jupyter.values import utcnow

from .conftest import Pauses, call, collect, types
from .test_approvals import parked
from .test_deadlines import HOUR, Clock


def busy(seconds: float | None = None) -> errors.RateLimited:
    return errors.RateLimited(provider="Scripted", seconds="7", retry_after=seconds)


TROUBLE = errors.ProviderTrouble(provider="Scripted")


async def waiting(made: Any) -> tuple[Any, Any]:
    """A session whose run waits for its next try, and that run."""
    session = await made.open()
    run = await session.post("go")
    async with asyncio.timeout(60):
        await made.pauses.begun.wait()
    return session, run


@pytest.mark.parametrize(
    "error",
    [
        TROUBLE,
        errors.Unreachable(host="nowhere"),
        errors.StreamBroken(),
        busy(),
    ],
    ids=lambda error: error.code,
)
async def test_what_may_pass_is_tried_again_and_the_answer_is_as_if_nothing_was(
    chat: Any, error: errors.MandrakeError
) -> None:
    made = await chat([error], [error], ["Hello."])
    session = await made.open()
    before = utcnow()
    events = await collect(session, (await session.post("go")).id)
    assert types(events) == ["start", "retry", "retry", "token", "usage", "complete"]
    first, second = made.pauses.seconds
    assert 1 <= first <= 1.25
    assert 2 <= second <= 2.5
    assert [request == made.model.requests[0] for request in made.model.requests] == [True] * 3
    told = events[1].data
    assert (told["attempt"], told["of"], told["code"]) == (1, 3, error.code)
    assert (told["content"], told["actions"]) == (str(error), ["try_now"])
    waits = timedelta(seconds=first)
    assert before <= datetime.fromisoformat(told["at"]) - waits <= utcnow()


@pytest.mark.parametrize(
    "error",
    [
        errors.KeyRefused(provider="Scripted"),
        errors.KeyMissing(provider="Scripted"),
        errors.ModelNotAvailable(model="one"),
        errors.ProviderRejected(provider="Scripted", why="no"),
        errors.ProviderTimeout(provider="Scripted", seconds="60"),
        errors.ProviderStalled(provider="Scripted", seconds="60"),
    ],
    ids=lambda error: error.code,
)
async def test_what_does_not_pass_by_itself_fails_at_once(chat: Any, error: errors.MandrakeError) -> None:
    made = await chat([error], ["never"])
    session = await made.open()
    events = await collect(session, (await session.post("go")).id)
    assert (types(events), events[-1].data["code"]) == (["start", "error"], error.code)
    assert len(made.model.requests) == 1


async def test_the_tries_are_bounded_and_the_last_error_is_told(chat: Any) -> None:
    made = await chat([TROUBLE], [TROUBLE], [busy()], bounds=Bounds(retries=2))
    session = await made.open()
    events = await collect(session, (await session.post("go")).id)
    assert types(events) == ["start", "retry", "retry", "error"]
    assert events[-1].data["code"] == "model_rate_limited"
    [_, answer] = await session.messages()
    assert (answer["status"], answer["retry"]) == ("failed", None)


async def test_no_try_where_none_is_allowed(chat: Any) -> None:
    made = await chat([TROUBLE], bounds=Bounds(retries=0))
    session = await made.open()
    assert types(await collect(session, (await session.post("go")).id)) == ["start", "error"]


async def test_what_the_provider_asks_for_wins_and_asked_for_too_much_it_fails_at_once(chat: Any) -> None:
    made = await chat([busy(7.0)], [busy(61.0)])
    session = await made.open()
    events = await collect(session, (await session.post("go")).id)
    assert types(events) == ["start", "retry", "error"]
    assert made.pauses.seconds == [7.0]
    assert events[-1].data["retry_after"] == 61.0


@pytest.mark.parametrize("piece", ["text", "reasoning"])
async def test_nothing_is_asked_again_once_something_was_shown(chat: Any, piece: str) -> None:
    from mandrake_jupyter.providers.base import ReasoningDelta, TextDelta

    shown = TextDelta("Hel") if piece == "text" else ReasoningDelta("Hm")
    made = await chat([shown, TROUBLE], ["never"])
    session = await made.open()
    events = await collect(session, (await session.post("go")).id)
    assert types(events)[-1] == "error"
    assert "retry" not in types(events)
    assert len(made.model.requests) == 1


async def test_a_request_after_a_tool_has_all_its_tries_and_no_tool_runs_twice(chat: Any) -> None:
    made = await chat(
        [TROUBLE], ["I'll read. ", call("read", path="a")], [TROUBLE], [TROUBLE], ["Read."], bounds=Bounds()
    )
    session = await made.open()
    events = await collect(session, (await session.post("go")).id)
    assert [e.data["attempt"] for e in events if e.type == "retry"] == [1, 1, 2]
    assert events[-1].type == "complete"
    assert len(made.tools.calls) == 1


async def test_while_it_waits_everybody_can_see_so(chat: Any) -> None:
    made = await chat([busy(7.0)], ["Hello."], pauses=Pauses(held=True))
    session, run = await waiting(made)
    shown = await session.run(run.id)
    [_, answer] = await session.messages()
    assert shown["state"] == "calling_model"
    assert answer["status"] == "running"
    assert answer["retry"] == shown["retry"]
    assert (shown["retry"]["seconds"], shown["retry"]["of"]) == (7.0, 3)
    assert shown["retry"].keys() == {
        "attempt", "of", "seconds", "at", "code", "content", "then", "actions"
    }  # fmt: skip
    hurry(session.runs, run.id)
    events = await collect(session, run.id)
    assert types(events) == ["start", "retry", "retry", "token", "usage", "complete"]
    assert (events[2].data["attempt"], events[2].data["seconds"]) == (1, 0.0)
    with pytest.raises(errors.Conflict):
        hurry(session.runs, run.id)
    assert (await session.run(run.id))["retry"] is None


async def test_only_what_waits_can_be_hurried_and_only_once(chat: Any) -> None:
    made = await chat([TROUBLE, asyncio.Event()], [asyncio.Event()], pauses=Pauses(held=True))
    session, run = await waiting(made)
    hurry(session.runs, run.id)
    with pytest.raises(errors.Conflict):
        hurry(session.runs, run.id)
    await collect(session, run.id, lambda event: event.type == "retry" and not event.data["seconds"])
    await session.cancel(run.id, "ann")
    assert types(await collect(session, run.id)) == ["start", "retry", "retry", "cancelled"]


async def test_a_cancel_ends_the_wait(chat: Any) -> None:
    made = await chat([TROUBLE], ["never"], pauses=Pauses(held=True))
    session, run = await waiting(made)
    await session.cancel(run.id, "ann")
    events = await collect(session, run.id)
    assert types(events) == ["start", "retry", "cancelled"]
    assert len(made.model.requests) == 1


async def test_the_wait_is_work_that_the_longest_answer_bounds(chat: Any) -> None:
    clock = Clock()
    made = await chat([TROUBLE], ["never"], pauses=Pauses(held=True), clock=clock)
    session, run = await waiting(made)
    clock.seconds += HOUR
    events = await collect(session, run.id)
    assert (types(events), events[-1].data["code"]) == (["start", "retry", "error"], "run_timeout")


async def test_a_stop_of_the_jupyter_server_ends_the_wait_as_interrupted(chat: Any) -> None:
    made = await chat([TROUBLE], ["never"], pauses=Pauses(held=True))
    session, run = await waiting(made)
    await session.close()
    again = await made.open("two")
    events = await collect(again, run.id)
    assert (types(events), events[-1].data["code"]) == (["start", "retry", "error"], "interrupted")
    assert (await again.run(run.id))["retry"] is None


async def test_a_killed_jupyter_server_leaves_one_terminal_event_and_no_second_request(chat: Any) -> None:
    made = await chat([TROUBLE], ["never"], pauses=Pauses(held=True))
    first, run = await waiting(made)
    again = await made.open("two")  # the first one is dead, as far as the second can tell
    events = await collect(again, run.id)
    assert (types(events), events[-1].data["code"]) == (["start", "retry", "error"], "interrupted")
    [held] = first.runs
    held.stop(Ending(RunState.CANCELLED, "test"))
    assert len(made.model.requests) == 1


async def test_a_question_to_a_person_after_a_retry_does_not_look_like_a_wait(chat: Any) -> None:
    made = await chat([TROUBLE], [call("write", path="a")], ["Done."])
    session = await made.open("one")
    run = await session.post("go")
    [waits] = await parked(session, run)
    await session.put_away()
    again = await made.open("one")
    assert (await again.run(run.id))["retry"] is None
    await again.decide(run.id, waits, "once", None, "", "ann")
    assert types(await collect(again, run.id))[-1] == "complete"


@pytest.mark.parametrize(
    ("attempt", "chance", "seconds"), [(1, 0, 1), (2, 0, 2), (3, 1, 5), (7, 0, 60), (2000, 0, None)]
)
def test_the_waits_double_up_to_the_longest(attempt: int, chance: float, seconds: float | None) -> None:
    assert wait_before(TROUBLE, attempt, of=10, longest=60, chance=chance) == seconds


@pytest.mark.parametrize(("asked", "seconds"), [(0.0, 0.0), (-5.0, 0.0), (60.0, 60.0), (60.1, None)])
def test_a_wait_that_is_asked_for_is_kept_to(asked: float, seconds: float | None) -> None:
    assert wait_before(busy(asked), 1, of=1, longest=60, chance=1) == seconds


async def test_a_pause_ends_by_itself_or_when_told() -> None:
    now = asyncio.Event()
    async with asyncio.timeout(60):
        await pause(0, now)
        waits = asyncio.create_task(pause(3600, now))
        now.set()
        await waits
