"""Secrets and words of people are planted wherever they can be, and looked for in logs, events and metrics."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from mandrake_jupyter.registry.events import schema_id
from tests.support.mcp_leaks import eventually
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api

ENVIRONMENT = "sk-canary-0123456789"  # the fixture's OPENAI_API_KEY
ENTERED = "canary-entered-0123456789"
LAUNCHED = "canary-launched-0123456789"
SAID = "canary-said-by-a-person"
ANSWERED = "canary-said-by-a-model"


async def test_no_canary_is_found(
    model: ScriptedOpenAI,
    api: Api,
    jp_serverapp: Any,
    jp_fetch: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[Any] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        heard.append(data)

    for noun in ("resource", "run", "tool_call"):
        jp_serverapp.event_logger.add_listener(schema_id=schema_id(noun), listener=listen)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "MandrakeApp")
    token = jp_serverapp.identity_provider.token
    log = api.registry.log
    model.script = [Turn(tokens=[ANSWERED])]
    session = await api.session(name=SAID)
    await api("POST", f"{session}/messages", {"content": SAID})
    model.script = [Turn(status=401, error={"message": f"wrong key {ENVIRONMENT}"})]
    await api("POST", f"{session}/messages", {"content": f"/tool ghost {SAID} {{}}"})
    await api("POST", f"{session}/messages", {"content": SAID})
    await api("PUT", "settings/keys/anthropic", {"value": ENTERED})
    failing = "import sys; sys.exit(sys.argv[1])"
    entry = {"command": sys.executable, "args": ["-c", failing, LAUNCHED], "env": {"MY_SECRET": LAUNCHED}}
    await api("POST", "workspaces/default/mcp-servers", {"name": "broken", "entry": entry})
    await api.error("POST", "workspaces/default/mcp-servers/broken/start")
    log.warning("%s", {"Authorization": f"token {token}"})
    log.warning("keys: %s", [ENVIRONMENT, ENTERED, token])
    try:
        raise RuntimeError(ENTERED)
    except RuntimeError:
        logging.getLogger("mandrake_jupyter").exception("broken: %s", ENVIRONMENT)

    await eventually(lambda: {"created", "moved", "ended"} <= {data["action"] for data in heard})
    api.registry.hub.close()
    async with aclosing(api.registry.hub.watch(0)) as events:
        stream = [event async for event in events]
    metrics = (await jp_fetch("metrics", method="GET")).body.decode()
    numbers = await api("GET", "metrics.json")
    ours = [r for r in caplog.records if r.name in ("MandrakeApp", "mandrake_jupyter")]
    usual = [r for r in caplog.records if r.levelno >= logging.INFO]  # debug lines of others are theirs
    found = {
        "log": repr([{**vars(record), "text": record.getMessage()} for record in [*ours, *usual]]),
        "stream": json.dumps(stream),
        "events": json.dumps(heard),
        "metrics": metrics + json.dumps(numbers),
    }
    assert "broken: •••" in found["log"]
    assert "keys: [" in found["log"]
    assert {event["type"] for event in stream} >= {"hello", "changed", "moved", "run", "run_ended"}
    canaries = (ENVIRONMENT, ENTERED, LAUNCHED, SAID, ANSWERED, token)
    assert [(where, canary) for where, text in found.items() for canary in canaries if canary in text] == []
