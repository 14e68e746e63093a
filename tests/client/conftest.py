from __future__ import annotations

from collections.abc import Iterator

import pytest

from mandrake_jupyter.client import MandrakeClient

from ..support.scripted_api import ScriptedAPI


@pytest.fixture
def api() -> Iterator[ScriptedAPI]:
    with ScriptedAPI() as server:
        yield server


@pytest.fixture
def client(api: ScriptedAPI) -> MandrakeClient:
    return MandrakeClient(api.url, api.token, timeout=60)
