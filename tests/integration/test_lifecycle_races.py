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
