"""What goes wrong in the middle of an answer, through REST, with a real MCP server: told to the model, and one end each."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.mcp_leaks import eventually
from tests.support.patience import within
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn, last_text

from .conftest import Api
from .test_mcp import add

RAW = {
    "command": sys.executable,
    "args": ["-S", str(Path(__file__).parent.parent / "support" / "mcp_raw.py")],
}
UNKNOWN = "It is not known whether this call finished. It was not run again."


def results(body: dict[str, Any]) -> list[str]:
    return [m["content"] for m in body["messages"] if m["role"] == "tool"]


def asked(model: ScriptedOpenAI, content: str) -> list[dict[str, Any]]:
    """The requests of the turns that `content` began."""
    return [body for body in model.chats if last_text(body) == content]


async def test_unknown_tools_and_malformed_arguments_go_back_to_the_model_with_the_reason(
    model: ScriptedOpenAI, api: Api
) -> None:
    await add(api, "raw", RAW)
    wrong = [Call("raw__ghost", {"a": 1}), Call("raw__add", '{"a": 1, '), Call("raw__add", "[1, 2]")]
    model.brain = lambda body: Turn(["Sorry."]) if results(body) else Turn(calls=wrong)
    session = await api.session()
    events = await api.events("POST", f"{session}/messages", {"content": "add"})
    assert events[-1]["type"] == "complete"
    ended = [event for event in events if event["type"] == "toolResult"]
    assert [(event["ok"], event["status"]) for event in ended] == [(False, "failed")] * 3
    assert [event for event in events if event["type"] == "approval"] == []
    told = results(asked(model, "add")[1])
    assert "There is no tool 'raw__ghost'. Tools: " in told[0]
    assert ["The arguments are not a JSON object: " in one for one in told] == [False, True, True]


async def test_a_model_that_calls_for_ever_ends_by_its_steps(model: ScriptedOpenAI, api: Api) -> None:
    api.registry.max_steps = 3
    await add(api, "raw", RAW)
    model.brain = lambda _: Turn(calls=[Call("raw__hello")])
    session = await api.session()
    events = await api.events("POST", f"{session}/messages", {"content": "again and again"})
    assert (events[-1]["type"], events[-1]["finish_reason"]) == ("complete", "steps")
    assert [event["status"] for event in events if event["type"] == "toolResult"] == ["done"] * 3
    assert len(asked(model, "again and again")) == 3


async def test_a_call_is_cancelled_at_its_mcp_server_and_the_next_message_knows_that_it_is_unknown(
    model: ScriptedOpenAI, api: Api, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    await add(api, "raw", RAW)
    call = Call("raw__never_read", {"mark": str(mark)})
    model.brain = lambda body: Turn(calls=[call]) if last_text(body) == "wait" else Turn(["Well."])
    session = await api.session()
    first = await api("POST", f"{session}/messages", {"content": "wait", "wait": 0})
    queued = await api("POST", f"{session}/messages", {"content": "next", "wait": 0})
    await eventually(lambda: mark.exists() and mark.read_text() == "begun\n")
    began = time.monotonic()
    await api("POST", f"{session}/runs/{first['id']}/cancel")
    events = await api.events("GET", f"{session}/runs/{first['id']}/events")
    assert time.monotonic() - began < within(5)
    assert [event["type"] for event in events[-2:]] == ["toolResult", "cancelled"]
    assert events[-2]["status"] == "unknown"
    await eventually(lambda: mark.read_text() == "begun\ncancelled\n")
    after = await api.events("GET", f"{session}/runs/{queued['id']}/events")
    assert after[-1]["type"] == "complete", "the queue was kept"
    [told] = results(asked(model, "next")[0])
    assert UNKNOWN in told


async def test_two_posts_with_one_key_at_once_are_one_run(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    key = {"Idempotency-Key": "one"}
    posts = [api("POST", f"{session}/messages", {"content": "hi"}, headers=key) for _ in range(5)]
    answers = await asyncio.gather(*posts)
    assert len({answer["run_id"] for answer in answers}) == 1
    assert {answer["status"] for answer in answers} == {"complete"}
    assert len(asked(model, "hi")) == 1
    assert len(await api("GET", f"{session}/messages")) == 2


async def test_a_message_over_the_bound_is_refused_and_leaves_nothing(
    model: ScriptedOpenAI, api: Api
) -> None:
    session = await api.session()
    status, said = await api.error("POST", f"{session}/messages", {"content": "x" * 1_000_001})
    assert (status, said["code"]) == (400, "bad_request")
    assert "1,000,000" in said["message"]
    assert await api("GET", f"{session}/messages") == []
    assert model.chats == []


async def test_jupyter_that_stops_in_mid_answer_ends_it_as_interrupted_and_keeps_the_queue(
    model: ScriptedOpenAI, api: Api
) -> None:
    gate = asyncio.Event()
    model.brain = lambda _: Turn(["kept ", "lost"], gates={1: gate})
    session = await api.session()
    seen: list[dict[str, Any]] = []
    async for event in api.stream("POST", f"{session}/messages", {"content": "hi"}):
        seen.append(event)
        if event["type"] == "token":
            await api("POST", f"{session}/messages", {"content": "next", "wait": 0})
            assert await api.registry.stop() == []
    assert (seen[-1]["type"], seen[-1]["code"]) == ("error", "interrupted")
    assert [event["type"] for event in seen].count("error") == 1
    assert [event["content"] for event in seen if event["type"] == "token"] == ["kept "]
    with closing(sqlite3.connect(Path(api.registry.data_dir) / "mandrake.sqlite")) as db:
        assert db.execute("SELECT state FROM runs ORDER BY created").fetchall() == [("failed",), ("queued",)]
