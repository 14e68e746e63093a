"""What a culler ends and what it keeps, over a clock that only moves when told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from traitlets import TraitError

from mandrake_jupyter.lifecycle.announce import Culled
from mandrake_jupyter.lifecycle.culling import CullPolicy, Finding, Seen
from mandrake_jupyter.lifecycle.phases import Phase
from mandrake_jupyter.registry.culler import MCPServerCuller, SessionCuller

from .pools import Things, things, until
from .subjects import PoolSubjects


@asynccontextmanager
async def culled(
    keys: Iterable[str] = "a", *, culler: type = SessionCuller, **settings: Any
) -> AsyncIterator[Any]:
    """A pool with `keys` open, and its culler."""
    made: dict[str, Any] = {
        key: settings.pop(key) for key in ("limit", "stops", "timeouts") if key in settings
    }
    async with things(**made) as pool:
        for key in keys:
            await pool.get(key)
            pool.clock.now += 1
        one = culler(**{"cull_idle_timeout": 60, **settings})
        one.look_after(PoolSubjects(pool))
        yield pool, one


async def test_the_idle_is_culled_and_comes_back() -> None:
    async with culled() as (pool, culler):
        pool.clock.now += 60
        sweep = await culler.sweep()
        assert [told["why"] for told in sweep.culled] == ["idle"]
        assert not pool.entries
        assert (await pool.get("a")).number == 1


async def test_the_recent_is_kept() -> None:
    async with culled() as (pool, culler):
        pool.clock.now += 59
        assert (await culler.sweep()).culled == []
        assert "a" in pool.entries


async def test_the_busy_is_kept_unless_told() -> None:
    async with culled() as (pool, culler), pool.use("a"):
        pool.clock.now += 1000
        assert (await culler.sweep()).culled == []
        culler.cull_busy = True
        assert len((await culler.sweep()).culled) == 1


async def test_the_connected_is_kept_unless_told() -> None:
    async with culled() as (pool, culler):
        with pool.entries["a"].leases.attach():
            pool.clock.now += 1000
            assert (await culler.sweep()).culled == []
            culler.cull_connected = True
            assert len((await culler.sweep()).culled) == 1


async def test_a_timeout_of_its_own_comes_first_and_0_is_never() -> None:
    async with culled("abc", timeouts={"a": 0, "b": 10}) as (pool, culler):
        pool.clock.now += 50
        await culler.sweep()
        assert sorted(pool.entries) == ["a", "c"]
        pool.clock.now += 1_000_000
        await culler.sweep()
        assert sorted(pool.entries) == ["a"]


async def test_a_timeout_of_its_own_holds_when_culling_is_off() -> None:
    async with culled("ab", timeouts={"b": 10}, cull_idle_timeout=0) as (pool, culler):
        pool.clock.now += 1000
        await culler.sweep()
        assert sorted(pool.entries) == ["a"]


async def test_starting_is_never_idle_and_ends_at_its_ceiling() -> None:
    async with things(starts={"a": asyncio.Event()}) as pool:
        culler = SessionCuller(cull_idle_timeout=1, cull_starting_timeout=600)
        culler.look_after(PoolSubjects(pool))
        asked = asyncio.ensure_future(pool.get("a"))
        await until(lambda: "a" in pool.entries and pool.entries["a"].phase is Phase.STARTING)
        pool.clock.now += 599
        assert (await culler.sweep()).culled == []
        pool.clock.now += 2
        assert [told["why"] for told in (await culler.sweep()).culled] == ["stuck"]
        await asyncio.wait({asked})
        assert asked.exception()


async def test_the_busy_for_too_long_is_ended_where_a_ceiling_is_set() -> None:
    async with culled(cull_busy_timeout=3600) as (pool, culler), pool.use("a"):
        pool.clock.now += 3601
        pool.entries["a"].leases.touch()
        assert [told["why"] for told in (await culler.sweep()).culled] == ["stuck"]


async def test_above_the_limit_the_unused_longest_goes() -> None:
    async with culled("abc", limit=3) as (pool, culler), pool.use("a"):
        pool.limit = 2
        assert [(told["id"], told["why"]) for told in (await culler.sweep()).culled] == [("b", "over_limit")]
        assert sorted(pool.entries) == ["a", "c"]


async def test_a_clock_that_jumps_back_culls_nothing() -> None:
    async with culled() as (pool, culler):
        pool.clock.now -= 10_000
        assert (await culler.sweep()).culled == []
        assert pool.entries["a"].leases.idle_seconds == 0.0


async def test_an_end_that_hangs_does_not_stop_the_sweep_nor_the_next() -> None:
    async with culled("ab", stops={"a": asyncio.Event()}, cull_stop_timeout=1.0) as (pool, culler):
        pool.stop_seconds = 0.5
        pool.clock.now += 100
        sweep = await culler.sweep()
        assert len(sweep.culled) == 2
        assert len(sweep.errors) == 1
        assert "b" not in pool.entries
        await pool.get("c")
        pool.clock.now += 100
        assert [told["id"] for told in (await culler.sweep()).culled] == ["c"]


async def test_an_end_that_raises_is_told_and_the_others_go() -> None:
    async with culled("ab", stops={"a": OSError("disk")}) as (pool, culler):
        pool.clock.now += 100
        sweep = await culler.sweep()
        assert sweep.errors == ["a: disk"]
        assert not pool.entries


class _Meddler(CullPolicy):
    """Something uses a thing between the look and its end."""

    def judge(self, seen: Any, settings: Any) -> Any:
        for verdict in super().judge(seen, settings):
            _Meddler.pool.entries[str(verdict.seen.key)].leases.touch()
            yield verdict

    pool: Things


async def test_what_was_used_since_the_look_is_left_alone() -> None:
    async with culled(policy_class=_Meddler) as (pool, culler):
        _Meddler.pool = pool
        pool.clock.now += 100
        assert (await culler.sweep()).culled == []
        assert "a" in pool.entries


async def test_a_request_during_the_cull_gets_a_fresh_one() -> None:
    async with culled(stops={"a": (gate := asyncio.Event())}) as (pool, culler):
        pool.clock.now += 100
        sweeping = asyncio.ensure_future(culler.sweep())
        await until(lambda: pool.entries["a"].phase is Phase.STOPPING)
        asked = asyncio.ensure_future(pool.get("a"))
        gate.set()
        await sweeping
        assert (await asked).closed is False


async def test_a_dry_run_says_what_a_real_one_does_and_ends_nothing() -> None:
    async with culled("abcd", limit=4, timeouts={"a": 0}) as (pool, culler), pool.use("d"):
        pool.clock.now += 58
        dry = await culler.sweep(dry_run=True, explain=True)
        assert sorted(pool.entries) == ["a", "b", "c", "d"]
        real = await culler.sweep(explain=True)
        assert (dry.culled, dry.kept) == (real.culled, real.kept)
        assert [told["id"] for told in real.culled] == ["b"]
        assert {told["id"]: told["why"] for told in real.kept} == {"a": "never", "c": "recent", "d": "busy"}


async def test_traits_hold_at_once_while_it_runs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with culled(cull_idle_timeout=0) as (pool, culler):
        running = asyncio.ensure_future(culler.run())
        await asyncio.sleep(0)
        assert "Culling chats" not in caplog.text
        culler.cull_idle_timeout = 60
        await until(
            lambda: (
                "Culling chats with idle durations > 60 seconds at 300 second intervals ..." in caplog.text
            )
        )
        pool.clock.now += 100
        culler.cull_interval = 1
        await until_culled(pool)
        running.cancel()


async def until_culled(pool: Things) -> None:
    """The culler's own interval, a second of real time, passes here."""
    async with asyncio.timeout(60):
        while pool.entries:
            await asyncio.sleep(0.02)


