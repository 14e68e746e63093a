"""Anthropic's own API through the same seam: text, a tool call, its errors, and a stream that breaks off."""

import contextlib
import json

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from mandrake_jupyter import errors
from mandrake_jupyter.providers.api import ApiProvider
from mandrake_jupyter.providers.base import ChatMessage, ModelRequest, TextDelta, ToolDefinition
from mandrake_jupyter.providers.endpoint import Endpoint

KEY = "sk-ant-very-secret"


def begun():
    usage = {"input_tokens": 12, "output_tokens": 1}
    message = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "usage": usage,
    }
    return {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}}


def block(index, start, *deltas):
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def text(*pieces):
    return block(
        0, {"type": "text", "text": ""}, *({"type": "text_delta", "text": piece} for piece in pieces)
    )


def ended(reason):
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": {"output_tokens": 7},
    }
    yield {"type": "message_stop"}


@contextlib.asynccontextmanager
async def anthropic(*events, status=200):
    """A server that answers with these events, and a provider for it; `seen` are its requests."""
    seen = []

    class Messages(RequestHandler):
        def post(self):
            seen.append((dict(self.request.headers), json.loads(self.request.body)))
            if status != 200:
                self.set_status(status)
                return self.finish({"type": "error", "error": {"type": "scripted", "message": f"bad {KEY}"}})
            self.set_header("Content-Type", "text/event-stream")
            return self.finish("".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events))

    server = HTTPServer(Application([("/v1/messages", Messages)]))
    socket, port = bind_unused_port(address="127.0.0.1")
    server.add_socket(socket)
    try:
        yield ApiProvider(Endpoint("anthropic", "Anthropic", f"http://127.0.0.1:{port}", KEY)), seen
    finally:
        server.stop()
        await server.close_all_connections()


async def ask(provider):
    tools = (ToolDefinition("add", "Adds", {"type": "object"}),)
    request = ModelRequest("claude-haiku-4-5", "Be brief.", (ChatMessage("user", "Hello"),), tools)
    async with contextlib.aclosing(provider.stream(request)) as events:
        return [event async for event in events]


async def test_text_and_a_tool_call():
    arguments = ({"type": "input_json_delta", "partial_json": piece} for piece in ('{"a"', ": 1}"))
    call = block(1, {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}, *arguments)
    async with anthropic(begun(), *text("Hel", "lo"), *call, *ended("tool_use")) as (provider, seen):
        *pieces, called, end = await ask(provider)
    assert pieces == [TextDelta("Hel"), TextDelta("lo")]
    assert (called.call_id, called.name, called.arguments) == ("toolu_1", "add", {"a": 1})
    assert (end.reason, end.usage.input_tokens, end.usage.output_tokens) == ("tool_calls", 12, 7)
    headers, body = seen[0]
    assert KEY in str(headers)
    assert body["tools"][0]["input_schema"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.KeyRefused),
        (404, errors.ModelNotAvailable),
        (429, errors.RateLimited),
        (500, errors.ProviderTrouble),
        (529, errors.ProviderTrouble),
        (400, errors.ProviderRejected),
    ],
)
async def test_each_status_has_its_error_without_the_key(status, kind):
    async with anthropic(status=status) as (provider, seen):
        with pytest.raises(kind) as caught:
            await ask(provider)
    assert type(caught.value) is kind
    assert len(seen) == 1
    assert KEY not in str(caught.value.as_json())


async def test_a_stream_without_an_end_is_broken():
    async with anthropic(begun(), *text("Hel")) as (provider, _):
        with pytest.raises(errors.StreamBroken):
            await ask(provider)


async def test_an_overload_in_the_stream_before_any_word_is_trouble():
    overload = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    async with anthropic(overload) as (provider, _):
        with pytest.raises(errors.ProviderTrouble):
            await ask(provider)
