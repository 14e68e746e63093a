"""Containers as resources: paused and resumed, culled in stages, making room for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mandrake_jupyter.errors import Conflict, EngineOff, TooMany
from mandrake_jupyter.lifecycle.announce import Culled
from mandrake_jupyter.lifecycle.phases import Phase
from mandrake_jupyter.registry.culler import MCPServerCuller
from mandrake_jupyter.registry.mcp_servers import Servers
from mandrake_jupyter.servers.manager import MCPServerManager

from ..registry.pools import Clock
from ..servers.conftest import House, call
from ..support.mcp_leaks import eventually
from ..support.patience import within
from .conftest import asked
from .test_manager import box

pytestmark = pytest.mark.usefixtures("sweeping")


def state(id: str) -> Any:
    with asked() as engine:
        return engine.inspect_container(id)["State"]


def id_of(manager: MCPServerManager, name: str = "box") -> str:
    return str(manager.describe_one(name)["container"]["id"])


def phase(manager: MCPServerManager, name: str = "box") -> str:
    return str(manager.describe_one(name)["phase"])


def serving(house: House, places: int = 10, memory_over: Callable[[], int] = lambda: 0, **traits: Any) -> Any:
    """A manager, the MCP servers of all projects, and their culler."""
    clock = Clock()
    managers: dict[str, MCPServerManager] = {}
    servers = Servers(
        lambda: managers,
        supervisor=house.supervisor,
        announce=house.heard,
        limit=lambda: 30,
        container_limit=lambda: places,
        memory_over=memory_over,
    )
    managers["w"] = house.manager(admit=servers.admit, clock=clock, sweeps=servers.sweeps)
    culler = MCPServerCuller(**traits)
    culler.look_after(servers)
    return managers["w"], culler, clock


async def test_a_paused_one_does_nothing_until_a_call_resumes_it_once_for_all(house: House) -> None:
    box(house)
    manager = house.manager()
    await manager.start("box")
    id = id_of(manager)
    assert (await manager.pause("box"))["phase"] == "paused"
    assert (await manager.pause("box"))["phase"] == "paused"
    assert state(id)["Paused"]
    house.announced.clear()
    sums = await asyncio.gather(*(call(manager, "box", "add", a=n, b=1) for n in range(10)))
    assert [one.content for one in sums] == [str(n + 1) for n in range(10)]
    assert house.phases == [("box", "ready")]
    assert id_of(manager) == id
    assert manager.describe_one("box")["restarts"] == 0


async def test_what_is_at_work_is_not_paused_and_what_cannot_be_says_so(house: House) -> None:
    box(house)
    house.raw()
    manager = house.manager()
    with pytest.raises(Conflict, match="not running"):
        await manager.pause("box")
    calling = asyncio.ensure_future(call(manager, "box", "never"))
    await eventually(lambda: phase(manager) == "ready" and manager.describe_one("box")["busy"])
    with pytest.raises(Conflict, match="at work"):
        await manager.pause("box")
    calling.cancel()
    await asyncio.wait([calling])
    await manager.start("raw")
    with pytest.raises(Conflict, match="can't be paused where it runs"):
        await manager.pause("raw")


async def test_a_paused_one_is_stopped_at_once_and_its_end_is_noticed(house: House) -> None:
    box(house)
    manager = house.manager()
    await manager.start("box")
    await manager.pause("box")
    first = id_of(manager)
    async with asyncio.timeout(within(2)):
        await manager.stop("box")
    await manager.start("box")
    await manager.pause("box")
    second = id_of(manager)

    def kill() -> None:
        with asked() as engine:
            assert not engine.containers(all=True, filters={"id": first})
            engine.kill(second)

    await asyncio.to_thread(kill)
    await eventually(lambda: phase(manager) == "failed")
    assert (await call(manager, "box", "add", a=1, b=2)).ok


async def test_a_call_in_the_moment_of_the_pause_is_answered(house: House) -> None:
    box(house)
    manager = house.manager()
    await manager.start("box")
    for n in range(5):
        pausing = asyncio.ensure_future(manager.pause("box"))
        await asyncio.sleep(0)
        assert (await call(manager, "box", "add", a=n, b=1)).content == str(n + 1)
        await pausing
        assert phase(manager) == "ready"


async def test_one_that_was_thawed_by_another_hand_goes_on(house: House) -> None:
    box(house)
    manager = house.manager()
    await manager.start("box")
    await manager.pause("box")
    id = id_of(manager)

    def thaw() -> None:
        with asked() as engine:
            engine.unpause(id)

    await asyncio.to_thread(thaw)
    assert (await manager.resume("box"))["phase"] == "ready"
    assert (await call(manager, "box", "add", a=1, b=2)).ok


async def test_one_that_was_frozen_by_another_hand_is_paused_and_goes_on(house: House) -> None:
    box(house)
    manager = house.manager()
    await manager.start("box")
    id = id_of(manager)

    def freeze() -> None:
        with asked() as engine:
            engine.pause(id)

    await asyncio.to_thread(freeze)
    assert (await manager.pause("box"))["phase"] == "paused"
    assert (await call(manager, "box", "add", a=1, b=2)).ok


async def test_an_engine_that_does_not_answer_leaves_it_paused_for_the_next_try(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    box(house)
    manager = house.manager()
    await manager.start("box")
    await manager.pause("box")
    server = manager.find("box")
    assert server is not None
    assert server.running is not None
    resume = server.running.resume

    async def off() -> None:
        raise EngineOff(name="box", reason="It did not answer.")

    monkeypatch.setattr(server.running, "resume", off)
    with pytest.raises(EngineOff):
        await call(manager, "box", "add", a=1, b=2)
    assert phase(manager) == "paused"
    monkeypatch.setattr(server.running, "resume", resume)
    assert (await call(manager, "box", "add", a=1, b=2)).ok


async def test_the_idle_is_paused_first_and_stopped_later(house: House) -> None:
    box(house)
    box(house, "stays", cull_idle_timeout=0)
    manager, culler, clock = serving(house, cull_pause_timeout=300, cull_idle_timeout=1800)
    await asyncio.gather(manager.start("box"), manager.start("stays"))
    clock.now += 299
    assert (await culler.sweep()).paused == []
    clock.now += 2
    dry = await culler.sweep(dry_run=True)
    assert {(told["name"], told["why"]) for told in dry.paused} == {("box", "pause"), ("stays", "pause")}
    assert phase(manager) == "ready"
    assert (await culler.sweep()).paused == dry.paused
    assert (phase(manager), phase(manager, "stays")) == ("paused", "paused")
    assert manager.describe_one("box")["reason"] == "It was not used for 301 s."
    assert not [one for one in house.announced if isinstance(one, Culled)]
    clock.now += 1500
    assert [told["name"] for told in (await culler.sweep()).culled] == ["box"]
    assert (phase(manager), phase(manager, "stays")) == ("stopped", "paused")
    assert (await call(manager, "stays", "add", a=1, b=2)).ok


async def test_where_memory_is_short_it_is_stopped_and_not_paused(house: House) -> None:
    box(house)
    manager, culler, clock = serving(house, memory_over=lambda: 1, cull_pause_timeout=1)
    await manager.start("box")
    clock.now += 10
    manager.find("box").running.usage()
    sweep = await culler.sweep()
    assert ([told["why"] for told in sweep.culled], sweep.paused) == (["memory"], [])


async def test_the_container_used_least_recently_makes_room_and_the_busy_do_not(house: House) -> None:
    for name in ("a", "b", "c"):
        box(house, name)
    house.raw()
    manager, _, clock = serving(house, places=2)
    for name in ("a", "b"):
        await manager.start(name)
        clock.now += 1
    await call(manager, "a", "add", a=1, b=2)
    clock.now += 1
    await manager.pause("a")
    await manager.start("c")
    assert [phase(manager, name) for name in "abc"] == ["paused", "stopped", "ready"]
    calls = [asyncio.ensure_future(call(manager, name, "never")) for name in ("a", "c")]
    await eventually(lambda: all(manager.describe_one(name)["busy"] for name in "ac"))
    await eventually(lambda: phase(manager, "a") == Phase.READY)
    with pytest.raises(TooMany) as caught:
        await manager.start("b")
    assert caught.value.status == 429
    assert sorted(caught.value.fields["busy"]) == ["a", "c"]
    await manager.start("raw")
    for one in calls:
        one.cancel()
    await asyncio.wait(calls)