async def test_it_says_in_log_and_events_what_went_and_why(caplog: pytest.LogCaptureFixture) -> None:
    async with culled() as (pool, culler):
        pool.clock.now += 99
        await culler.sweep()
    assert "Culling 'idle' chat 'a' (a) with 0 connections due to 100 seconds of inactivity." in caplog.text
    [told] = [one for one in pool.announced if isinstance(one, Culled)]
    assert (told.kind, told.id, told.why, told.idle_seconds) == ("session", "a", "idle", 100.0)
    assert told.reason == "It was not used for 100 s."


def test_nonsense_is_corrected_or_refused_with_words(caplog: pytest.LogCaptureFixture) -> None:
    culler = MCPServerCuller(cull_interval=0)
    assert culler.cull_interval == 300
    assert "Invalid value for 'cull_interval' detected (0) - using default value (300)." in caplog.text
    culler.cull_interval = -5
    assert culler.cull_interval == 300
    with pytest.raises(TraitError, match="cull_stop_timeout"):
        culler.cull_stop_timeout = -1.0
    with pytest.raises(TraitError, match="policy_class"):
        culler.policy_class = dict
    culler.cull_idle_timeout = -1
    assert culler.settings.cull_idle_timeout == 0


def judged(*seen: Seen, **settings: Any) -> list[Finding]:
    from mandrake_jupyter.lifecycle.culling import CullSettings

    return [verdict.finding for verdict in CullPolicy().judge(seen, CullSettings(**settings))]


