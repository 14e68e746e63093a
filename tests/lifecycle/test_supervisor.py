"""Background tasks that fail, hang and are shared."""

from __future__ import annotations

import asyncio
import contextvars
import logging

import pytest

from mandrake_jupyter.errors import ServerGone, Unavailable
from mandrake_jupyter.lifecycle.supervisor import SingleFlight, Supervisor, cause

from ..support.mcp_leaks import eventually

request = contextvars.ContextVar("request", default="none")


async def test_a_task_does_not_carry_the_context_of_the_request_that_started_it() -> None:
    supervisor = Supervisor()
    request.set("a request")

    async def look() -> str:
        return request.get()

    assert await supervisor.spawn("look", look()) == "none"


async def test_a_failing_task_is_logged_and_leaves_its_siblings_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    supervisor = Supervisor()
    go = asyncio.Event()

    async def fail() -> None:
        raise ValueError("broken")

    async def live() -> str:
        await go.wait()
        return "alive"

    sibling = supervisor.spawn("sibling", live())
    with caplog.at_level(logging.ERROR):
        await asyncio.wait([supervisor.spawn("bad", fail())])
    go.set()
    assert await sibling == "alive"
    assert "bad failed: ValueError('broken')" in caplog.text
    assert not supervisor.tasks


async def test_close_ends_all_tasks_and_names_those_that_do_not_end() -> None:
    supervisor = Supervisor()
    release = asyncio.Event()

    async def deaf() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async def good() -> None:
        await asyncio.Event().wait()

    supervisor.spawn("good", good())
    stuck = supervisor.spawn("deaf", deaf())
    await asyncio.sleep(0)
    assert await supervisor.close(timeout=0.3) == ["deaf"]
    release.set()
    await stuck
    with pytest.raises(Unavailable):
        supervisor.spawn("late", good())


async def test_many_callers_share_one_flight() -> None:
    flights: SingleFlight[object] = SingleFlight(Supervisor())
    made = 0

    async def make() -> object:
        nonlocal made
        made += 1
        await asyncio.sleep(0)
        return object()

    assert len(set(await asyncio.gather(*[flights.run("k", make) for _ in range(50)]))) == 1
    assert made == 1


async def test_a_cancelled_caller_cancels_only_its_own_wait() -> None:
    flights: SingleFlight[str] = SingleFlight(Supervisor())
    go = asyncio.Event()

    async def make() -> str:
        await go.wait()
        return "made"

    first = asyncio.create_task(flights.run("k", make))
    second = asyncio.create_task(flights.run("k", make))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    go.set()
    assert first.cancelled()
    assert await second == "made"


async def test_a_failure_reaches_all_waiters_and_is_not_kept() -> None:
    flights: SingleFlight[str] = SingleFlight(Supervisor())
    answers = [ValueError("first"), "second"]

    async def make() -> str:
        await asyncio.sleep(0)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    results = await asyncio.gather(flights.run("k", make), flights.run("k", make), return_exceptions=True)
    assert [str(r) for r in results] == ["first", "first"]
    assert await flights.run("k", make) == "second"


@pytest.mark.parametrize("steps", [0, 1])
async def test_closing_the_supervisor_ends_the_wait_for_a_flight(steps: int) -> None:
    supervisor = Supervisor()
    flights: SingleFlight[None] = SingleFlight(supervisor)
    waiter = asyncio.create_task(flights.run("k", asyncio.Event().wait))  # type: ignore[arg-type]
    await eventually(lambda: supervisor.tasks)
    for _ in range(steps):
        await asyncio.sleep(0)
    assert await supervisor.close() == []
    with pytest.raises(Unavailable):
        await waiter
    assert "k" not in flights


def test_the_cause_of_a_group_is_what_helps_a_user() -> None:
    ours, broke, cancelled = ServerGone(name="x"), OSError("disk"), asyncio.CancelledError()

    class ClosedResourceError(Exception):
        pass

    assert cause(broke) is broke
    assert (
        cause(BaseExceptionGroup("g", [cancelled, ExceptionGroup("h", [ClosedResourceError(), broke])]))
        is broke
    )
    assert cause(BaseExceptionGroup("g", [cancelled, broke, ours])) is ours
