"""The limits of an answer as an administrator sets them, in a real Jupyter server."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn

from .conftest import Api
from .test_mcp import add

RAW = Path(__file__).parent.parent / "support" / "mcp_raw.py"


async def test_the_culler_withdraws_a_question_that_nobody_answered(model: ScriptedOpenAI, api: Api) -> None:
    api.registry.approval_timeout = 0.01
    await add(api, "raw", {"command": sys.executable, "args": ["-S", str(RAW)]})
    model.script = [Turn(calls=[Call("raw__add", {"a": 1, "b": 2})])]
    session, events = await api.session(), []
    async with asyncio.timeout(30):
        async for event in api.stream("POST", f"{session}/messages", {"content": "add them"}):
            events.append(event)
            if event.get("needs_approval"):
                run = f"{session}/runs/{event['run_id']}"
                while (await api("GET", run))["state"] != "failed":
                    await api.registry.session_culler.sweep()
    assert [e["type"] for e in events][-2:] == ["toolResult", "error"]
    assert (events[-2]["status"], events[-1]["code"]) == ("withdrawn", "approval_timeout")


@pytest.mark.parametrize("limit", [0.0, 0.2])
async def test_an_answer_may_take_as_long_as_its_limit_says(
    model: ScriptedOpenAI, api: Api, limit: float
) -> None:
    api.registry.run_timeout = limit
    model.script = [Turn(["Hel", "lo"], delay=0.3)]
    session = await api.session()
    events = await api.events("POST", f"{session}/messages", {"content": "hi"})
    assert events[-1].get("code") == ("run_timeout" if limit else None)
