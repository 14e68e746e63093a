"""The log of one MCP server: what is kept, what passes a level, and who follows it."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from mandrake_jupyter.servers.logs import LogRing


def ring(*lines: tuple[str, Any], **bounds: int) -> LogRing:
    made = LogRing(**bounds)
    for text, level in lines:
        made.add("message" if level else "stderr", text, level)
    return made


async def heard(log: LogRing, *args: Any, **options: Any) -> list[str]:
    """All that a follower hears of a ring that is closed."""
    log.close()
    return [line["text"] async for line in log.follow(*args, **options) if line]


def test_a_level_lets_through_what_is_as_bad_or_has_none() -> None:
    log = ring(("fine", "info"), ("Traceback", None), ("odd", "warning"), ("gone", "emergency"))
    assert [line.text for line in log.tail(9, level="warning")] == ["Traceback", "odd", "gone"]
    assert [line.text for line in log.tail(1, level="info")] == ["gone"]


async def test_a_follower_hears_the_tail_then_each_line_as_it_comes_then_the_end() -> None:
    log = ring(("a", None), ("b", None), ("c", None))
    async with aclosing(log.follow(tail=1)) as lines:
        first = await anext(lines)
        assert first is not None
        assert (first["type"], first["text"], first["seq"]) == ("log", "c", 3)
        log.add("stderr", "d")
        log.close()
        assert [line["text"] async for line in lines if line] == ["d"]


async def test_a_follower_that_comes_back_hears_what_it_missed() -> None:
    assert await heard(ring(("a", None), ("b", None), ("c", None)), 1) == ["b", "c"]
    assert await heard(ring(("a", None)), 99, tail=5) == ["a"], "of another run of Jupyter"


async def test_lines_that_fell_out_unread_show_as_a_jump() -> None:
    log = ring(("a", None), ("b", None), ("c", None), ("d", None), lines=2)
    log.close()
    assert [line["seq"] async for line in log.follow(1) if line] == [3, 4]


async def test_a_quiet_log_gives_heartbeats() -> None:
    async with aclosing(ring().follow(heartbeat=0.01)) as lines:
        assert await anext(lines) is None
