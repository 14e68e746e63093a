"""What each provider sends, byte by byte over loopback HTTP, and the events and errors of ours that it becomes."""

from __future__ import annotations

import base64
import json
from contextlib import aclosing
from typing import Any

import pytest

from mandrake_jupyter import errors
from mandrake_jupyter.providers.api import ApiProvider
from mandrake_jupyter.providers.base import (
    ChatMessage,
    Finished,
    ImagePart,
    ModelRequest,
    ReasoningDelta,
    ReasoningEnded,
    ReasoningPart,
    TextDelta,
    ToolCallPart,
    ToolCallRequested,
    ToolDefinition,
    ToolResultPart,
)
from mandrake_jupyter.providers.endpoint import Endpoint
from mandrake_jupyter.providers.sdks import installed
from mandrake_jupyter.values import Usage

from .anthropic import Anthropic
from .google import Google
from .openai import Compatible, OpenAI
from .server import Reply, WireServer
from .sse import WORDS, Dialect, Say

KEY = "sk-canary-0123456789"
DIALECTS: list[Dialect] = [Anthropic(), OpenAI(), Compatible(), Google()]
WEATHER = ToolDefinition(
    "get_weather", "The weather", {"type": "object", "properties": {"city": {"type": "string"}}}
)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)

#: Those that say what was used before the end.
TELLING = ("anthropic", "google")

without_google = pytest.mark.skipif(not installed("google"), reason="the extra [google] is not installed")
every = pytest.mark.parametrize(
    "dialect",
    [pytest.param(one, marks=[without_google] * (one.name == "google"), id=one.name) for one in DIALECTS],
)


def provider(dialect: Dialect, url: str, key: str | None = KEY) -> ApiProvider:
    return ApiProvider(Endpoint(dialect.kind, dialect.name, dialect.base(url), key))


def request(dialect: Dialect, *messages: ChatMessage) -> ModelRequest:
    return ModelRequest(dialect.model, "Be brief.", messages or (ChatMessage("user", "Hello"),), (WEATHER,))


async def ask(
    dialect: Dialect, reply: Reply, *messages: ChatMessage, **options: Any
) -> tuple[list[Any], Any]:
    """Events of ours, and the body that was asked with."""
    async with WireServer(reply) as server:
        stream = provider(dialect, server.url).stream(request(dialect, *messages), **options)
        async with aclosing(stream) as events:
            found = [event async for event in events]
    [(path, headers, body)] = server.requests
    assert path.split("?")[0] == dialect.path
    assert KEY in str(headers)
    return found, body


async def fail(dialect: Dialect, reply: Reply, **options: Any) -> tuple[errors.MandrakeError, list[Any]]:
    """The error, and the events before it; one request was made."""
    found: list[Any] = []
    async with WireServer(reply) as server:
        stream = provider(dialect, server.url).stream(request(dialect), **options)
        error = await _drained(stream, found)
    assert len(server.requests) == 1
    assert KEY not in str(error.as_json())
    assert "?" not in f"{error}{error.then}"
    assert error.actions
    return error, found


async def _drained(stream: Any, found: list[Any]) -> errors.ProviderError:
    try:
        async with aclosing(stream) as events:
            async for event in events:
                found.append(event)  # noqa: PERF401 (what came before the error is kept)
    except errors.ProviderError as error:
        return error
    return pytest.fail("no error")


def text_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


# What is said.


@every
async def test_text_arrives_whole_however_its_bytes_are_cut(dialect: Dialect) -> None:
    for split in (1, 2, 7, 100_000):
        events, body = await ask(dialect, Reply(dialect.answer(Say(WORDS)), split=split))
        *text, end = events
        assert text == [TextDelta(word) for word in WORDS]
        assert end.reason == "stop"
    if dialect.name != "google":  # its address says both
        assert (body["stream"], body["model"]) == (True, dialect.model)


@every
async def test_usage_is_counted_with_what_came_from_a_cache(dialect: Dialect) -> None:
    [*_, end], _ = await ask(dialect, Reply(dialect.answer(Say(WORDS, usage=(25, 15, 5)))))
    cached = 0 if dialect.name == "compatible" else 5
    assert end == Finished("stop", Usage(25, 15, cached, None))