def test_the_order_of_reasons_is_dead_stuck_over_limit_memory_idle() -> None:
    everything = PoolSubjects.example(
        "x", dead=True, phase=Phase.READY, busy_seconds=99.0, idle_seconds=99.0, memory=10
    )
    settings: dict[str, Any] = {"cull_idle_timeout": 1, "cull_busy_timeout": 1, "limit": 0, "memory_over": 1}
    assert judged(everything, **settings) == [Finding.DEAD]
    assert judged(everything._replace(dead=False), **settings) == [Finding.STUCK]
    calm = everything._replace(dead=False, busy_seconds=0.0)
    assert judged(calm, **settings) == [Finding.OVER_LIMIT]
    assert judged(calm, **settings | {"limit": 1}) == [Finding.MEMORY]
    assert judged(calm, **settings | {"limit": 1, "memory_over": 0}) == [Finding.IDLE]


def test_short_memory_ends_the_unused_longest_first_until_it_is_enough() -> None:
    seen = [
        PoolSubjects.example("young", idle_seconds=1.0, memory=100),
        PoolSubjects.example("old", idle_seconds=9.0, memory=100),
        PoolSubjects.example("older", idle_seconds=99.0, memory=None),
        PoolSubjects.example("busy", idle_seconds=999.0, memory=100, busy=1),
        PoolSubjects.example("middle", idle_seconds=5.0, memory=100),
    ]
    found = judged(*seen, memory_over=150)
    assert found == [Finding.NEVER, Finding.MEMORY, Finding.NEVER, Finding.BUSY, Finding.MEMORY]


def test_what_is_dead_or_stopping_counts_when_room_is_made() -> None:
    seen = [
        PoolSubjects.example("dead", dead=True),
        PoolSubjects.example("leaving", phase=Phase.STOPPING),
        PoolSubjects.example("old", idle_seconds=9.0),
    ]
    assert judged(*seen, limit=1) == [Finding.DEAD, Finding.STOPPING, Finding.NEVER]


@pytest.mark.parametrize(
    ("settings", "looked_at"),
    [({"limit": 3, "count": 3}, 1), ({"limit": 2, "count": 3}, 3), ({"memory_over": 1}, 3)],
)
def test_all_are_looked_at_before_the_first_is_judged_only_where_they_compete(
    settings: dict[str, Any], looked_at: int
) -> None:
    from mandrake_jupyter.lifecycle.culling import CullSettings

    looks: list[str] = []

    def look() -> Any:
        for key in "abc":
            looks.append(key)
            yield PoolSubjects.example(key)

    next(CullPolicy().judge(look(), CullSettings(**settings)))
    assert len(looks) == looked_at


class _KeepsAll(CullPolicy):
    def rested(self, one: Seen, settings: Any) -> Finding:
        return Finding.NEVER


async def test_the_whole_policy_can_be_replaced_by_a_trait() -> None:
    async with culled(policy_class=f"{__name__}._KeepsAll") as (pool, culler):
        pool.clock.now += 1000
        assert (await culler.sweep()).culled == []
        culler.policy_class = CullPolicy
        assert [told["why"] for told in (await culler.sweep()).culled] == ["idle"]
    with pytest.raises(TraitError):
        SessionCuller(policy_class=dict)


async def test_a_limit_that_is_lowered_during_a_look_is_looked_after_at_once() -> None:
    hangs = asyncio.Event()
    async with culled("abc", stops={"a": hangs}) as (pool, culler):
        running = pool.supervisor.spawn("culler", culler.run())
        await asyncio.sleep(0)
        pool.limit = 2
        culler.hurry()
        await until(lambda: pool.entries["a"].phase is Phase.STOPPING)
        pool.limit = 1
        culler.hurry()
        hangs.set()
        await until(lambda: list(pool.entries) == ["c"])
        running.cancel()


@pytest.mark.parametrize(
    ("settings", "why"), [({"limit": 1}, Finding.OVER_LIMIT), ({"memory_over": 50}, Finding.MEMORY)]
)
def test_what_is_to_stay_goes_last_when_room_is_made(settings: dict[str, Any], why: Finding) -> None:
    seen = [
        PoolSubjects.example("stays", idle_seconds=99.0, cull_idle_timeout=0, memory=100),
        PoolSubjects.example("young", idle_seconds=1.0, memory=100),
    ]
    assert judged(*seen, **settings) == [Finding.NEVER, why]
