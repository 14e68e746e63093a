"""The design document's two calls: four callbacks, plain or coroutine functions, and a stream of events by its names."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from mandrake_jupyter.errors import BadRequest, KeyRefused

from .conftest import call, collect, types
from .test_approvals import parked


class Heard:
    """What was called back, in order."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Any]] = []

    def on_token(self, text: str) -> None:
        self.all.append(("token", text))

    async def on_tool_call(self, data: Any) -> None:
        await asyncio.sleep(0)
        self.all.append(("call", data["tool"]))

    async def on_tool_result(self, data: Any) -> None:
        self.all.append(("result", data["content"]))

    def on_complete(self, message: Any) -> None:
        self.all.append(("complete", message["status"]))

    @property
    def callbacks(self) -> dict[str, Any]:
        names = ("on_token", "on_tool_call", "on_tool_result", "on_complete")
        return {name: getattr(self, name) for name in names}


async def test_each_callback_is_told_its_events_in_order(chat: Any) -> None:
    session = await (await chat(["Looking. ", call("read", path="a")], ["Done."])).open()
    heard = Heard()
    message = await session.process_message("go", **heard.callbacks)
    assert heard.all == [
        ("token", "Looking. "),
        ("call", "read"),
        ("result", "read done"),
        ("token", "Done."),
        ("complete", "complete"),
    ]
    assert [part["type"] for part in message["parts"]] == ["text", "tool", "text"]
    assert message == (await session.messages())[-1]


async def test_none_of_them_is_needed_and_what_post_takes_is_passed_on(chat: Any) -> None:
    made = await chat(["Hi."])
    session = await made.open()
    first = await session.process_message("go", idempotency_key="k", model="scripted/one")
    again = await session.process_message("go", idempotency_key="k")
    assert first == again
    assert len(made.model.requests) == 1


async def test_an_answer_that_fails_is_returned_with_its_error_and_is_not_complete(chat: Any) -> None:
    session = await (await chat(["par", KeyRefused(provider="OpenAI")])).open()
    heard = Heard()
    message = await session.process_message("go", **heard.callbacks)
    assert (message["status"], message["error"]["code"]) == ("failed", "model_key_refused")
    assert heard.all == [("token", "par")]


async def test_what_cannot_be_posted_is_raised(chat: Any) -> None:
    session = await (await chat()).open()
    with pytest.raises(BadRequest):
        await session.process_message(" ")


async def test_a_callback_that_fails_ends_the_listening_and_not_the_answer(chat: Any) -> None:
    gate = asyncio.Event()
    session = await (await chat(["one ", gate, "two"])).open()

    def fails(_: str) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        await session.process_message("go", on_token=fails)
    gate.set()
    [run] = session.runs
    assert types(await collect(session, run.id))[-1] == "complete"


async def test_the_stream_has_the_documents_names_and_one_end(chat: Any) -> None:
    session = await (await chat(["Looking. ", call("read", path="a")], ["Done."])).open()
    async with aclosing(session.process_message_stream("go")) as events:
        seen = [event async for event in events]
    shown = [kind for kind in types(seen) if kind != "toolProgress"]
    assert shown == ["start", "token", "usage", "toolCall", "toolResult", "token", "usage", "complete"]
    assert seen[1].as_json()["content"] == "Looking. "


async def test_a_stream_that_is_left_ends_nothing(chat: Any) -> None:
    gate = asyncio.Event()
    session = await (await chat(["one ", gate, "two"])).open()
    async with aclosing(session.process_message_stream("go")) as events:
        async for event in events:
            if event.type == "token":
                break
    gate.set()
    assert types(await collect(session, event.run_id))[-1] == "complete"


async def test_a_chat_that_is_put_away_meanwhile_gives_the_message_as_it_stands(chat: Any) -> None:
    session = await (await chat([call("write", path="a")])).open()
    heard = Heard()
    asking = asyncio.ensure_future(session.process_message("go", **heard.callbacks))
    async with asyncio.timeout(60):
        while not session.runs:
            await asyncio.sleep(0)
    await parked(session, session.runs[0])
    await session.close()
    async with asyncio.timeout(60):
        assert (await asking)["status"] == "waiting"
    assert heard.all == [("call", "write")]
