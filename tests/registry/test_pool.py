"""Services are made once, lent out, refused with names, put away, and made anew."""

from __future__ import annotations

import asyncio

import pytest

from mandrake_jupyter.errors import BadRequest, Busy, ReleaseTimeout, StoreUnavailable, TooMany, Unavailable
from mandrake_jupyter.lifecycle.announce import Culled, Moved
from mandrake_jupyter.lifecycle.phases import Phase

from .pools import Things, things, until


async def test_a_hundred_who_ask_at_once_get_the_same_one() -> None:
    async with things() as pool:
        got = await asyncio.gather(*(pool.get("a") for _ in range(100)))
        assert len({id(thing) for thing in got}) == 1
        assert len(pool.made) == 1


async def test_a_cancelled_waiter_cancels_only_its_wait() -> None:
    async with things(starts={"a": (gate := asyncio.Event())}) as pool:
        first, second = asyncio.ensure_future(pool.get("a")), asyncio.ensure_future(pool.get("a"))
        await until(lambda: "a" in pool.entries and pool.entries["a"].phase is Phase.STARTING)
        first.cancel()
        await asyncio.wait({first})
        gate.set()
        assert (await second).key == "a"
        assert len(pool.made) == 1


async def test_what_nobody_waits_for_any_more_is_still_made_and_kept() -> None:
    async with things(starts={"a": (gate := asyncio.Event())}) as pool:
        only = asyncio.ensure_future(pool.get("a"))
        await until(lambda: "a" in pool.entries)
        only.cancel()
        gate.set()
        await until(lambda: pool.peek("a"))