@every
async def test_a_call_is_put_together_from_its_pieces(dialect: Dialect) -> None:
    say = Say(
        ("I look.",), calls=(("call_1", "get_weather", ('{"ci', 'ty": "Ge', 'nève"}')),), finish="tool_calls"
    )
    [said, call, end], _ = await ask(dialect, Reply(dialect.answer(say)))
    assert said == TextDelta("I look.")
    assert (call.call_id, call.name, call.arguments) == ("call_1", "get_weather", {"city": "Genève"})
    assert end.reason == "tool_calls"


@every
async def test_parallel_calls_stay_apart_and_in_order(dialect: Dialect) -> None:
    calls = (
        ("call_1", "get_weather", ('{"city":', '"Bern"}')),
        ("call_2", "get_weather", ('{"city":"Rom"}',)),
    )
    events, _ = await ask(dialect, Reply(dialect.answer(Say(calls=calls, finish="tool_calls"))))
    found = [(e.call_id, e.arguments) for e in events if isinstance(e, ToolCallRequested)]
    assert found == [("call_1", {"city": "Bern"}), ("call_2", {"city": "Rom"})]


@pytest.mark.parametrize("dialect", DIALECTS[:3], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("raw", ['{"city": "Be', "[1]", "no JSON"])
async def test_malformed_arguments_are_told_as_they_were_written(dialect: Dialect, raw: str) -> None:
    say = Say(calls=(("call_1", "get_weather", (raw,)),), finish="tool_calls")
    [call, _], _ = await ask(dialect, Reply(dialect.answer(say)))
    assert (call.arguments, call.raw) == (None, raw)


@every
async def test_a_call_without_arguments_has_none(dialect: Dialect) -> None:
    say = Say(calls=(("call_1", "get_weather", ()),), finish="tool_calls")
    [call, _], _ = await ask(dialect, Reply(dialect.answer(say)))
    assert call.arguments == {}


@every
async def test_reasoning_is_told_apart_and_goes_back_in_its_place(dialect: Dialect) -> None:
    calls = (("call_1", "get_weather", ("{}",)),)
    say = Say(("I look.",), ("Two ", "and two"), "c2lnbmVk", calls, "tool_calls")
    events, _ = await ask(dialect, Reply(dialect.answer(say)))
    assert [e.text for e in events if isinstance(e, ReasoningDelta)] == ["Two ", "and two"]
    kept = [e.kept for e in events if isinstance(e, ReasoningEnded)]
    assert json.loads(json.dumps(kept)) == kept
    assert text_of(events) == "I look."
    thoughts = tuple(ReasoningPart("Two and two", one) for one in kept)
    history = (
        ChatMessage("user", "Hello"),
        ChatMessage("assistant", "I look.", (ToolCallPart("call_1", "get_weather", {}),), reasoning=thoughts),
        ChatMessage("tool", results=(ToolResultPart("call_1", "get_weather", "Sun"),)),
    )
    _, body = await ask(dialect, Reply(dialect.answer(Say(WORDS))), *history)
    if dialect.name == "google":
        [answer] = [message for message in body["contents"] if message["role"] == "model"]
        assert [part.get("thought") for part in answer["parts"]] == [None, None], (
            "a thought without signature stays here"
        )
        return
    [answer] = [message for message in body["messages"] if message["role"] == "assistant"]
    if dialect.name == "anthropic":
        first, *rest = answer["content"]
        assert first == {"type": "thinking", "thinking": "Two and two", "signature": "c2lnbmVk"}
        assert [block["type"] for block in rest] == ["text", "tool_use"]
    else:
        assert answer["reasoning_content"] == "Two and two"
        assert answer["content"] == "I look."
    other = ModelRequest("another-model", "", history, (WEATHER,))
    async with (
        WireServer(Reply(dialect.answer(Say(WORDS)))) as server,
        aclosing(provider(dialect, server.url).stream(other)) as stream,
    ):
        assert [event async for event in stream]
    assert "Two and two" not in str(server.requests[0][2]), "another model is not given what it did not think"


@every
@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_why_an_answer_ended_is_told(dialect: Dialect, finish: str) -> None:
    [*_, end], _ = await ask(dialect, Reply(dialect.answer(Say(WORDS, finish=finish))))
    assert end.reason == finish


@every
async def test_an_answer_without_a_word_is_an_answer(dialect: Dialect) -> None:
    events, _ = await ask(dialect, Reply(dialect.answer(Say())))
    assert [type(event) for event in events] == [Finished]


@every
async def test_images_go_out_in_the_provider_s_own_shape(dialect: Dialect) -> None:
    question = ChatMessage(
        "user", "What is it?", images=(ImagePart("image/png", PNG), ImagePart("image/webp", b"RIFF"))
    )
    _, body = await ask(dialect, Reply(dialect.answer(Say(WORDS))), question)
    sent = [("image/png", base64.b64encode(PNG).decode()), ("image/webp", base64.b64encode(b"RIFF").decode())]
    assert dialect.images(body) == sent
    assert "What is it?" in str(body)


# What goes wrong: one table, for all of them.

#: status → our error, and whether it may pass by itself.
STATUSES: dict[int, tuple[type[errors.ProviderError], bool]] = {
    400: (errors.ProviderRejected, False),
    401: (errors.KeyRefused, False),
    403: (errors.KeyRefused, False),
    404: (errors.ModelNotAvailable, False),
    413: (errors.ProviderRejected, False),
    429: (errors.RateLimited, True),
    500: (errors.ProviderTrouble, True),
    503: (errors.ProviderTrouble, True),
    529: (errors.ProviderTrouble, True),
}


@every
@pytest.mark.parametrize("status", STATUSES)
async def test_each_status_is_one_error(dialect: Dialect, status: int) -> None:
    body = json.dumps(dialect.error(status)).encode()
    error, found = await fail(dialect, Reply(body, status, content_type="application/json", split=1000))
    kind, passes = STATUSES[status]
    assert (type(error), error.retryable, found) == (kind, passes, [])


@every
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"Retry-After": "7"}, 7.0), ({"retry-after-ms": "250"}, 0.25), ({"Retry-After": "soon"}, None),
     ({"Retry-After": "-5"}, None), ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0)],
)  # fmt: skip
async def test_a_wait_that_is_asked_for_is_told(
    dialect: Dialect, headers: dict[str, str], seconds: float | None
) -> None:
    body = json.dumps(dialect.error(429)).encode()
    error, _ = await fail(dialect, Reply(body, 429, headers, "application/json", split=1000))
    assert (type(error), error.retry_after) == (errors.RateLimited, seconds)


