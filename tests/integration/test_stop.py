"""The stop hook when something does not stop as it should: the rest is stopped, in time, and Jupyter is told, not hurt."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from mandrake_jupyter.app import MandrakeApp
from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.sessions.session import SessionCoordinator

from .conftest import Api

RAW = str(Path(__file__).parent.parent / "support" / "mcp_raw.py")


@pytest.fixture
def app(jp_serverapp: Any) -> MandrakeApp:
    [app] = jp_serverapp.extension_manager.extension_apps["mandrake_jupyter"]
    return app


async def raises(*_: object, **__: object) -> None:
    raise OSError("the disk is gone")


async def hangs(*_: object, **__: object) -> None:
    """Not even its cancelling ends it."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if _over.is_set():
                raise


_over = asyncio.Event()


async def at_work(api: Api) -> int:
    """A resident chat and an MCP server; the latter's pid."""
    session = await api.session()
    await api("GET", f"{session}/messages")
    entry = {"command": sys.executable, "args": ["-S", RAW]}
    await api("POST", "workspaces/default/mcp-servers", {"name": "raw", "entry": entry})
    pid: int = (await api("POST", "workspaces/default/mcp-servers/raw/start"))["pid"]
    return pid


def locks(api: Api) -> list[Path]:
    return [*(Path(api.registry.data_dir) / "instances").iterdir()]


@pytest.mark.parametrize("bad", [raises, hangs])
async def test_a_chat_that_does_not_stop_is_reported_and_all_else_stops(
    api: Api,
    app: MandrakeApp,
    bad: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pid = await at_work(api)
    api.registry.stop_timeout = 3.0
    monkeypatch.setattr(SessionCoordinator, "close", bad)
    began = time.monotonic()
    await app.stop_extension()
    assert time.monotonic() - began < 4
    assert not psutil.pid_exists(pid)
    assert locks(api) == []
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert any(("disk is gone" if bad is raises else "not stopped within") in text for text in said)
