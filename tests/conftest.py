"""What tests of several rooms ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from .support.jupyter_fork import Forkery
from .support.postgres import Postgres, running

pytest_plugins = ["pytest_jupyter.jupyter_server", "tests.support.places"]

#: The same examples each time, however busy the machine is. ``--hypothesis-profile=seeking`` looks for new ones.
STEADY = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", STEADY)
settings.register_profile("seeking", STEADY, derandomize=False, max_examples=1000)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def forkery() -> Iterator[Forkery]:
    """Makes Jupyter servers in a tenth of the time."""
    made = Forkery()
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for all tests of this process; whoever stops it starts it again."""
    with running() as postgres:
        yield postgres


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty schema of the test's own; in the end nobody may be connected to it."""
    with postgres.schema() as schema:
        yield postgres.url(schema)