@every
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(end="silent"), errors.ProviderTrouble),
        (Reply(end="cut"), errors.StreamBroken),
        (Reply(b"<html>Bad gateway</html>", 502, content_type="text/html"), errors.ProviderTrouble),
        (Reply(b"<html>Sign in</html>", 403, content_type="text/html"), errors.KeyRefused),
        (Reply(b"", 302, {"Location": "https://elsewhere.test/"}), errors.ProviderRejected),
        (Reply(b"", 307, {"Location": "https://elsewhere.test/"}), errors.ProviderRejected),
    ],
    ids=["hangs up", "hangs up after headers", "html 502", "html 403", "302", "307"],
)
async def test_what_is_no_answer_at_all_is_one_error(
    dialect: Dialect, reply: Reply, kind: type[Exception]
) -> None:
    error, found = await fail(dialect, reply)
    assert (type(error), found) == (kind, [])


@every
@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "text/plain"])
async def test_a_page_in_the_place_of_an_answer_is_not_asked_for_again_and_says_check_the_address(
    dialect: Dialect, kind: str
) -> None:
    error, found = await fail(dialect, Reply(b"<html>Please sign in</html>", content_type=kind))
    assert (type(error), error.retryable, found) == (errors.ProviderRejected, False, [])
    assert "Check the address." in str(error)


@every
@pytest.mark.parametrize(
    "body", [b"<html>Welcome</html>", b"data: {nonsense\n\n", b"\xff\xfe\x00", b"data: 7\n\n", b""]
)
async def test_an_answer_in_no_known_form_is_one_error(dialect: Dialect, body: bytes) -> None:
    error, found = await fail(dialect, Reply(body))
    assert isinstance(error, errors.ProviderRejected | errors.StreamBroken)
    assert found == []


