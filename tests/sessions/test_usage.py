"""What an answer used is added up: over its requests and tries, and also where it did not come to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from mandrake_jupyter import errors
from mandrake_jupyter.lifecycle.announce import RunEnded
from mandrake_jupyter.providers.base import Finished
from mandrake_jupyter.values import Usage

from .conftest import ScriptedModel, call, collect, types

TROUBLE = errors.ProviderTrouble(provider="Scripted")


class Spender(ScriptedModel):
    """Used 7 and 3 tokens where a request does not come to its end."""

    async def stream(self, request: Any, *, spent: Any, **deadlines: float) -> AsyncIterator[Any]:
        ended = False
        try:
            async for event in super().stream(request, **deadlines):
                ended = ended or isinstance(event, Finished)
                yield replace(event, usage=Usage(100, 20, 50, 0.5)) if isinstance(event, Finished) else event
        finally:
            if not ended:
                spent(Usage(7, 3, 1, 0.25))


async def opened(chat: Any, *script: list[Any]) -> Any:
    made = await chat()
    made.model = Spender(list(script))
    return made, await made.open()


def tokens(usage: Any) -> tuple[int, int, int, float]:
    return usage["input_tokens"], usage["output_tokens"], usage["cache_read_tokens"], usage["cost"]


async def test_the_requests_of_a_tool_loop_and_their_tries_are_added_up(chat: Any) -> None:
    _, session = await opened(chat, [TROUBLE], [call("read", path="a")], ["Done."])
    events = await collect(session, (await session.post("go")).id)
    assert [tokens(e.data) for e in events if e.type == "usage"] == [
        (107, 23, 51, 0.75),
        (207, 43, 101, 1.25),
    ]
    assert tokens(events[-1].data["usage"]) == (207, 43, 101, 1.25)
    assert tokens((await session.messages())[1]["usage"]) == (207, 43, 101, 1.25)


async def test_what_a_failed_answer_used_counts(chat: Any) -> None:
    made, session = await opened(chat, [call("read", path="a")], ["Hal", errors.StreamBroken()])
    run = await session.post("go")
    events = await collect(session, run.id)
    assert types(events)[-2:] == ["usage", "error"]
    assert tokens(events[-2].data) == (107, 23, 51, 0.75)
    assert tokens((await session.run(run.id))["usage"]) == (107, 23, 51, 0.75)
    [told] = [one for one in made.announced if isinstance(one, RunEnded)]
    assert (told.usage.input_tokens, told.code) == (107, "model_stream_broken")


async def test_what_a_cancelled_answer_used_counts(chat: Any) -> None:
    _, session = await opened(chat, ["Hal", asyncio.Event()])
    run = await session.post("go")
    await collect(session, run.id, lambda event: event.type == "token")
    await session.cancel(run.id, "ann")
    events = await collect(session, run.id)
    assert types(events)[-2:] == ["usage", "cancelled"]
    assert tokens((await session.run(run.id))["usage"]) == (7, 3, 1, 0.25)


async def test_an_answer_that_used_nothing_says_nothing_of_it(chat: Any) -> None:
    made = await chat([errors.KeyMissing(provider="Scripted")])
    session = await made.open()
    assert types(await collect(session, (await session.post("go")).id)) == ["start", "error"]


@pytest.mark.parametrize("costs", [(None, None, None), (0.5, None, 0.5), (0.5, 0.25, 0.75)])
def test_a_cost_that_is_not_known_is_none(costs: tuple[Any, Any, Any]) -> None:
    one, other, both = costs
    assert (Usage(1, 1, 0, one) + Usage(1, 1, 0, other)).cost == both
