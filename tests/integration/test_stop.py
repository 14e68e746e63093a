"""The stop hook when something does not stop as it should: the rest is stopped, in time, and Jupyter is told, not hurt."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from mandrake_jupyter.app import MandrakeApp
from mandrake_jupyter.registry.registry import ServiceRegistry
from mandrake_jupyter.sessions.session import SessionCoordinator
from tests.support.patience import within

from .conftest import Api

RAW = str(Path(__file__).parent.parent / "support" / "mcp_raw.py")


@pytest.fixture
def app(jp_serverapp: Any) -> MandrakeApp:
    [app] = jp_serverapp.extension_manager.extension_apps["mandrake_jupyter"]
    return app


async def at_work(api: Api) -> int:
    """A resident chat and an MCP server; the latter's pid."""
    session = await api.session()
    await api("POST", f"{session}/messages", {"content": "/tool jupyter list_files"})
    entry = {"command": sys.executable, "args": ["-S", RAW]}
    await api("POST", "workspaces/default/mcp-servers", {"name": "raw", "entry": entry})
    pid: int = (await api("POST", "workspaces/default/mcp-servers/raw/start"))["pid"]
    return pid


def locks(api: Api) -> list[Path]:
    return [*(Path(api.registry.data_dir) / "instances").iterdir()]


@pytest.mark.parametrize(
    ("manner", "says"), [("raises", "the disk is gone"), ("hangs", "not stopped within")]
)
async def test_a_chat_that_does_not_stop_is_reported_and_all_else_stops(
    manner: str,
    says: str,
    api: Api,
    app: MandrakeApp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pid = await at_work(api)
    over = asyncio.Event()

    async def close(_: SessionCoordinator) -> None:
        if manner == "raises":
            raise OSError("the disk is gone")
        while not over.is_set():  # not even its cancelling ends it
            with contextlib.suppress(asyncio.CancelledError):
                await over.wait()

    api.registry.stop_timeout = 3.0
    monkeypatch.setattr(SessionCoordinator, "close", close)
    began = time.monotonic()
    await app.stop_extension()
    over.set()
    assert time.monotonic() - began < within(4)
    assert not psutil.pid_exists(pid)
    assert locks(api) == []
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert any(says in text for text in said), said


@pytest.mark.parametrize("manner", ["raises", "hangs", "is cancelled"])
async def test_whatever_the_registrys_stop_does_jupyter_goes_on_with_its_own(
    manner: str, api: Api, app: MandrakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = asyncio.Event()

    async def stop(_: ServiceRegistry) -> list[str]:
        if manner == "raises":
            raise OSError("the disk is gone")
        if manner == "is cancelled":
            raise asyncio.CancelledError
        while not over.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await over.wait()
        return []

    with monkeypatch.context() as patch:
        patch.setattr(ServiceRegistry, "stop", stop)
        api.registry.stop_timeout = 0.1
        async with asyncio.timeout(within(5)):
            await app.stop_extension()
        over.set()
    api.registry.stop_timeout = 8.0
