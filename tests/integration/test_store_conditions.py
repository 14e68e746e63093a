"""Over REST: a store that can't be written still answers, refuses in words, and goes on by itself; deleted is deleted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.stores.backends import sqlite as store
from mandrake_jupyter.stores.migrate import HEAD
from mandrake_jupyter.stores.rows import Message, Part, RunRow
from mandrake_jupyter.values import isoformat, utcnow
from tests.support.mcp_leaks import eventually


def stamp(api: Any, revision: str) -> None:
    with closing(sqlite3.connect(Path(api.registry.data_dir) / "mandrake.sqlite")) as db, db:
        db.execute("UPDATE alembic_version SET version_num = ?", (revision,))


async def refused(api: Any, chat: str, code: str) -> None:
    for method, path, body in (
        ("POST", "workspaces/default/sessions", {}),
        ("POST", f"{chat}/messages", {"content": "hello"}),
        ("PATCH", chat, {"name": "mine"}),
    ):
        status, told = await api.error(method, path, body)
        assert (status, told["code"]) == (503, code), path
        assert "kept" in told["then"]


async def answers(api: Any, chat: str) -> None:
    """History, lists and search."""
    assert [message["role"] for message in await api("GET", f"{chat}/messages")] == ["user", "assistant"]
    assert len(await api("GET", "sessions")) == len(await api("GET", "workspaces/default/sessions")) == 1
    assert (await api("GET", "search?q=herons"))["chats"] == 1
    run = (await api("GET", f"{chat}/messages"))[-1]["run_id"]
    assert (await api("GET", f"{chat}/runs/{run}"))["state"] == "done"
    assert (await api.events("GET", f"{chat}/runs/{run}/events"))[-1]["type"] == "complete"
    assert (await api("GET", chat))["execution_state"] == "idle"


async def test_what_a_newer_version_stored_can_be_read_and_used_again_when_it_is_ours(
    api: Any, model: Any
) -> None:
    chat = await api.session()
    await api("POST", f"{chat}/messages", {"content": "herons?"})
    stamp(api, "9999")
    await answers(api, chat)
    await refused(api, chat, "store_newer")
    status, ready = await api.error("GET", "health/ready")
    assert (status, "store_newer" in {finding["code"] for finding in ready["findings"]}) == (503, True)
    stamp(api, HEAD)
    assert (await api("POST", f"{chat}/messages", {"content": "again"}))["status"] == "complete"


async def test_while_another_program_holds_the_store_it_is_read(
    api: Any, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_TIMEOUT_MS", 50)
    chat = await api.session()
    await api("POST", f"{chat}/messages", {"content": "herons?"})
    with closing(
        sqlite3.connect(Path(api.registry.data_dir) / "mandrake.sqlite", isolation_level=None)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        await answers(api, chat)
        await refused(api, chat, "store_locked")
        other.execute("ROLLBACK")
    assert (await api("POST", f"{chat}/messages", {"content": "again"}))["status"] == "complete"


async def test_an_answer_whose_end_could_not_be_stored_is_not_busy_for_ever(api: Any, model: Any) -> None:
    """As it stands after a full disk: in the store it is at work, and nobody works on it."""
    chat = await api.session()
    session_id = chat.rpartition("/")[2]
    services = await api.registry.initialize_services()
    now = isoformat(utcnow())
    question = Message("q", session_id, "r", "user", now, (), (Part(0, "text", content="?"),))
    run = RunRow("r", session_id, services.instances.own, "calling_model", "q", "a", now)
    await services.runs.begin(run, question, {"last_activity": now})
    assert [one["execution_state"] for one in await api("GET", "sessions")] == ["idle"]
    assert (await api("GET", f"{chat}/messages"))[-1]["error"]["code"] == "interrupted"


async def test_of_a_deleted_chat_no_word_is_left_on_the_disk(api: Any, model: Any) -> None:
    folder = Path(api.registry.data_dir)

    def stands() -> bool:
        return any(b"plantedbird" in file.read_bytes() for file in folder.glob("mandrake.sqlite*"))

    chat, kept = await api.session(name="plantedbird"), await api.session(name="keptbird")
    await api("POST", f"{chat}/messages", {"content": "a plantedbird?"})
    assert stands()
    await api("DELETE", chat)
    await eventually(lambda: not stands())
    assert (await api("GET", "search?q=keptbird"))["chats"] == 1
    assert (await api("GET", kept))["name"] == "keptbird"


async def test_chats_that_are_too_old_are_gone_after_the_first_use(api: Any, model: Any) -> None:
    chat, young = await api.session(), await api.session()
    services = await api.registry.initialize_services()
    await services.sessions.change(chat.rpartition("/")[2], last_activity="2020-01-01T00:00:00.000000Z")
    api.registry.keep_chats_days = 30
    housekeeping = api.registry.opened.housekeeping
    housekeeping.due()
    await housekeeping.look()
    assert (await api.error("GET", chat))[0] == 404
    assert (await api("GET", young))["id"] == young.rpartition("/")[2]
