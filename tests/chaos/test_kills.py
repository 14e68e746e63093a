"""kill -9 at every named place, and at random: nothing that was acknowledged is lost, and nothing happens twice."""

from __future__ import annotations

import random
import sys

import pytest

from mandrake_jupyter.lifecycle.crash_points import Act

from .conftest import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks Jupyter servers, and looks into /proc")


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.timeout(600)
async def test_a_server_killed_at_each_named_place_loses_nothing(world: World, side: str) -> None:
    await world.populate()
    for act in Act:
        if act is Act.TAKE_UP:
            await world.work_until_killed("tell")
            if await world.start(dies_at=f"{act}.{side}"):
                await world.go_on_until_it_dies()
        else:
            assert await world.start()
            await world.go_on()
            world.arm(f"{act}.{side}")
            await world.work_until_it_dies()
    await world.end()


@pytest.mark.timeout(1800)
async def test_a_server_killed_at_random_loses_nothing(world: World, request: pytest.FixtureRequest) -> None:
    kills = request.config.getoption("kills", 20)
    seed = request.config.getoption("seed", None) or random.randrange(2**32)
    print(f"--kills={kills} --seed={seed}")
    moments = random.Random(seed)
    await world.populate()
    for _ in range(kills):
        assert await world.start()
        await world.go_on()
        await world.work_until_it_dies(after=moments.uniform(0.0, 1.5))
    await world.end()
