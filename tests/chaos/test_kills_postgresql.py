"""kill -9 where chats are in PostgreSQL: the next Jupyter server takes up what the killed one left, and nothing happens twice."""

from __future__ import annotations

import sys

import pytest

from mandrake_jupyter.lifecycle.crash_points import Act
from mandrake_jupyter.stores.instances_postgresql import GRACE
from tests.support.mcp_leaks import eventually
from tests.support.postgres import Postgres

from .conftest import CONFIG, World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks Jupyter servers, and looks into /proc")
ACTS = (Act.MESSAGE, Act.TEXT, Act.DECISION, Act.RESULT)


@pytest.mark.timeout(120)
async def test_a_server_killed_with_its_chats_in_postgresql_loses_nothing(
    world: World, postgres: Postgres, postgres_url: str
) -> None:
    up = f"SELECT clock_timestamp() - pg_postmaster_start_time() > interval '{GRACE} s'"
    await eventually(lambda: postgres.sql(up) == [(True,)], GRACE + 5)
    world.config = f"{CONFIG}c.MandrakeApp.database_url = {postgres_url!r}\n"
    await world.populate()
    for number, act in enumerate(ACTS):
        assert await world.start()
        await world.go_on()
        world.arm(f"{act}.{('before', 'after')[number % 2]}")
        await world.work_until_it_dies()
    await world.end()
    assert world.server is not None
    world.server.kill()
    assert not list(world.folder.rglob("mandrake.sqlite"))
