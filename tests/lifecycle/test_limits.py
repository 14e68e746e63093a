"""Slots are waited for in order, refused by name, and follow their limit at once."""

from __future__ import annotations

import asyncio

import pytest

from mandrake_jupyter.errors import TooMany
from mandrake_jupyter.lifecycle.limits import Slots, refusal


def slots(limit: list[int]) -> Slots:
    return Slots("answers at work", "ServiceRegistry.max_concurrent_runs", lambda: limit[0])


async def turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_who_waits_is_served_in_order() -> None:
    own = slots([1])
    await own.take("a")
    waiting = [asyncio.ensure_future(own.take(name)) for name in ("b", "c")]
    await turns()
    assert own.holders == ["a"]
    own.give("a")
    await turns()
    assert own.holders == ["b"]
    own.give("b")
    await asyncio.gather(*waiting)
    assert own.holders == ["c"]


async def test_who_gives_up_waiting_takes_no_slot() -> None:
    own = slots([1])
    await own.take("a")
    first, second = (asyncio.ensure_future(own.take(name)) for name in ("b", "c"))
    await turns()
    first.cancel()
    await turns()
    own.give("a")
    await second
    assert own.holders == ["c"]


async def test_who_is_cancelled_in_the_moment_of_its_turn_gives_it_on() -> None:
    own = slots([1])
    await own.take("a")
    first, second = (asyncio.ensure_future(own.take(name)) for name in ("b", "c"))
    await turns()
    own.give("a")
    first.cancel()
    await second
    assert own.holders == ["c"]


async def test_a_raised_limit_serves_who_waits() -> None:
    limit = [1]
    own = slots(limit)
    await own.take("a")
    waiting = asyncio.ensure_future(own.take("b"))
    await turns()
    limit[0] = 2
    own.wake()
    await waiting
    assert own.holders == ["a", "b"]


async def test_a_refusal_names_the_first_holders_and_the_way_out() -> None:
    own = slots([7])
    for name in "abcdefg":
        await own.take(name)
    named = (
        'limit of answers at work on this Jupyter server .7. is reached.* "a", "b", "c", "d", "e" and 2 more'
    )
    with pytest.raises(TooMany, match=named) as no:
        own.check()
    assert no.value.then.endswith("or raise ServiceRegistry.max_concurrent_runs.")
    assert no.value.fields["busy"] == list("abcdefg")


async def test_one_that_waits_is_before_one_that_comes() -> None:
    own = slots([1])
    await own.take("a")
    waiting = asyncio.ensure_future(own.take("b"))
    await turns()
    with pytest.raises(TooMany), own.held("c"):
        pass
    own.give("a")
    await waiting


async def test_who_gives_up_in_the_moment_a_slot_is_freed_takes_none_and_hinders_nobody() -> None:
    own = slots([1])
    await own.take("a")
    first, second = (asyncio.ensure_future(own.take(name)) for name in ("b", "c"))
    await turns()
    first.cancel()
    own.give("a")
    await second
    assert first.cancelled()
    assert own.holders == ["c"]


def test_a_limit_of_none_says_so_and_names_nobody() -> None:
    no = refusal(0, "containers", [], "ServiceRegistry.max_containers")
    assert str(no) == "This Jupyter server allows no containers."
    assert no.then == "Raise ServiceRegistry.max_containers."
