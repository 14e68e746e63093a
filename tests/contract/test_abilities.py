"""What only some provisioners can: logs and exit codes, a tree of processes, what a dead owner left."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import suppress

import pytest

from mandrake_jupyter.lifecycle.sweep import marker

from ..support.mcp_leaks import eventually
from .conftest import talking, text
from .worlds import World, able


@able("run")
async def test_what_it_writes_beside_messages_is_logged_to_its_last_line(world: World) -> None:
    provisioner = world.provisioner("--exit", "5")
    async with provisioner.launch(1.0):
        await asyncio.wait_for(provisioner.ended.wait(), 20)
    assert provisioner.poll() == 5
    assert [line for stream, line in world.lines if stream == "stderr"] == [f"line {n}" for n in range(1, 8)]


@able("run")
async def test_a_flood_of_its_log_holds_nothing_up(world: World) -> None:
    async with talking(world.provisioner("--flood")) as client:
        assert await text(client, "add", a=1, b=1) == "2"


@able("tree")
@pytest.mark.parametrize("manner", ["polite", "eof_deaf", "term_deaf", "children", "detached_deaf"])
@pytest.mark.parametrize("end", ["left", "killed", "gone", "cancelled"])
async def test_nothing_of_its_tree_is_left(world: World, manner: str, end: str) -> None:
    provisioner = world.provisioner("--manner", manner)
    ready = asyncio.Event()

    async def own() -> None:
        async with talking(provisioner, grace=0.1) as client:
            assert await text(client, "child")
            ready.set()
            if end == "cancelled":
                await asyncio.Event().wait()
            elif end != "left":
                provisioner.kill() if end == "killed" else world.end(provisioner)
                await provisioner.ended.wait()

    owner = asyncio.create_task(own())
    await asyncio.wait_for(ready.wait(), 20)
    if end == "cancelled":
        owner.cancel()
    with suppress(Exception, asyncio.CancelledError):
        await asyncio.wait_for(owner, 20)
    await eventually(lambda: world.left() == 0)


@able("sweep")
async def test_what_a_dead_owner_left_is_swept_and_nothing_of_the_living(world: World) -> None:
    place = uuid.uuid4().hex
    dead, living = (world.provisioner(marker=marker(f"{place}/raw", owner)) for owner in ("dead", "alive"))

    async def alive(owner: str) -> bool:
        return owner == "alive"

    async with talking(living) as client:
        with suppress(Exception):
            async with talking(dead):
                assert await type(dead).sweep(f"{place}-elsewhere", alive) == 0
                assert await type(dead).sweep(place, alive) > 0
                await asyncio.wait_for(dead.ended.wait(), 20)
        assert dead.ended.is_set()
        assert await type(living).sweep(place, alive) == 0
        assert await text(client, "add", a=1, b=1) == "2"


@able("run")
async def test_it_gets_its_own_environment_and_none_of_the_tokens_of_jupyter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("HARMLESS", "yes")
    async with talking(world.provisioner(env={"OWN": "mine"})) as client:
        environ = json.loads(await text(client, "env"))
    assert environ["OWN"] == "mine"
    assert environ.get("HARMLESS") == ("yes" if "inherit" in world.can else None)
    assert "secret" not in environ.values()
