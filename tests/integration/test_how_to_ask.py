"""What docs/how-to/ask-from-a-script.md shows is run as it stands, against a real Jupyter server."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_brain import keywords
from tests.support.scripted_openai import Call, ScriptedOpenAI, Turn

from .conftest import Api

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "ask-from-a-script.md"
ECHO = {"command": sys.executable, "args": [str(ROOT / "tests" / "support" / "mcp_echo.py")]}


def answers(body: dict[str, Any]) -> Turn:
    said = str(body["messages"][-1].get("content"))
    if body["messages"][-1]["role"] == "user" and "Add 1 and 2." in said:
        return Turn(calls=[Call("echo__add", {"a": 1, "b": 2})])
    for message in body["messages"]:  # the brain knows small letters
        message["content"] = str(message.get("content")).replace("Count", "count")
    return keywords()(body)


async def test_what_the_how_to_shows_is_what_happens(
    model: ScriptedOpenAI,
    api: Api,
    jp_serverapp: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model.brain = answers
    monkeypatch.setenv("MANDRAKE_URL", jp_serverapp.connection_url)
    monkeypatch.setenv("MANDRAKE_TOKEN", jp_serverapp.identity_provider.token)
    await api("POST", "workspaces/default/mcp-servers", {"name": "echo", "entry": ECHO})
    await api("POST", "workspaces/default/mcp-servers/echo/start")
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    async with asyncio.timeout(60):
        for block in blocks:
            await asyncio.to_thread(exec, compile(block, PAGE.name, "exec"), names)
    assert capsys.readouterr().out.splitlines() == [
        "complete 1 2 3 ",
        "1 2 3 4 5  complete",
        "add {'a': 1, 'b': 2} ['once', 'session', 'workspace', 'deny']",
        "complete",
        "session_not_found No chat with the id 'no-such-chat' in this project.",
    ]
