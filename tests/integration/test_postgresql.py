"""A real Jupyter server with its chats in PostgreSQL: all goes as with a file, also when PostgreSQL or another server ends."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.stores import instances_postgresql
from tests.support.jupyter_process import JupyterProcess
from tests.support.mcp_leaks import eventually
from tests.support.postgres import PASSWORD, Postgres
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn

from .conftest import Api

COUNTING = Path(__file__).parents[1] / "support" / "mcp_counting.py"


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    with postgres.schema() as schema:
        yield postgres.url(schema, password=PASSWORD)


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any], url: str) -> dict[str, Any]:
    return {**jp_server_config, "MandrakeApp": {"database_url": url}}


@pytest.fixture
def api(api: Api, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Api]:
    """Stopped before its schema is looked at: by then nobody may be connected."""
    yield api
    assert jp_asyncio_loop.run_until_complete(api.registry.stop()) == []


def texts(messages: list[Any]) -> list[str]:
    return ["".join(part.get("content") or "" for part in message["parts"]) for message in messages]


async def test_a_chat_is_kept_found_exported_and_deleted_and_the_password_is_nowhere(
    api: Api,
    model: ScriptedOpenAI,
    url: str,
    postgres: Postgres,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    write = Call("counting__append", {"text": "hi"})
    model.script = [Turn(["herons ", "fly"]), Turn(["I will."], calls=[write]), Turn(["Done."])]
    entry = {"command": sys.executable, "args": [str(COUNTING), str(tmp_path / "ran")]}
    await api("POST", "workspaces/default/mcp-servers", {"name": "counting", "entry": entry})
    assert (await api("GET", "health"))["store"] == "postgresql"
    chat = await api.session()
    assert (await api("POST", f"{chat}/messages", {"content": "birds?"}))["status"] == "complete"
    run = await api("POST", f"{chat}/messages", {"content": "write"}, headers={"Prefer": "respond-async"})
    events = []
    async for event in api.stream("GET", f"{chat}/runs/{run['id']}/events"):
        events.append(event)
        if event["type"] == "toolCall":
            decide = f"{chat}/runs/{run['id']}/approvals/{event['call_id']}"
            await api("POST", decide, {"decision": "session"})
    assert events[-1]["type"] == "complete"
    assert (tmp_path / "ran").read_text().split() == ["hi"]
    assert [one["decision"] for one in await api("GET", "workspaces/default/audit")] == ["session"]
    assert (await api("GET", "search?q=HERON"))["chats"] == 1
    told = [json.dumps(await api("GET", path)) for path in ("health", "health/ready", f"{chat}/messages")]
    told += [(await api.raw("GET", f"{chat}/export?format=markdown")).body.decode(), caplog.text]
    assert not any(PASSWORD in one for one in told)
    data = Path(api.registry.data_dir)
    assert not any(PASSWORD.encode() in file.read_bytes() for file in data.rglob("*") if file.is_file())
    assert not list(data.glob("mandrake.sqlite*"))
    await api("DELETE", chat)
    assert (await api("GET", "search?q=heron"))["chats"] == 0
    schema = url.rsplit("=", 1)[-1]
    assert postgres.sql(f"SELECT count(*) FROM {schema}.search") == [(0,)]


async def test_when_postgresql_stops_an_answer_ends_with_words_and_all_goes_on_when_it_is_back(
    api: Api, model: ScriptedOpenAI, postgres: Postgres
) -> None:
    gate = asyncio.Event()
    model.script = [Turn(["kept ", "lost"], gates={1: gate}), Turn(["again"])]
    chat = await api.session()
    run = await api("POST", f"{chat}/messages", {"content": "go"}, headers={"Prefer": "respond-async"})
    stream = api.stream("GET", f"{chat}/runs/{run['id']}/events")
    seen = [await anext(stream)]
    while seen[-1]["type"] != "token":
        seen.append(await anext(stream))
    await asyncio.to_thread(postgres.stop)
    try:
        gate.set()
        seen += [event async for event in stream]
        assert (seen[-1]["type"], seen[-1]["code"]) == ("error", "store_unavailable")
        status, told = await api.error("POST", f"{chat}/messages", {"content": "and now?"})
        assert (status, told["code"]) == (503, "store_unavailable")
        assert "kept" in told["then"]
        _, ready = await api.error("GET", "health/ready")
        assert "store_unreachable" in {finding["code"] for finding in ready["findings"]}
    finally:
        await asyncio.to_thread(postgres.start)
    assert (await api("POST", f"{chat}/messages", {"content": "and now?"}))["status"] == "complete"
    question, answer, *_, last = await api("GET", f"{chat}/messages")
    assert (texts([question]), answer["status"], texts([last])) == (["go"], "failed", ["again"])
    instances = api.registry.opened.services.instances  # type: ignore[union-attr]
    await eventually(lambda: instances.intact() or instances.keep())


async def test_a_chat_of_another_jupyter_server_is_left_alone_while_it_lives_and_taken_up_when_it_is_killed(
    api: Api,
    model: ScriptedOpenAI,
    url: str,
    tmp_path: Path,
    jp_root_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each has a data dir of its own, as on two machines."""
    monkeypatch.setattr(instances_postgresql, "GRACE", 0)
    gate = asyncio.Event()
    model.script = [Turn(["begun ", "never"], gates={1: gate}), Turn(["mine"])]
    other = JupyterProcess(
        home=tmp_path / "other",
        root=jp_root_dir,
        data=tmp_path / "other-data",
        url="",
        env={"OPENAI_API_KEY": "sk-canary-0123456789", "OPENAI_BASE_URL": model.url, "MY_DATABASE": url},
        config="c.MandrakeApp.database_url = '${MY_DATABASE}'\n",
    )
    try:
        await other.start()
        chat = await other.chat()
        run = await other.ask(chat, "go")
        path = chat.removeprefix("m/")
        await eventually_text(api, path, "begun ")
        assert (await api("GET", path))["execution_state"] == "busy"
        status, told = await api.error("POST", f"{path}/messages", {"content": "me too"})
        assert (status, told["code"]) == (409, "running_elsewhere")
        other.signal(signal.SIGKILL)
        await asyncio.to_thread(other.process.wait)  # type: ignore[union-attr]
        await eventually_idle(api, path)
        found = await api("GET", f"{path}/runs/{run['id']}")
        assert (found["state"], found["error"]["code"]) == ("failed", "interrupted")
        assert (await api("POST", f"{path}/messages", {"content": "me too"}))["status"] == "complete"
        assert texts(await api("GET", f"{path}/messages")) == ["go", "begun ", "me too", "mine"]
        assert PASSWORD not in other.log
    finally:
        gate.set()
        other.kill()


async def eventually_text(api: Api, chat: str, text: str) -> None:
    async with asyncio.timeout(20):
        while text not in texts(await api("GET", f"{chat}/messages")):
            await asyncio.sleep(0.02)


async def eventually_idle(api: Api, chat: str) -> None:
    """PostgreSQL hears of the end of a connection a moment later."""
    async with asyncio.timeout(20):
        while (
            next(s for s in await api("GET", "sessions") if chat.endswith(s["id"]))["execution_state"]
            != "idle"
        ):
            await asyncio.sleep(0.02)
