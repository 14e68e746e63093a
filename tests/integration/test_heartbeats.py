"""A quiet stream of an answer says that it lives, in the way of its format."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mandrake_jupyter.sessions.session import SessionCoordinator
from tests.support.scripted_openai import ScriptedOpenAI, Turn

from .conftest import Api


@pytest.mark.parametrize(
    ("accept", "beat"), [("application/x-ndjson", b"\n"), ("text/event-stream", b": heartbeat\n\n")]
)
async def test_while_a_model_is_silent_the_stream_beats(
    model: ScriptedOpenAI, api: Api, monkeypatch: pytest.MonkeyPatch, accept: str, beat: bytes
) -> None:
    defaults: Any = SessionCoordinator.bundles.__kwdefaults__
    monkeypatch.setitem(defaults, "heartbeat", 0.02)
    silence = asyncio.Event()
    model.script = [Turn(tokens=["one", " two"], gates={1: silence})]
    heard: list[bytes] = []

    def hear(chunk: bytes) -> None:
        heard.append(chunk)
        if chunk == beat:
            silence.set()

    session = await api.session()
    async with asyncio.timeout(20):
        await api.raw(
            "POST",
            f"{session}/messages",
            {"content": "go"},
            headers={"Accept": accept},
            streaming_callback=hear,
        )
    assert beat in heard
    assert b'"complete"' in heard[-1]
