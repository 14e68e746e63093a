"""One request to an OpenAI-compatible model: what goes out, what comes back, and that it ends when told."""

import asyncio
import logging
import traceback
from contextlib import aclosing

import pytest

from mandrake_jupyter import errors
from mandrake_jupyter.providers.api import ApiProvider
from mandrake_jupyter.providers.base import (
    ChatMessage,
    Finished,
    ModelRequest,
    ReasoningDelta,
    TextDelta,
    ToolCallPart,
    ToolCallRequested,
    ToolDefinition,
    ToolResultPart,
)
from mandrake_jupyter.providers.endpoint import Endpoint
from tests.support.scripted_openai import Call, ScriptedOpenAI, Turn

KEY = "sk-very-secret-0123456789"
TWO = ToolCallPart("two", "add", {})
ADD = ToolDefinition("add", "Adds", {"type": "object", "properties": {"a": {}, "b": {}}})


def provider_of(server, key=KEY, **more):
    return ApiProvider(Endpoint("openai-compatible", "My model", server.url, key, **more))


def ask(text="Hello", tools=(), **more):
    return ModelRequest("scripted", "Be brief.", (ChatMessage("user", text),), tools, **more)


async def collect(provider, request, **timeouts):
    async with aclosing(provider.stream(request, **timeouts)) as events:
        return [event async for event in events]


async def failure(provider, request=None, **timeouts):
    """The error of a request and the text that came before it."""
    text = ""
    try:
        async with aclosing(provider.stream(request or ask(), **timeouts)) as events:
            async for event in events:
                text += event.text if isinstance(event, TextDelta) else ""
    except errors.ProviderError as error:
        return error, text
    return pytest.fail(f"no error; the text was {text!r}")


async def test_text_arrives_in_pieces_and_ends_with_usage():
    async with ScriptedOpenAI([Turn(["Hel", "lo"], usage=(12, 2))]) as server:
        *text, end = await collect(provider_of(server), ask())
    assert text == [TextDelta("Hel"), TextDelta("lo")]
    assert end == Finished("stop", end.usage)
    assert (end.usage.input_tokens, end.usage.output_tokens, end.usage.cost) == (12, 2, None)
    sent = server.requests[0]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]


async def test_a_token_is_seen_before_the_next_is_sent():
    gate = asyncio.Event()
    turn = Turn(["first", "second"], gates={1: gate})
    async with ScriptedOpenAI([turn]) as server, aclosing(provider_of(server).stream(ask())) as events:
        assert await anext(events) == TextDelta("first")
        gate.set()
        assert await anext(events) == TextDelta("second")


async def test_reasoning_and_text_are_told_apart():
    async with ScriptedOpenAI([Turn(["Four."], reasoning=["Two ", "and two"])]) as server:
        events = await collect(provider_of(server), ask())
    assert events[:2] == [ReasoningDelta("Two "), ReasoningDelta("and two")]
    assert events[3] == TextDelta("Four.")


async def test_parallel_tool_calls_come_whole_and_in_order():
    calls = [Call("add", {"a": 1, "b": 2}, "one"), Call("add", {"a": 3}, "two")]
    async with ScriptedOpenAI([Turn(["Let me see."], calls)]) as server:
        _, first, second, end = await collect(provider_of(server), ask(tools=(ADD,)))
    assert (first.call_id, first.name, first.arguments) == ("one", "add", {"a": 1, "b": 2})
    assert (second.call_id, second.arguments) == ("two", {"a": 3})
    assert end.reason == "tool_calls"
    function = server.chats[0]["tools"][0]["function"]
    assert function["name"] == "add"
    assert function["parameters"]["properties"] == {"a": {}, "b": {}}


@pytest.mark.parametrize("raw", ['{"a": 1', "[1]", "nonsense", '"text"'])
async def test_malformed_arguments_are_none_with_what_the_model_wrote(raw):
    async with ScriptedOpenAI([Turn(calls=[Call("add", raw)])]) as server:
        call, _ = await collect(provider_of(server), ask(tools=(ADD,)))
    assert isinstance(call, ToolCallRequested)
    assert (call.arguments, call.raw) == (None, raw)


async def test_a_call_without_arguments_has_an_empty_object():
    async with ScriptedOpenAI([Turn(calls=[Call("add", "")])]) as server:
        call, _ = await collect(provider_of(server), ask(tools=(ADD,)))
    assert call.arguments == {}


