"""A model that asks to slow down, in a real Jupyter server: the wait is seen, hurried, cancelled, and bounded by settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api

BUSY = Turn(status=429, headers={"Retry-After": "30"})


async def until_it_waits(api: Api, session: str) -> tuple[AsyncIterator[dict[str, Any]], dict[str, Any]]:
    events = api.stream("POST", f"{session}/messages", {"content": "hi"})
    async with asyncio.timeout(60):
        async for event in events:
            if event["type"] == "retry":
                return events, event
    pytest.fail("no retry")


async def test_a_person_need_not_wait(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [BUSY, Turn(["Hello."])]
    session = await api.session()
    events, waits = await until_it_waits(api, session)
    assert (waits["seconds"], waits["code"]) == (30.0, "model_rate_limited")
    [_, answer] = await api("GET", f"{session}/messages")
    assert answer["retry"]["at"] == waits["at"]
    run = await api("POST", f"{session}/runs/{waits['run_id']}/retry")
    assert run["id"] == waits["run_id"]
    async with asyncio.timeout(60):
        rest = [event["type"] async for event in events]
    assert rest == ["retry", "token", "usage", "complete"]
    status, error = await api.error("POST", f"{session}/runs/{waits['run_id']}/retry")
    assert (status, error["code"]) == (409, "conflict")
    assert (await api.error("POST", f"{session}/runs/ghost/retry"))[0] == 404


async def test_a_cancel_ends_the_wait(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [BUSY]
    session = await api.session()
    events, waits = await until_it_waits(api, session)
    await api("POST", f"{session}/runs/{waits['run_id']}/cancel")
    async with asyncio.timeout(60):
        assert [event["type"] async for event in events] == ["cancelled"]
    assert len(model.chats) == 1


async def test_the_settings_say_how_often_and_how_long(model: ScriptedOpenAI, api: Api) -> None:
    api.registry.retry_longest_wait = 29.0
    model.script = [BUSY]
    session = await api.session()
    events = await api.events("POST", f"{session}/messages", {"content": "hi"})
    assert [event["type"] for event in events] == ["start", "error"]
    assert events[-1]["retry_after"] == 30.0


@pytest.mark.parametrize(
    ("turn", "code"),
    [(Turn(fault="hang"), "model_timeout"), (Turn(["Hal"], fault="stall"), "model_stalled")],
    ids=["first token", "stall"],
)
async def test_the_deadlines_of_silence_hold_in_a_later_try_too_and_are_the_end(
    model: ScriptedOpenAI, api: Api, turn: Turn, code: str
) -> None:
    api.registry.first_token_timeout = api.registry.stall_timeout = 1.0
    model.script = [Turn(status=503, headers={"Retry-After": "0"}), turn]
    session = await api.session()
    async with asyncio.timeout(60):
        events = await api.events("POST", f"{session}/messages", {"content": "hi"})
    assert [e["type"] for e in events if e["type"] != "token"] == ["start", "retry", "error"]
    assert events[-1]["code"] == code
    assert len(model.chats) == 2


async def test_all_waits_together_are_bounded_by_the_longest_answer(model: ScriptedOpenAI, api: Api) -> None:
    api.registry.run_timeout = 0.5
    model.script = [BUSY, Turn(["never"])]
    session = await api.session()
    async with asyncio.timeout(60):
        events = await api.events("POST", f"{session}/messages", {"content": "hi"})
    assert [e["type"] for e in events] == ["start", "retry", "error"]
    assert events[-1]["code"] == "run_timeout"
