"""What a dead Jupyter server left in the store, as the lists of a living one show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mandrake_jupyter.errors import StoreUnavailable
from mandrake_jupyter.stores.instances import Instances
from mandrake_jupyter.stores.rows import Message, Part, RunRow
from mandrake_jupyter.values import isoformat, utcnow
from tests.support.scripted_openai import ScriptedOpenAI

from .conftest import Api


async def leave(api: Api, state: str, instance: str, *parts: Part, session: str = "") -> RunRow:
    """A run, in a chat of its own or in that `session`, as the Jupyter server `instance` stored it."""
    session = session or (await api.session()).rsplit("/", 1)[-1]
    services = await api.registry.initialize_services()
    now, run_id = isoformat(utcnow()), str(uuid4())
    question = Message(str(uuid4()), session, run_id, "user", now, (), (Part(0, "text", content="hi"),))
    row = RunRow(run_id, session, instance, state, question.id, str(uuid4()), now)
    await services.runs.begin(row, question, {"last_activity": now})
    await services.runs.commit(row, parts=parts)
    return row


async def stored(api: Api, row: RunRow) -> RunRow:
    services = await api.registry.initialize_services()
    return await services.runs.get(row.session_id, row.id)


async def listed(api: Api, row: RunRow) -> str:
    found: str = next(s for s in await api("GET", "sessions") if s["id"] == row.session_id)["execution_state"]
    return found


@contextmanager
def living(api: Api) -> Iterator[str]:
    other = Instances(Path(api.registry.data_dir) / "instances")
    other.hold()
    yield other.own
    other.release()


@pytest.mark.parametrize("state", ["calling_model", "calling_tool"])
async def test_work_of_a_dead_server_is_listed_as_ended(api: Api, state: str) -> None:
    row = await leave(api, state, "dead")
    assert await listed(api, row) == "idle"
    ended = await stored(api, row)
    assert (ended.state, (ended.error or {})["code"]) == ("failed", "interrupted")


async def test_one_chat_alone_shows_it_too(api: Api) -> None:
    row = await leave(api, "calling_model", "dead")
    found = await api("GET", f"workspaces/default/sessions/{row.session_id}")
    assert (found["execution_state"], found["active_run"]) == ("idle", None)


async def test_work_of_a_living_server_is_listed_and_left_alone(api: Api) -> None:
    await api("GET", "sessions")
    with living(api) as instance:
        row = await leave(api, "calling_model", instance)
        assert await listed(api, row) == "busy"
        assert await stored(api, row) == row
    assert await listed(api, row) == "idle", "it has ended meanwhile"


async def test_a_question_of_a_dead_server_waits_on_and_is_nobodys_until_it_is_opened(api: Api) -> None:
    call: dict[str, Any] = {"server": "files", "tool": "write", "needs_approval": True}
    part = Part(0, "tool", call_id=str(uuid4()), call=call, status="waiting", arguments={})
    row = await leave(api, "awaiting_approval", "dead", part)
    assert await listed(api, row) == "waiting"
    assert await stored(api, row) == row
    await api("GET", f"workspaces/default/sessions/{row.session_id}/messages")
    own = (await api.registry.initialize_services()).instances.own
    assert await stored(api, row) == replace(row, instance=own)


async def test_a_message_that_a_dead_server_never_began_waits_on_and_is_answered_once_somebody_reads(
    model: ScriptedOpenAI, api: Api
) -> None:
    row = await leave(api, "queued", "dead")
    assert await listed(api, row) == "waiting"
    assert await stored(api, row) == row, "looking starts nothing"
    chat = f"workspaces/default/sessions/{row.session_id}"
    assert [m["status"] for m in await api("GET", f"{chat}/messages")] == ["queued", "queued"]
    assert model.chats == []
    events = await api.events("GET", f"{chat}/runs/{row.id}/events")
    assert [e["type"] for e in events][-1] == "complete"
    assert len(model.chats) == 1


async def test_what_was_at_work_is_ended_and_what_waited_behind_it_can_be_withdrawn(
    model: ScriptedOpenAI, api: Api
) -> None:
    row = await leave(api, "calling_model", "dead")
    behind = await leave(api, "queued", "dead", session=row.session_id)
    assert await listed(api, row) == "waiting"
    assert ((await stored(api, row)).state, (await stored(api, behind)).state) == ("failed", "queued")
    chat = f"workspaces/default/sessions/{row.session_id}"
    assert (await api("GET", chat))["queued"] == 1
    await api("POST", f"{chat}/runs/{behind.id}/cancel")
    [end] = await api.events("GET", f"{chat}/runs/{behind.id}/events")
    assert end["type"] == "cancelled"
    assert [m["run_id"] for m in await api("GET", f"{chat}/messages")] == [row.id, row.id]
    assert model.chats == []


@pytest.mark.parametrize("error", [StoreUnavailable(why="disk full"), RuntimeError("a mistake")])
async def test_a_chat_that_cannot_be_taken_up_does_not_break_the_list(
    api: Api, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await leave(api, "calling_model", "dead")

    def broken(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(api.registry, "use_session_coordinator", broken)
        assert await listed(api, row) == "busy"
    assert await listed(api, row) == "idle"