async def test_a_call_id_is_never_given_twice():
    history = (
        ChatMessage("user", "Hello"),
        ChatMessage("assistant", calls=(ToolCallPart("one", "add", {}),)),
        ChatMessage("tool", results=(ToolResultPart("one", "add", "3"),)),
    )
    turn = Turn(calls=[Call("add", {}, "one"), Call("add", {}, "two"), Call("add", {}, "two")])
    async with ScriptedOpenAI([turn]) as server:
        *calls, _ = await collect(provider_of(server), ModelRequest("scripted", "", history, (ADD,)))
    ids = [call.call_id for call in calls]
    assert len({"one", *ids}) == 4
    assert ids[1] == "two"


async def test_history_goes_out_with_each_call_answered():
    history = (
        ChatMessage("user", "Add"),
        ChatMessage(
            "assistant", "Yes.", (ToolCallPart("one", "add", {"a": 1}), ToolCallPart("two", "add", {}))
        ),
        ChatMessage("tool", results=(ToolResultPart("one", "add", "3"), ToolResultPart("ghost", "add", "?"))),
        ChatMessage("user", "And?"),
    )
    async with ScriptedOpenAI() as server:
        await collect(provider_of(server), ModelRequest("scripted", "", history, (ADD,)))
    user, assistant, *answers, last = server.chats[0]["messages"]
    assert (user["content"], assistant["content"], last["content"]) == ("Add", "Yes.", "And?")
    assert [call["id"] for call in assistant["tool_calls"]] == ["one", "two"]
    assert {answer["tool_call_id"] for answer in answers} == {"one", "two"}


async def test_without_tools_the_history_is_words_only():
    history = (
        ChatMessage("user", "Add"),
        ChatMessage("assistant", calls=(ToolCallPart("one", "add", {"a": 1}),)),
        ChatMessage("tool", results=(ToolResultPart("one", "add", "3"),)),
    )
    async with ScriptedOpenAI() as server:
        await collect(provider_of(server), ModelRequest("scripted", "", history))
    assert all(message["role"] == "user" for message in server.chats[0]["messages"])
    assert server.chats[0]["messages"][-1]["content"] == "The tool add answered:\n3"


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        (Turn(status=401), errors.KeyRefused),
        (Turn(status=403), errors.KeyRefused),
        (Turn(status=404), errors.ModelNotAvailable),
        (Turn(status=400, error={"message": "no", "code": "model_not_found"}), errors.ModelNotAvailable),
        (Turn(status=400, error={"message": "bad field"}), errors.ProviderRejected),
        (Turn(status=429, error={"message": "pay", "code": "insufficient_quota"}), errors.ProviderRejected),
        (Turn(status=429), errors.RateLimited),
        (Turn(status=500), errors.ProviderTrouble),
        (Turn(status=529), errors.ProviderTrouble),
        (Turn(status=500, error="<html>gateway</html>"), errors.ProviderTrouble),
        (Turn(status=307, headers={"Location": "https://elsewhere.test/v1"}), errors.ProviderRejected),
        (Turn(fault="garbage"), errors.ProviderRejected),
        (Turn(fault="end"), errors.StreamBroken),
        (Turn(fault="cut"), errors.StreamBroken),
        (Turn(fault="error"), errors.ProviderTrouble),
    ],
    ids=lambda value: f"{value.status}{value.fault}" if isinstance(value, Turn) else value.__name__,
)
async def test_each_fault_before_the_first_token_has_its_error(turn, kind):
    async with ScriptedOpenAI([turn]) as server:
        error, _ = await failure(provider_of(server))
        assert len(server.chats) == 1, "nothing is retried behind our back"
    assert type(error) is kind
    assert "?" not in str(error) + error.then


@pytest.mark.parametrize("fault", ["cut", "end", "garbage", "error"])
async def test_a_stream_that_breaks_in_the_middle_keeps_what_came(fault):
    async with ScriptedOpenAI([Turn(["Hel", "lo"], fault=fault)]) as server:
        error, text = await failure(provider_of(server))
    assert type(error) is errors.StreamBroken
    assert text == "Hello"


async def test_a_half_written_tool_call_of_a_broken_stream_is_not_made():
    async with ScriptedOpenAI([Turn(["x"], [Call("add", {})], fault="cut")]) as server:
        error, _ = await failure(provider_of(server), ask(tools=(ADD,)))
    assert type(error) is errors.StreamBroken


