"""kill -9 at every named place, and at random: nothing that was acknowledged is lost, and nothing happens twice."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from mandrake_jupyter.lifecycle.crash_points import POINTS, Act

from .conftest import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks Jupyter servers, and looks into /proc")
SOURCE = Path(__file__).parent.parent.parent / "mandrake_jupyter"


@pytest.mark.parametrize("act", Act)
@pytest.mark.timeout(180)
async def test_a_server_killed_before_and_after_it_loses_nothing(world: World, act: Act) -> None:
    await world.populate()
    for side in ("before", "after"):
        if act is Act.TAKE_UP:
            await world.work_until_killed("tell")
            if await world.start(f"{act}.{side}", armed=True):
                await world.go_on_until_it_dies()
        else:
            assert await world.start(f"{act}.{side}")
            await world.go_on()
            world.armed.touch()
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


def test_every_act_is_passed_before_and_after_in_the_code() -> None:
    """A new act without its two places, or a place without its name, is found here."""
    code = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    assert len(POINTS) == 2 * len(Act)
    for act in Act:
        named = f"Act.{act.name}"
        assert f"about_to({named})" in code or f": {named}" in code or f"else {named}" in code, act
        assert f"did({named})" in code or f": {named}" in code or f"else {named}" in code, act
