"""Where tests keep chats: a file of SQLite's and, in modules that say ``PLACES = BOTH``, also an empty schema of PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

BOTH = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    places = getattr(metafunc.module, "PLACES", None)
    if places and "place" in metafunc.fixturenames:
        metafunc.parametrize("place", places, indirect=True)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """What ``Database`` is given."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return tmp_path / "mandrake.sqlite"
    return postgresql(request.getfixturevalue("postgres_url"))


def postgresql(url: str) -> Any:
    from mandrake_jupyter.stores.backends.address import parse
    from mandrake_jupyter.stores.backends.postgresql import Postgresql

    return Postgresql(parse(url))
