from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.jupyter_fork import Forkery

pytest_plugins = ["pytest_jupyter.jupyter_server"]

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
