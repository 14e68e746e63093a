"""What every provisioner promises (`provisioners/base.py`), tried with each of them over the same MCP server."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest

from mandrake_jupyter.errors import MCPError
from mandrake_jupyter.lifecycle.supervisor import cause
from mandrake_jupyter.provisioners.base import Provisioner

from ..support.mcp_leaks import eventually
from ..support.patience import within
from .conftest import talking, text
from .worlds import SECRET, World

#: Seconds beyond the grace in which whatever hangs is ended by force.
FORCE = 6.0


async def test_it_answers_between_entering_and_leaving_and_nothing_is_left(world: World) -> None:
    provisioner = world.provisioner()
    assert (provisioner.pid, provisioner.poll(), dict(provisioner.stats())) == (None, None, {})
    async with talking(provisioner) as client:
        assert await text(client, "add", a=2, b=3) == "5"
        assert provisioner.poll() is None
        assert not provisioner.ended.is_set()
        assert world.left()
    assert not provisioner.ended.is_set(), "it was asked to end"
    assert (provisioner.poll(), provisioner.over) == (0 if "run" in world.can else None, None)
    await eventually(lambda: world.left() == 0)


async def test_what_is_said_of_its_own_accord_and_what_is_large_arrives(world: World) -> None:
    heard = asyncio.Event()

    async def hear(message: Any) -> None:
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            heard.set()

    from mcp import Client

    provisioner = world.provisioner()
    async with Client(provisioner.launch(2.0), mode="legacy", message_handler=hear) as client:
        await text(client, "grow")
        await asyncio.wait_for(heard.wait(), 20)
        assert len(await text(client, "big_line", size=900_000)) == 900_000


async def test_two_at_once_do_not_meet(world: World) -> None:
    """Both count their messages from the same number."""
    one, two = world.provisioner(), world.provisioner()
    async with talking(one) as a, talking(two) as b:
        asked = [(client, n, more) for n in range(20) for client, more in ((a, 0), (b, 500))]
        sums = await asyncio.gather(*(text(client, "add", a=n, b=more) for client, n, more in asked))
        assert sums == [str(n + more) for _, n, more in asked]
        unanswered = asyncio.create_task(text(a, "never"))
        assert await text(b, "add", a=1, b=1) == "2"
        unanswered.cancel()
        await asyncio.wait([unanswered])
        assert await text(a, "add", a=1, b=1) == "2"


async def test_its_end_is_told_when_nobody_asked_for_it_also_while_it_is_idle(world: World) -> None:
    provisioner = world.provisioner()
    with suppress(Exception):
        async with talking(provisioner):
            world.end(provisioner)
            await asyncio.wait_for(provisioner.ended.wait(), 20)
    assert provisioner.ended.is_set()
    if "run" in world.can:
        assert provisioner.poll() == world.killed


async def test_who_waits_for_an_answer_hears_of_its_end_at_once(world: World) -> None:
    provisioner = world.provisioner()
    with suppress(Exception):
        async with talking(provisioner) as client:
            waiting = asyncio.create_task(text(client, "never"))
            await text(client, "add", a=1, b=1)
            world.end(provisioner)
            await asyncio.wait_for(provisioner.ended.wait(), 20)
    await asyncio.wait([waiting], timeout=60)
    assert waiting.done()
    assert waiting.cancelled() or waiting.exception() is not None


async def test_leaving_one_that_hangs_takes_the_grace_and_then_force(world: World) -> None:
    provisioner = world.provisioner()
    with suppress(Exception):
        async with talking(provisioner, grace=0.2):
            world.hang(provisioner)
            began = time.monotonic()
    assert time.monotonic() - began < within(0.2 + FORCE)
    assert not provisioner.ended.is_set(), "it was asked to end"
    assert world.left() == 0 or "run" not in world.can


async def test_a_kill_ends_it_while_its_owner_still_waits_politely(world: World) -> None:
    provisioner = world.provisioner()
    leaving = asyncio.Event()

    async def own() -> None:
        with suppress(Exception):
            async with talking(provisioner, grace=60):
                world.hang(provisioner)
                leaving.set()

    owner = asyncio.create_task(own())
    await asyncio.wait_for(leaving.wait(), 20)
    await asyncio.sleep(0)
    provisioner.kill()
    await asyncio.wait_for(owner, within(FORCE))


async def test_a_kill_while_it_is_used_is_told_as_its_end(world: World) -> None:
    provisioner = world.provisioner()
    with suppress(Exception):
        async with talking(provisioner, grace=60):
            provisioner.kill()
            provisioner.kill()
            await asyncio.wait_for(provisioner.ended.wait(), 20)
            began = time.monotonic()
    assert provisioner.ended.is_set()
    assert time.monotonic() - began < within(FORCE)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 13, 21])
async def test_a_start_cancelled_at_any_moment_leaves_nothing(world: World, steps: int) -> None:
    provisioner = world.provisioner()

    async def own() -> None:
        async with provisioner.launch(0.2):
            pass

    owner = asyncio.create_task(own())
    for _ in range(steps):
        await asyncio.sleep(0)
    owner.cancel()
    await asyncio.wait([owner], timeout=20)
    assert owner.done()
    await eventually(lambda: world.left() == 0)


async def test_one_that_can_not_be_started_or_reached_fails_at_once_and_leaves_nothing(world: World) -> None:
    provisioner = world.of(world.broken())
    began = time.monotonic()
    with pytest.raises(Exception) as caught:  # noqa: PT011
        async with talking(provisioner):
            raise AssertionError("it was there")
    assert time.monotonic() - began < within(20)
    if "run" in world.can:
        assert isinstance(caught.value, MCPError)
    assert world.left() == 0


async def test_what_breaks_in_its_owner_comes_out_of_it(world: World) -> None:
    provisioner = world.provisioner()
    with pytest.raises((LookupError, BaseExceptionGroup)) as caught:  # noqa: PT012
        async with provisioner.launch(0.2):
            world.hang(provisioner)
            raise LookupError("of the owner")
    assert isinstance(cause(caught.value), LookupError)


async def test_what_it_uses_is_told_where_it_can_be_and_never_breaks(world: World) -> None:
    provisioner = world.provisioner()
    assert provisioner.usage() == {"memory": None, "cpu": None}
    async with talking(provisioner) as client:
        if "stats" in world.can:
            await eventually(lambda: provisioner.stats()["memory_bytes"] > 1_000_000)
            async with asyncio.timeout(60):  # the system counts in hundredths of a second
                while not provisioner.stats()["cpu_seconds"] > 0:
                    await client.list_tools()
        else:
            assert dict(provisioner.stats()) == {}
    assert dict(provisioner.stats()) == {}


async def test_pausing_works_or_is_refused_in_words(world: World) -> None:
    provisioner = world.provisioner()
    async with talking(provisioner) as client:
        if not provisioner.can_pause:
            for ask in (provisioner.pause, provisioner.resume):
                with pytest.raises(MCPError, match='The MCP server "raw" can\'t be paused'):
                    await ask()
            return
        await provisioner.pause()
        waiting = asyncio.create_task(text(client, "add", a=1, b=1))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done, "it answered while it was paused"
        await provisioner.resume()
        assert await asyncio.wait_for(waiting, 20) == "2"
        await provisioner.pause()


async def test_no_secret_is_in_what_it_shows_or_logs(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "mandrake_jupyter")
    spec = world.spec(env={"KEY": SECRET}) if "run" in world.can else world.spec(headers={"Key": SECRET})
    provisioner = world.of(spec)
    async with talking(provisioner) as client:
        await text(client, "add", a=1, b=1)
        shown = [repr(spec), repr(provisioner), str(provisioner), str(world.lines)]
    logged = [record.getMessage() for record in caplog.records if record.name == "mandrake_jupyter"]
    assert not any(SECRET in told for told in [*shown, *logged])


async def test_sweeping_where_nothing_was_left_ends_nothing(
    world: World, request: pytest.FixtureRequest
) -> None:
    if world.kind == "docker":
        request.getfixturevalue("sweeping")

    async def dead(_: str) -> bool:
        return False

    provisioner = world.provisioner()
    kind: type[Provisioner] = type(provisioner)
    async with talking(provisioner) as client:
        assert await kind.sweep("nobody-has-been-here", dead) == 0
        assert await text(client, "add", a=1, b=1) == "2"
