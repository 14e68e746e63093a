"""The hub tells everything once, in order, to readers of any pace, and breaks for nobody."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from mandrake_jupyter.lifecycle.announce import Changed, Culled, Moved, RunEnded, RunMoved, ToolCalled
from mandrake_jupyter.lifecycle.phases import Phase
from mandrake_jupyter.registry.hub import Hub
from mandrake_jupyter.values import Usage

ONE_OF_EACH = [
    Moved("mcp_server", "w", "time", Phase.NEW, Phase.STARTING, "", 0.5),
    Culled("session", "w", "s", "idle", "not used for 1800 s", 1800.0),
    Changed("workspace", "w", "w", "created"),
    RunMoved("w", "s", "r", "calling_model"),
    RunEnded("w", "s", "r", "done", None, "demo/m", 2.0, 0.5, Usage(3, 4)),
    ToolCalled("w", "s", "time", "stdio", "done", 0.1),
]


def changed(number: int) -> Changed:
    return Changed("session", "w", str(number), "changed")


async def read(events: Any, count: int) -> list[Any]:
    async with asyncio.timeout(60):
        return [await anext(events) for _ in range(count)]


async def test_a_reader_gets_a_hello_and_then_everything_after_what_it_knows() -> None:
    hub = Hub()
    for announcement in ONE_OF_EACH:
        hub.announce(announcement)
    async with aclosing(hub.watch(after=2)) as events:
        hello, *told = await read(events, 5)
    assert (hello["type"], hello["seq"], hello["reset"]) == ("hello", 2, False)
    assert hello["instance"] == hub.instance
    assert [event["type"] for event in told] == ["changed", "run", "run_ended", "tool_called"]
    assert [event["seq"] for event in told] == [3, 4, 5, 6]
    assert told[2]["usage"]["output_tokens"] == 4
    assert hub.readers == 0


async def test_a_reader_who_knows_nothing_is_told_to_load_and_hears_only_what_follows() -> None:
    hub = Hub()
    hub.announce(changed(1))
    async with aclosing(hub.watch()) as events:
        (hello,) = await read(events, 1)
        hub.announce(changed(2))
        (event,) = await read(events, 1)
    assert (hello["seq"], hello["reset"]) == (1, True)
    assert (event["seq"], event["id"]) == (2, "2")


@pytest.mark.parametrize("after", [0, 1, 99])
async def test_what_the_ring_does_not_know_is_said(after: int) -> None:
    """Fallen out of it, or never told by this run of the Jupyter server."""
    hub = Hub(size=3)
    for number in range(5):
        hub.announce(changed(number))
    async with aclosing(hub.watch(after)) as events:
        (hello,) = await read(events, 1)
    assert (hello["seq"], hello["reset"]) == (5, True)


async def test_a_stuck_reader_costs_an_index_and_is_told_that_it_missed_something() -> None:
    hub = Hub(size=3)
    async with aclosing(hub.watch(0)) as stuck, aclosing(hub.watch(0)) as quick:
        await read(stuck, 1)
        await read(quick, 1)
        for number in range(10):
            hub.announce(changed(number))
            (event,) = await read(quick, 1)
            assert event["id"] == str(number)
        (hello,) = await read(stuck, 1)
        assert (hello["type"], hello["reset"], hello["seq"]) == ("hello", True, 10)
        hub.announce(changed(10))
        (event,) = await read(stuck, 1)
        assert event["seq"] == 11


async def test_a_quiet_stream_beats() -> None:
    hub = Hub()
    async with aclosing(hub.watch(heartbeat=0.01)) as events:
        assert (await read(events, 2))[1] is None


async def test_readers_end_with_the_server_after_what_was_told() -> None:
    hub = Hub()
    hub.announce(changed(1))
    hub.close()
    async with asyncio.timeout(60), aclosing(hub.watch(0)) as events:
        assert [event["type"] async for event in events] == ["hello", "changed"]


async def test_a_waiting_reader_ends_with_the_server() -> None:
    hub = Hub()
    async with asyncio.timeout(60), aclosing(hub.watch(0)) as events:
        await anext(events)
        waiting = asyncio.ensure_future(anext(events, "end"))
        await asyncio.sleep(0)
        hub.close()
        assert await waiting == "end"


async def test_a_sink_that_raises_hides_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    heard: list[str] = []

    def broken(*_: Any) -> None:
        raise RuntimeError("no")

    hub.add(broken)
    forget = hub.add(lambda announcement, told: heard.append(told["type"]))
    hub.announce(changed(1))
    assert heard == ["changed"]
    assert hub.seq == 1
    assert "A listener of the registry failed" in caplog.text
    forget()
    hub.announce(changed(2))
    assert heard == ["changed"]


async def test_what_can_not_be_told_breaks_nobody(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    hub.announce("nonsense")  # type: ignore[arg-type]
    assert hub.seq == 0
    assert "could not be told: str" in caplog.text


async def test_sentences_are_masked_before_anyone_sees_them() -> None:
    hub = Hub(mask=lambda text: text.replace("hunter2", "•••"))
    seen: list[Any] = []
    hub.add(lambda announcement, told: seen.append(told))
    hub.announce(Moved("mcp_server", "w", "x", Phase.READY, Phase.FAILED, "said hunter2"))
    assert seen[0]["reason"] == "said •••"
    assert seen[0]["new"] == "failed"
