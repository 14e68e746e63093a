"""How long an answer may work, and a question wait. Clocks are handed in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from mandrake_jupyter.sessions.endings import in_words
from mandrake_jupyter.sessions.seams import Bounds
from mandrake_jupyter.values import utcnow

from .conftest import call, collect, types
from .test_approvals import parked

HOUR, WEEK = 3_600.0, 604_800.0


@dataclass
class Clock:
    """Both of a run's clocks; `passes` is given to a script to let time go by during a model request."""

    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> Any:
        return utcnow() + timedelta(seconds=self.seconds)


class Working(asyncio.Event):
    """A place in a script where the model works for some seconds of `clock`."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__()
        self.clock, self.work = clock, seconds

    async def wait(self) -> Any:
        self.clock.seconds += self.work
        return True


async def test_an_answer_that_works_for_too_long_ends_with_what_arrived(chat: Any) -> None:
    clock = Clock()
    script: list[Any] = ["Let me ", Working(clock, HOUR), asyncio.Event()]
    made = await chat(script, ["Next."], clock=clock)
    session = await made.open()
    run, later = await session.post("go"), await session.post("and then?")
    events = await collect(session, run.id)
    assert (events[-1].type, events[-1].data["code"]) == ("error", "run_timeout")
    assert events[-1].data["content"] == "The answer was stopped, because it was at work for 1 hour."
    assert events[-1].data["actions"] == ["continue", "start_over"]
    assert made.model.closed >= 1  # the next one may be closed, too
    [_, answer, *_] = await session.messages()
    assert (answer["status"], answer["parts"][0]["content"]) == ("failed", "Let me ")
    assert types(await collect(session, later.id))[-1] == "complete"


async def test_a_tool_that_outlives_the_answer_is_unknown(chat: Any) -> None:
    clock = Clock()
    made = await chat([call("read", path="a")], clock=clock)
    made.tools.gate = asyncio.Event()
    session = await made.open()
    run = await session.post("go")
    async with asyncio.timeout(60):
        await made.tools.called.wait()
    clock.seconds += HOUR
    events = await collect(session, run.id)
    assert (events[-2].data["status"], events[-1].data["code"]) == ("unknown", "run_timeout")


@pytest.mark.parametrize(("after", "end"), [(0.5, "complete"), (1.5, "error")])
async def test_only_work_counts_against_the_limit(chat: Any, after: float, end: str) -> None:
    clock = Clock()
    before = [Working(clock, HOUR - 1), call("write", path="a")]
    made = await chat(
        before, ["Done.", Working(clock, after), *([asyncio.Event()] * (end == "error"))], clock=clock
    )
    session = await made.open()
    run = await session.post("go")
    [waiting] = await parked(session, run)
    clock.seconds += WEEK - 60
    await session.decide(run.id, waiting, "once", None, "", "ann")
    last = (await collect(session, run.id))[-1]
    assert (last.type, last.data.get("code")) == (end, "run_timeout" if end == "error" else None)


async def test_an_answer_that_finishes_late_is_not_thrown_away(chat: Any) -> None:
    clock = Clock()
    made = await chat(["Done.", Working(clock, HOUR + 1)], clock=clock)
    session = await made.open()
    assert types(await collect(session, (await session.post("go")).id))[-1] == "complete"


async def test_a_question_nobody_answers_is_withdrawn_and_the_next_message_runs(chat: Any) -> None:
    made = await chat(["I'd write. ", call("write", path="a")], ["Next."])
    session = await made.open()
    run, later = await session.post("go"), await session.post("and then?")
    await parked(session, run)
    assert session.expire(utcnow() + timedelta(seconds=WEEK - 60)) == []
    assert session.expire(utcnow() - timedelta(seconds=WEEK)) == []  # a clock that was set back
    assert session.expire(utcnow() + timedelta(seconds=WEEK + 60)) == [run.id]
    events = await collect(session, run.id)
    assert (types(events)[-2:], events[-2].data["status"]) == (["toolResult", "error"], "withdrawn")
    assert events[-1].data["code"] == "approval_timeout"
    assert events[-1].data["content"] == 'Nobody decided on the tool "write" within 7 days.'
    assert made.tools.calls == []
    assert types(await collect(session, later.id))[-1] == "complete"
    assert session.expire(utcnow() + timedelta(days=999)) == []


async def test_a_question_waits_for_ever_where_no_limit_is_set(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["Done."], bounds=Bounds(approval=0, run=0))
    session = await made.open()
    run = await session.post("go")
    [waiting] = await parked(session, run)
    assert session.expire(utcnow() + timedelta(days=9_999)) == []
    await session.decide(run.id, waiting, "once", None, "", "ann")
    assert types(await collect(session, run.id))[-1] == "complete"


@pytest.mark.parametrize(("away", "statuses"), [(WEEK - 60, "waiting"), (WEEK + 60, "failed")])
async def test_a_question_keeps_its_age_over_a_restart(chat: Any, away: float, statuses: str) -> None:
    clock = Clock()
    made = await chat([call("write", path="a")], clock=clock)
    session = await made.open("one")
    run = await session.post("go")
    await parked(session, run)
    await session.close()
    clock.seconds += away
    again = await made.open("two")
    [_, answer] = await again.messages()
    assert answer["status"] == statuses
    if statuses == "failed":
        assert answer["error"]["code"] == "approval_timeout"
        assert types(await collect(again, run.id))[-2:] == ["toolResult", "error"]


async def test_a_chat_that_is_put_away_leaves_its_questions_alone(chat: Any) -> None:
    made = await chat([call("write", path="a")])
    session = await made.open()
    await parked(session, await session.post("go"))
    await session.close()
    assert session.expire(utcnow() + timedelta(days=999)) == []
    assert (await session.messages())[1]["status"] == "waiting"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.05, "0.05 s"),
        (90, "90 s"),
        (60, "1 minute"),
        (HOUR, "1 hour"),
        (WEEK, "7 days"),
        (5_400, "90 minutes"),
    ],
)
def test_a_limit_is_told_in_the_largest_unit_that_is_exact(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
