"""Ready or not, with a reason and a remedy for each finding; a real store, a real lock, a real model list."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from tornado.httpclient import HTTPClientError

from mandrake_jupyter.registry import health
from mandrake_jupyter.stores.migrate import migrate
from tests.support.scripted_openai import ScriptedOpenAI

from .conftest import Api

SPEC = yaml.safe_load(files("mandrake_jupyter").joinpath("rest-api.yml").read_text())
CODES = set(SPEC["components"]["schemas"]["Finding"]["properties"]["code"]["enum"])
HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


async def ready(api: Api) -> tuple[int, dict[str, tuple[str, str, str]]]:
    """The status, and by code each finding's level, message and remedy."""
    try:
        status, told = 200, await api("GET", "health/ready")
    except HTTPClientError as refused:
        status, told = refused.code, json.loads(refused.response.body)  # type: ignore[union-attr]
    assert told["status"] == ("ready" if status == 200 else "not_ready")
    assert {finding["code"] for finding in told["findings"]} <= CODES
    return status, {f["code"]: (f["level"], f["message"], f["remedy"]) for f in told["findings"]}


@pytest.fixture
def data_dir(api: Api) -> Path:
    return Path(api.registry.data_dir)


async def test_before_the_first_use_it_is_ready_and_opens_nothing(api: Api, data_dir: Path) -> None:
    assert await ready(api) == (200, {})
    detail = await api("GET", "health")
    assert (detail["started"], detail["status"], detail["services"]["sessions"]) == (False, "ready", [])
    assert not api.registry.started
    assert not data_dir.exists()


async def test_a_data_dir_that_can_not_be_made_is_said_before_the_first_use(api: Api, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    api.registry.data_dir = str(tmp_path / "file" / "data")
    status, found = await ready(api)
    assert status == 503
    level, message, remedy = found["store_not_writable"]
    assert (level, message) == ("error", f"{tmp_path / 'file'} is not a folder.")
    assert remedy == "Set MandrakeApp.data_dir to a folder."


async def test_a_store_of_a_newer_version_is_said_before_the_first_use(api: Api, data_dir: Path) -> None:
    migrate(data_dir / "mandrake.sqlite")
    with closing(sqlite3.connect(data_dir / "mandrake.sqlite")) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    status, found = await ready(api)
    assert (status, found["store_newer"][2]) == (503, "Update mandrake-jupyter.")
    assert not api.registry.started


async def test_a_locked_store_is_not_ready_until_it_is_free(
    model: ScriptedOpenAI, api: Api, data_dir: Path
) -> None:
    await api.session()
    assert await ready(api) == (200, {})
    with closing(sqlite3.connect(data_dir / "mandrake.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, found = await ready(api)
        other.execute("ROLLBACK")
    assert status == 503
    assert found["store_locked"][0] == "error"
    assert "Close other programs" in found["store_locked"][2]
    assert await ready(api) == (200, {})


async def test_without_a_model_nothing_can_be_answered(api: Api) -> None:
    await api.session()
    status, found = await ready(api)
    assert status == 503
    level, message, remedy = found["model_missing"]
    assert (level, "Demo model" in message) == ("error", True)
    assert remedy == "Fetch the demo model in the panel, or choose or connect another model."


async def test_a_model_without_its_key_can_not_answer(
    model: ScriptedOpenAI, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = await api("GET", "workspaces/default/models")
    await api("PATCH", "workspaces/default/models", {"active": models["active"]})
    assert await ready(api) == (200, {})
    monkeypatch.delenv("OPENAI_API_KEY")
    body = {"provider": "openai", "model": "gpt-5-mini"}
    await api("POST", "workspaces/default/models", body)
    status, found = await ready(api)
    assert (status, found["model_missing"][1]) == (
        503,
        "There is no key for the active model, gpt-5-mini.",
    )


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process holds the lock on that file."""
    argv = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        yield
        other.stdin.close()


async def test_a_lock_that_was_removed_is_taken_again(
    model: ScriptedOpenAI, api: Api, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.session()
    instances = api.registry.opened.services.instances
    with monkeypatch.context() as patch:
        patch.setattr(instances, "keep", lambda: False)  # the keeper's turn comes below
        (data_dir / "instances" / f"{instances.own}.lock").unlink()
        status, found = await ready(api)
    assert status == 503
    assert found["instance_lock_lost"][0] == "error"
    assert "taken again if it is free" in found["instance_lock_lost"][2]
    assert instances.keep()
    assert await ready(api) == (200, {})
    assert (await api("GET", "health"))["instance"] == instances.own == api.registry.hub.instance


async def test_a_lock_that_somebody_took_is_reported_as_long_as_he_has_it(
    model: ScriptedOpenAI, api: Api, data_dir: Path
) -> None:
    await api.session()
    instances = api.registry.opened.services.instances
    path = data_dir / "instances" / f"{instances.own}.lock"
    path.unlink()
    with held(path):
        assert not instances.keep()
        assert (await ready(api))[0] == 503
    assert instances.keep()
    assert await ready(api) == (200, {})


async def test_an_mcp_server_that_failed_is_a_warning(model: ScriptedOpenAI, api: Api) -> None:
    body = {"name": "broken", "entry": {"command": "no-such-command-at-all"}}
    await api("POST", "workspaces/default/mcp-servers", body)
    await api.error("POST", "workspaces/default/mcp-servers/broken/start")
    status, found = await ready(api)
    assert status == 200
    level, message, remedy = found["mcp_server_failed"]
    assert (level, remedy) == ("warning", "See its log, then start it again.")
    assert message.startswith('The MCP server "broken" failed: "no-such-command-at-all" was not found')
    (server,) = (await api("GET", "health"))["services"]["mcp_servers"]
    assert (server["name"], server["phase"], server["memory"]) == ("broken", "failed", None)


async def test_a_stopping_server_is_not_ready(api: Api) -> None:
    await api.registry.stop()
    status, found = await ready(api)
    assert (status, list(found)) == (503, ["stopping"])


async def test_the_detail_tells_of_each_service(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    await api("GET", f"{session}/messages")
    detail = await api("GET", "health")
    (chat,) = detail["services"]["sessions"]
    assert session.endswith(chat["id"])
    assert (chat["phase"], chat["busy"], detail["sessions"]) == ("ready", 0, 1)
    assert detail["services"]["jupyter"]["memory"] > 10_000_000
    assert detail["services"]["events"]["seq"] >= 3
    assert detail["services"]["demo_model"] == {"pid": None, "memory": None, "cpu": None}


async def test_a_disk_that_hangs_hangs_nobody_and_one_look_at_a_time_waits_for_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, go_on = [], threading.Event()

    def hang(*_: Any) -> list[Any]:
        looks.append(1)
        go_on.wait(20)
        return []

    monkeypatch.setattr(health, "CHECK_TIMEOUT", 0.05)
    monkeypatch.setattr(health, "_look", hang)
    for status, found in await asyncio.gather(*(ready(api) for _ in range(3))):
        assert (status, list(found)) == (503, ["check_timeout"])
    go_on.set()
    assert len(looks) == 1
