"""The loop of model and tools: calls of one step at once, and results that are too long for a model."""

from __future__ import annotations

import asyncio
from typing import Any

from mandrake_jupyter.values import ToolResult

from .conftest import call, collect, types


async def test_calls_of_one_step_run_at_once_and_each_result_is_shown_as_it_comes(chat: Any) -> None:
    made = await chat([call("read", path="slow"), call("read", path="quick")], ["Done."])
    both, slow = asyncio.Event(), asyncio.Event()
    begun: list[str] = []

    async def one(server: str, tool: str, arguments: Any, **_: Any) -> ToolResult:
        begun.append(arguments["path"])
        if len(begun) == 2:
            both.set()
        async with asyncio.timeout(60):
            await both.wait()
            if arguments["path"] == "slow":
                await slow.wait()
        return ToolResult(True, arguments["path"], duration_ms=1)

    made.tools.call = one
    session = await made.open()
    run = await session.post("go")
    events = await collect(session, run.id, until=lambda event: event.type == "toolResult")
    assert events[-1].data["content"] == "quick"
    assert begun == ["slow", "quick"]
    slow.set()
    assert types(await collect(session, run.id))[-1] == "complete"
    told = [result.content for result in made.model.requests[1].messages[-1].results]
    assert told == ["slow", "quick"], "in the order in which the model asked"


async def test_a_long_result_is_cut_for_the_model_and_says_so(chat: Any) -> None:
    made = await chat([call("read", path="a")], ["Done."])

    async def long(*_: Any, **__: Any) -> ToolResult:
        return ToolResult(True, "x" * 100_000, duration_ms=1)

    made.tools.call = long
    session = await made.open()
    run = await session.post("go")
    assert types(await collect(session, run.id))[-1] == "complete"
    [told] = [result.content for result in made.model.requests[1].messages[-1].results]
    assert told.startswith("x" * 30_000)
    assert len(told) < 34_000
    assert told.rstrip("]").endswith(("shown", ".")), "and it says that there is more"
    [_, answer] = await session.messages()
    assert len(answer["parts"][0]["content"]) == 100_000, "the person sees all of it"
