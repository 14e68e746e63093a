"""The Docker engine that the tests run containers on, asked apart from our own code; and whether there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mandrake_jupyter.provisioners.docker.engine import Engine
from mandrake_jupyter.provisioners.docker.ownership import OWNED

PYTHON, TINY = "mandrake-test/python:latest", "mandrake-test/tiny:latest"


@contextmanager
def asked() -> Iterator[Any]:
    """The engine's SDK client; it keeps a connection for each kind of question, so it is closed at once."""
    engine = Engine("tests")
    engine.knock()
    try:
        yield engine._connected()
    finally:
        engine.close()


def need_engine() -> None:
    """Skips with the reason where no engine answers; `.ci/run` always has one, so there it fails."""
    why = os.environ.get("MANDRAKE_TEST_NO_ENGINE")
    if not why:
        try:
            with asked() as client:
                client.ping()
            return
        except Exception as exc:
            why = f"no Docker engine answers: {exc}"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def is_there(client: Any, container: str) -> bool:
    from docker.errors import NotFound

    try:
        client.inspect_container(container)
    except NotFound:
        return False
    return True


def containers(owner: str) -> list[Any]:
    """Those of that owner: a restarted engine may list one that it has removed (seen with 20.10)."""
    with asked() as client:
        listed = client.containers(all=True, filters={"label": [f"{OWNED}={owner}"]})
        return [one for one in listed if one["State"] != "removing" or is_there(client, one["Id"])]
