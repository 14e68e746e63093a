"""Text that was shown is stored soon enough, whatever a commit takes; and commits that are slow are not all that is done."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from mandrake_jupyter.sessions.pace import Pace
from mandrake_jupyter.sessions.seams import Bounds

from .conftest import collect

BOUND = 0.25


def behind(commits: Iterable[float], late: float = 0.0) -> list[float]:
    """How long what was shown the moment after each commit had looked waits until it is stored. Timers ring `late`."""
    now, looked, waited = 0.0, None, []
    pace = Pace(BOUND, lambda: now)
    for took in commits:
        began = now
        with pace.storing():
            now += took
        if looked is not None:
            waited.append(now - looked)
        looked = began
        now += pace.wait + late
    return waited


@pytest.mark.parametrize("took", [0.0, 0.001, 0.01, 0.05, 0.06])
def test_text_is_stored_within_the_bound_whatever_a_commit_takes(took: float) -> None:
    assert max(behind([took] * 20, late=0.04)) <= BOUND


@pytest.mark.parametrize("times", [1, 2, 3])
def test_after_a_slow_commit_the_next_ones_come_sooner_and_later_again(times: int) -> None:
    quick, slow = [0.002] * 5, [0.08]
    waits = behind([*quick, *slow * times, *quick, *quick])
    assert max(waits[-5:]) <= BOUND
    assert waits[5 + times] < waits[0]


@pytest.mark.parametrize(("took", "rest"), [(0.1, 0.1), (0.2, 0.2), (2.0, BOUND)])
def test_commits_that_take_long_leave_time_for_all_else(took: float, rest: float) -> None:
    assert behind([took] * 5) == pytest.approx([2 * took + rest] * 4)


async def test_a_run_stores_its_text_while_the_model_goes_on(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["said", gate], bounds=Bounds(flush=0.05))
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, until=lambda event: event.type == "token")
    async with asyncio.timeout(60):
        while (await session._seams.runs.answer(run)).text != "said":
            await asyncio.sleep(0.01)
    gate.set()
    await collect(session, run.id)
