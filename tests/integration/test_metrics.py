"""Jupyter's own ``/metrics`` shows what the extension counts, and ``metrics.json`` the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mandrake_jupyter.registry.metrics import ALL
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api

NAMES = {
    "mandrake_created_total",
    "mandrake_culled_total",
    "mandrake_phase_duration_seconds",
    "mandrake_resident",
    "mandrake_run_duration_seconds",
    "mandrake_first_token_seconds",
    "mandrake_tokens_total",
    "mandrake_tool_call_duration_seconds",
    "mandrake_open_streams",
    "mandrake_errors_total",
}


async def value(api: Api, name: str, **labels: str) -> float:
    values = (await api("GET", "metrics.json"))[f"mandrake_{name}"]["values"]
    found = [v for v in values if labels.items() <= v.items()]
    return sum(v.get("value", v.get("count", 0)) for v in found)


async def test_every_metric_is_there_before_anything_was_used(api: Api, jp_fetch: Callable[..., Any]) -> None:
    assert set(await api("GET", "metrics.json")) == NAMES
    text = (await jp_fetch("metrics", method="GET")).body.decode()
    assert all(f"# TYPE {name} " in text for name in NAMES)
    assert 'mandrake_culled_total{kind="session",reason="idle"}' in text
    assert not api.registry.started
    assert len(ALL) == len(NAMES)


async def test_an_answer_and_a_refusal_are_counted(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [Turn(tokens=["one ", "two"])]
    runs = await value(api, "run_duration_seconds", state="done")
    tokens = await value(api, "tokens_total", direction="output")
    lost = await value(api, "errors_total", code="session_not_found")
    session = await api.session()
    await api("POST", f"{session}/messages", {"content": "hi"})
    await api.error("GET", "workspaces/default/sessions/ghost")
    assert await value(api, "run_duration_seconds", state="done") == runs + 1
    assert await value(api, "tokens_total", direction="output") > tokens
    assert await value(api, "errors_total", code="session_not_found") == lost + 1


async def test_open_streams_are_counted_while_they_are_read(api: Api) -> None:
    before = await value(api, "open_streams")
    reading = asyncio.ensure_future(api.raw("GET", "events"))
    while not api.registry.hub.readers:
        await asyncio.sleep(0)
    assert await value(api, "open_streams") == before + 1
    api.registry.hub.close()
    await reading
    assert await value(api, "open_streams") == before


async def test_an_open_chat_is_resident_until_it_is_put_away(model: ScriptedOpenAI, api: Api) -> None:
    made = await value(api, "created_total", kind="session")
    there = await value(api, "resident", kind="session", phase="ready")
    ready = await value(api, "phase_duration_seconds", kind="session", phase="ready")
    session = await api.session()
    await api("GET", f"{session}/messages")
    assert await value(api, "created_total", kind="session") == made + 1
    assert await value(api, "resident", kind="session", phase="ready") == there + 1
    await api("POST", f"{session}/release")
    assert await value(api, "resident", kind="session", phase="ready") == there
    assert await value(api, "phase_duration_seconds", kind="session", phase="ready") == ready + 1