async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    async with things(starts={"a": BadRequest("No such thing.")}) as pool:
        got = await asyncio.gather(*(pool.get("a") for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in got] == [BadRequest] * 3
        pool.starts.clear()
        assert (await pool.get("a")).key == "a"


async def test_a_failure_that_may_pass_is_waited_out_longer_each_time() -> None:
    async with things(starts={"a": StoreUnavailable(why="locked")}) as pool:
        waits = []
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await pool.get("a")
            with pytest.raises(Unavailable, match="locked") as early:
                await pool.get("a")
            waits.append(early.value.retry_after)
            pool.clock.now += waits[-1]
        assert waits == [1.0, 2.0, 4.0]
        pool.starts.clear()
        await pool.get("a")
        await pool.release("a")
        pool.starts["a"] = StoreUnavailable(why="locked")
        with pytest.raises(StoreUnavailable):
            await pool.get("a")
        with pytest.raises(Unavailable) as again:
            await pool.get("a")
        assert again.value.retry_after == 1.0  # the success forgot what was before


async def test_a_refusal_of_the_request_is_never_waited_out() -> None:
    async with things(starts={"a": BadRequest("No.")}) as pool:
        for _ in range(3):
            with pytest.raises(BadRequest):
                await pool.get("a")


async def test_at_the_limit_the_one_unused_for_longest_makes_room() -> None:
    async with things(limit=2) as pool:
        for key in ("a", "b", "c"):
            await pool.get(key)
            pool.clock.now += 1
        assert sorted(pool.entries) == ["b", "c"]
        assert pool.most == 2
        [culled] = [told for told in pool.announced if isinstance(told, Culled)]
        assert (culled.id, culled.why) == ("a", "evicted")
        assert pool.reason("a")


async def test_all_in_use_is_a_429_that_names_them() -> None:
    async with things(limit=2) as pool, pool.use("a"), pool.use("b"):
        with pytest.raises(TooMany, match='"a", "b"') as refused:
            await pool.get("c")
        assert refused.value.retry_after
        assert "Things.limit" in refused.value.then
        assert sorted(pool.entries) == ["a", "b"]


async def test_a_hundred_keys_through_ten_places_all_get_their_turn() -> None:
    refused: list[list[str]] = []
    async with things(limit=10) as pool:

        async def work(key: str) -> str:
            while True:
                try:
                    async with pool.use(key) as thing:
                        await asyncio.sleep(0)
                        assert not thing.closed
                        return thing.key
                except TooMany as exc:
                    refused.append(exc.fields["busy"])
                    await asyncio.sleep(0)

        keys = [str(n) for n in range(100)]
        assert await asyncio.gather(*map(work, keys)) == keys
        assert pool.most == 10
        assert refused
        assert all(refused)


async def test_who_comes_during_an_end_gets_a_new_one_and_never_the_dead_one() -> None:
    async with things(stops={"a": (gate := asyncio.Event())}) as pool:
        old = await pool.get("a")
        ending = asyncio.ensure_future(pool.release("a"))
        await until(lambda: pool.entries["a"].phase is Phase.STOPPING)
        asked = asyncio.ensure_future(pool.get("a"))
        await asyncio.sleep(0)
        assert not asked.done()
        gate.set()
        new = await asked
        assert await ending
        assert (old.closed, new.closed) == (True, False)


async def test_two_releases_at_once_end_it_once() -> None:
    async with things(stops={"a": (gate := asyncio.Event())}) as pool:
        await pool.get("a")
        both = [asyncio.ensure_future(pool.release("a")) for _ in range(2)]
        await until(lambda: pool.entries["a"].phase is Phase.STOPPING)
        gate.set()
        assert sorted(await asyncio.gather(*both)) == [False, True]


async def test_a_release_of_what_is_in_use_is_refused_unless_forced() -> None:
    async with things() as pool:
        async with pool.use("a") as thing:
            with pytest.raises(Busy):
                await pool.release("a")
            assert not thing.closed
            assert await pool.release("a", force=True)
            assert thing.closed
        assert not await pool.release("a")


async def test_a_release_during_the_start_ends_it_and_tells_who_waits() -> None:
    async with things(starts={"a": asyncio.Event()}) as pool:
        asked = asyncio.ensure_future(pool.get("a"))
        await until(lambda: "a" in pool.entries and pool.entries["a"].phase is Phase.STARTING)
        assert await pool.release("a", force=True)
        with pytest.raises(Unavailable, match=r"^The thing was put away before it was ready\."):
            await asked
        assert "a" not in pool.entries


async def test_an_end_that_hangs_is_given_up_and_the_place_is_free() -> None:
    async with things(limit=1, stop_seconds=0.01, stops={"a": asyncio.Event()}) as pool:
        await pool.get("a")
        with pytest.raises(ReleaseTimeout, match=r'^The thing "a" did not end'):
            await pool.release("a")
        assert (await pool.get("b")).key == "b"
        assert [told.new for told in pool.announced if isinstance(told, Moved) and told.id == "a"][
            -1
        ] is Phase.FAILED


async def test_an_end_that_raises_is_told_and_the_place_is_free() -> None:
    async with things(limit=1, stops={"a": OSError("disk")}) as pool:
        await pool.get("a")
        with pytest.raises(OSError, match="disk"):
            await pool.release("a")
        assert (await pool.get("b")).key == "b"


async def test_after_the_stop_nothing_is_made() -> None:
    pool = Things()
    await pool.get("a")
    assert await pool.stop(1.0) == []
    with pytest.raises(Unavailable, match="stopping"):
        await pool.get("a")
    await pool.supervisor.close()
    assert pool.open == []


async def test_a_stop_reports_what_did_not_end_in_time() -> None:
    pool = Things(stops={"a": asyncio.Event()})
    await pool.get("a")
    assert await pool.stop(0.01) == ["a: not stopped within 0.0 s"]
    await pool.supervisor.close()


async def test_every_move_is_announced_with_the_seconds_before_it() -> None:
    async with things() as pool:
        await pool.get("a")
        pool.clock.now += 7
        await pool.release("a")
        moves = [(told.old, told.new, told.seconds) for told in pool.announced if isinstance(told, Moved)]
        assert moves == [
            (Phase.NEW, Phase.STARTING, 0.0),
            (Phase.STARTING, Phase.READY, 0.0),
            (Phase.READY, Phase.STOPPING, 7.0),
            (Phase.STOPPING, Phase.STOPPED, 0.0),
        ]
