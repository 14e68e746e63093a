"""Two things at once: ends, starts and deletes that meet leave nothing behind and no one with a dead service."""

from __future__ import annotations

import asyncio

import pytest

from mandrake_jupyter.errors import Unavailable
from mandrake_jupyter.sessions.session import SessionCoordinator
from tests.registry.pools import until
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api
from .test_lifecycle import NOW, say
from .test_mcp import SERVERS, TIME, add


async def test_a_deleted_chat_is_attached_to_no_mcp_server(api: Api) -> None:
    await add(api, "time", TIME)
    session = await api.session()
    await say(api, session, NOW)
    assert (await api("GET", f"{SERVERS}/time"))["connections"] == 1
    await api("DELETE", session)
    assert (await api("GET", f"{SERVERS}/time"))["connections"] == 0


async def test_a_delete_that_fails_leaves_no_answer_at_work_behind(
    model: ScriptedOpenAI, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.script = [Turn(tokens=["a", "b"], gates={1: asyncio.Event()})]
    session = await api.session()
    answering = asyncio.ensure_future(say(api, session))
    await until(lambda: model.chats)

    async def broken(self: SessionCoordinator, by: str) -> None:
        raise Unavailable("The store is locked.")

    monkeypatch.setattr(SessionCoordinator, "end", broken)
    assert (await api.error("DELETE", session))[0] == 503
    assert (await answering)["error"]["code"] == "interrupted"
    assert not api.registry.busy
    assert len(await api("GET", f"{session}/messages")) == 2


async def test_a_chat_that_opens_while_its_project_is_released_by_force_has_a_living_project(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await api.session()
    own = (await api("GET", session))["workspace_id"], session.rsplit("/", 1)[-1]
    await add(api, "time", TIME)
    opening, go_on = asyncio.Event(), asyncio.Event()
    opened = SessionCoordinator.open

    async def slow(self: SessionCoordinator) -> None:
        opening.set()
        await go_on.wait()
        await opened(self)

    monkeypatch.setattr(SessionCoordinator, "open", slow)
    asked = asyncio.ensure_future(api.registry.get_session_coordinator(*own))
    await opening.wait()
    await api("POST", "workspaces/default/release?force=true")
    go_on.set()
    await asyncio.wait({asked})
    assert (await say(api, session, NOW))["parts"][0]["status"] == "done"
