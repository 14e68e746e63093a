"""What tests of several rooms ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .support.postgres import Postgres, running

pytest_plugins = ["pytest_jupyter.jupyter_server"]


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