async def test_rate_limits_say_when_to_come_back():
    async with ScriptedOpenAI([Turn(status=429, headers={"Retry-After": "7"})]) as server:
        error, _ = await failure(provider_of(server))
    assert error.retry_after == 7
    assert error.as_json()["then"] == "Your message is kept. Try again in 7 s."


@pytest.mark.parametrize("status", [408, 500, 503, 529])
async def test_a_server_in_trouble_may_say_when_to_come_back_too(status):
    async with ScriptedOpenAI([Turn(status=status, headers={"Retry-After": "7"})]) as server:
        error, _ = await failure(provider_of(server))
    assert (type(error), error.retry_after) == (errors.ProviderTrouble, 7)


async def test_a_server_that_wants_a_key_and_has_none_says_so():
    async with ScriptedOpenAI([Turn(status=401)]) as server:
        error, _ = await failure(provider_of(server, key=None))
        assert "authorization" not in server.requests[0].headers
    assert type(error) is errors.KeyMissing


@pytest.mark.parametrize("fault", ["hang", "stall"])
async def test_silence_ends_in_a_timeout_and_the_connection_is_closed(fault):
    async with ScriptedOpenAI([Turn(["Hel"], fault=fault)]) as server:
        limits = {"first_token_timeout": 0.3 if fault == "hang" else 30, "stall_timeout": 0.3}
        error, text = await failure(provider_of(server), **limits)
        await server.saw_disconnect()
    if fault == "hang":
        assert (type(error), str(error)) == (errors.ProviderTimeout, "My model did not answer within 0.3 s.")
    else:
        silent = "My model fell silent for 0.3 s in the middle of its answer."
        assert (type(error), str(error)) == (errors.ProviderStalled, silent)
    assert text == ("" if fault == "hang" else "Hel")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "https://nowhere.invalid/v1"])
async def test_a_host_that_is_not_there_is_unreachable(url):
    error, _ = await failure(ApiProvider(Endpoint("openai-compatible", "My model", url)))
    assert type(error) is errors.Unreachable
    assert str(error) == f"{url.split('/')[2]} can't be reached."
    assert error.reason


async def test_plain_http_at_a_tls_address_is_unreachable(monkeypatch):
    monkeypatch.setattr("mandrake_jupyter.providers.sdks.CONNECT_TIMEOUT", 0.5)
    async with ScriptedOpenAI() as server:
        error, _ = await failure(ApiProvider(Endpoint("openai", "OpenAI", f"https://{server.host}/v1", KEY)))
    assert type(error) is errors.Unreachable


async def test_closing_early_hangs_up():
    async with ScriptedOpenAI([Turn(["one", "two"], gates={1: asyncio.Event()})]) as server:
        async with aclosing(provider_of(server).stream(ask())) as events:
            assert await anext(events) == TextDelta("one")
            assert server.disconnects == 0
        await server.saw_disconnect()


async def test_cancelling_the_reader_hangs_up():
    async with ScriptedOpenAI([Turn(fault="hang")]) as server:
        task = asyncio.create_task(collect(provider_of(server), ask()))
        await server.saw_requests(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.saw_disconnect()


async def test_requests_at_once_do_not_meet():
    async with ScriptedOpenAI() as server:
        provider = provider_of(server)
        answers = await asyncio.gather(*[collect(provider, ask(f"number {n}")) for n in range(10)])
    assert ["".join(e.text for e in events[:-1]) for events in answers] == [f"number {n}" for n in range(10)]


async def test_the_users_openai_account_ids_stay_with_openai(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    async with ScriptedOpenAI() as server:
        await collect(provider_of(server, headers={"X-Team": "blue"}), ask())
    assert not [name for name in server.requests[0].headers if name.startswith("openai-")]
    assert server.requests[0].headers["x-team"] == "blue"


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_a_key_the_provider_repeats_is_in_no_error_and_no_log(status, caplog):
    caplog.set_level(logging.DEBUG)
    said = {"message": f"Incorrect API key provided: {KEY}"}
    async with ScriptedOpenAI([Turn(status=status, error=said)]) as server:
        provider = provider_of(server)
        error, _ = await failure(provider)
    shown = [
        str(error),
        repr(error),
        str(error.as_json()),
        repr(provider),
        repr(provider.endpoint),
        caplog.text,
    ]
    shown += traceback.format_exception(error)
    assert not [text for text in shown if KEY in text]
