"""Who listens wakes when it is rung, and gets a heartbeat when it is quiet."""

from __future__ import annotations

import asyncio

from mandrake_jupyter.lifecycle.bell import Bell, rung


async def test_all_who_listen_wake_and_are_counted_until_they_leave() -> None:
    bell = Bell()
    with bell.listening() as one, bell.listening() as other:
        assert bell.listeners == 2
        waiting = [asyncio.ensure_future(rung(listener, 60)) for listener in (one, other)]
        await asyncio.sleep(0)
        bell.ring()
        assert await asyncio.gather(*waiting) == [True, True]
    assert bell.listeners == 0


async def test_a_quiet_bell_is_a_heartbeat_and_a_ring_before_the_wait_is_not_slept_over() -> None:
    bell = Bell()
    with bell.listening() as listener:
        assert await rung(listener, 0.001) is False
        bell.ring()
        assert await rung(listener, 0.001) is True
