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
PLACES_TO_DIE = (f"{Act.MESSAGE}.after", f"{Act.RESULT}.before")


@pytest.mark.timeout(600)
async def test_a_server_killed_with_its_chats_in_postgresql_loses_nothing(
    postgres_url: str, postgres: Postgres, world: World
) -> None:
    up = f"SELECT clock_timestamp() - pg_postmaster_start_time() > interval '{GRACE} s'"
    await eventually(lambda: postgres.sql(up) == [(True,)], GRACE + 5)
    world.config = f"{CONFIG}c.MandrakeApp.database_url = {postgres_url!r}\n"
    schema = postgres_url.rsplit("=", 1)[-1]
    world.ask = lambda query: postgres.sql(
        query.replace("FROM runs", f"FROM {schema}.runs AS runs").replace(
            "FROM events", f"FROM {schema}.events"
        )
    )
    await world.populate()
    for place in PLACES_TO_DIE:
        assert await world.start()
        await world.go_on()
        world.arm(place)
        await world.work_until_it_dies()
    await world.end()
    assert not list(world.folder.rglob("mandrake.sqlite"))