@every
async def test_trouble_in_the_stream_before_a_word_is_trouble_and_after_one_a_break(dialect: Dialect) -> None:
    error, found = await fail(dialect, Reply(dialect.trouble()))
    assert (type(error), found) == (errors.ProviderTrouble, [])
    error, found = await fail(dialect, Reply(dialect.unfinished(Say(WORDS)) + dialect.trouble()))
    assert (type(error), text_of(found)) == (errors.StreamBroken, "".join(WORDS))


@every
@pytest.mark.parametrize("end", ["cut", "whole"])
async def test_a_break_in_the_middle_keeps_the_words_and_makes_no_call(dialect: Dialect, end: str) -> None:
    said = dialect.unfinished(Say(WORDS))
    cut = said.index("☃".encode()) + 2  # in the middle of a character
    error, found = await fail(dialect, Reply(said[:cut], end=end))
    assert (type(error), text_of(found)) == (errors.StreamBroken, "Größe: naïve ")
    calls = (("call_1", "get_weather", ('{"city":', '"Be')),)
    error, found = await fail(dialect, Reply(dialect.unfinished(Say(("I look.",), calls=calls)), end=end))
    assert (type(error), found) == (errors.StreamBroken, [TextDelta("I look.")])


@every
async def test_silence_has_two_deadlines_each_with_its_error(dialect: Dialect) -> None:
    error, _ = await fail(dialect, Reply(end="hang"), first_token_timeout=1.0)
    assert (type(error), error.code) == (errors.ProviderTimeout, "model_timeout")
    error, found = await fail(dialect, Reply(dialect.unfinished(Say(WORDS)), end="hang"), stall_timeout=0.2)
    assert (type(error), error.code, text_of(found)) == (
        errors.ProviderStalled,
        "model_stalled",
        "".join(WORDS),
    )


@every
async def test_what_a_broken_answer_used_is_told_as_far_as_the_provider_said(dialect: Dialect) -> None:
    spent: list[Usage] = []
    await fail(
        dialect, Reply(dialect.unfinished(Say(WORDS, usage=(25, 15, 5))), end="cut"), spent=spent.append
    )
    assert spent == ([Usage(25, 1, 5)] if dialect.name in TELLING else [])
    spent.clear()
    await ask(dialect, Reply(dialect.answer(Say(WORDS))), spent=spent.append)
    assert spent == [], "what is told at the end is not told twice"


@every
async def test_a_reader_that_leaves_is_told_what_was_used(dialect: Dialect) -> None:
    spent: list[Usage] = []
    async with WireServer(Reply(dialect.unfinished(Say(WORDS)), end="hang")) as server:
        stream = provider(dialect, server.url).stream(request(dialect), spent=spent.append)
        async with aclosing(stream) as events:
            await anext(events)
    assert bool(spent) == (dialect.name in TELLING)


@without_google
async def test_a_signature_of_a_call_goes_back_with_it() -> None:
    dialect = Google()
    say = Say(signature="c2lnbmVk", calls=(("call_1", "get_weather", ("{}",)),), finish="tool_calls")
    [call, _], _ = await ask(dialect, Reply(dialect.answer(say)))
    history = (
        ChatMessage("user", "Hello"),
        ChatMessage("assistant", calls=(ToolCallPart("call_1", "get_weather", {}, call.kept),)),
        ChatMessage("tool", results=(ToolResultPart("call_1", "get_weather", "Sun"),)),
    )
    _, body = await ask(dialect, Reply(dialect.answer(Say(WORDS))), *history)
    assert body["contents"][1]["parts"][0]["thoughtSignature"] == "c2lnbmVk"
    assert body["contents"][2]["parts"][0]["functionResponse"]["name"] == "get_weather"


@without_google
@pytest.mark.parametrize(
    ("status", "error", "kind", "seconds"),
    [
        (400, {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT",
               "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]},
         errors.KeyRefused, None),
        (429, {"code": 429, "message": "Slow down", "status": "RESOURCE_EXHAUSTED",
               "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]},
         errors.RateLimited, 7.0),
    ],
)  # fmt: skip
async def test_google_says_in_the_body_what_others_say_with_the_status(
    status: int, error: Any, kind: type[Exception], seconds: float | None
) -> None:
    body = json.dumps({"error": error}).encode()
    found, _ = await fail(Google(), Reply(body, status, content_type="application/json", split=1000))
    assert (type(found), found.retry_after) == (kind, seconds)
