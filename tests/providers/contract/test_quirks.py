"""Servers that speak OpenAI's language in their own way: vLLM, llama.cpp, Ollama, and those that pass on for others."""

from __future__ import annotations

import json

import pytest

from mandrake_jupyter import errors
from mandrake_jupyter.providers.base import Finished, ReasoningDelta, TextDelta, ToolCallRequested
from mandrake_jupyter.values import Usage

from .openai import Compatible
from .server import Reply
from .sse import WORDS, Say, event
from .test_contract import ask, fail, text_of


@pytest.mark.parametrize(
    "dialect",
    [
        Compatible(newline="\r\n"),
        Compatible(keepalive=b": OPENROUTER PROCESSING\n\n"),
        Compatible(keepalive=b":\n\n"),
        Compatible(begins=True),
        Compatible(done=False),
        Compatible(kind="ollama"),
    ],
    ids=["CRLF", "keep-alive", "empty comment", "a chunk without choices", "no DONE", "Ollama"],
)
async def test_a_server_with_a_quirk_is_understood(dialect: Compatible) -> None:
    for split in (1, 7, 10_000):
        events, _ = await ask(dialect, Reply(dialect.answer(Say(WORDS)), split=split))
        assert events == [*map(TextDelta, WORDS), Finished("stop", Usage(25, 15))]


async def test_a_server_that_tells_no_usage_answers_all_the_same() -> None:
    dialect = Compatible(usage=False)
    [*text, end], body = await ask(dialect, Reply(dialect.answer(Say(WORDS))))
    assert (text_of(text), end) == ("".join(WORDS), Finished("stop", Usage()))
    assert body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
@pytest.mark.parametrize("kind", ["openai-compatible", "ollama"])
async def test_reasoning_is_found_in_either_field(field: str, kind: str) -> None:
    dialect = Compatible(field=field, kind=kind)
    events, _ = await ask(dialect, Reply(dialect.answer(Say(WORDS, ("Hm, ", "so.")))))
    assert [e.text for e in events if isinstance(e, ReasoningDelta)] == ["Hm, ", "so."]
    assert text_of(events) == "".join(WORDS)


async def test_calls_without_ids_get_one_each() -> None:
    dialect = Compatible(ids=False)
    calls = (("", "get_weather", ('{"city": "Bern"}',)), ("", "get_weather", ('{"city": "Rom"}',)))
    events, _ = await ask(dialect, Reply(dialect.answer(Say(calls=calls, finish="tool_calls"))))
    found = [e for e in events if isinstance(e, ToolCallRequested)]
    assert [call.arguments for call in found] == [{"city": "Bern"}, {"city": "Rom"}]
    assert len({call.call_id for call in found} - {""}) == 2


async def test_calls_that_end_with_stop_are_calls() -> None:
    dialect = Compatible()
    say = Say(calls=(("call_1", "get_weather", ("{}",)),), finish="stop")
    events, _ = await ask(dialect, Reply(dialect.answer(say)))
    assert [type(event) for event in events] == [ToolCallRequested, Finished]


async def test_an_answer_that_announces_calls_and_makes_none_has_another_end() -> None:
    dialect = Compatible()
    events, _ = await ask(dialect, Reply(dialect.answer(Say(WORDS, finish="tool_calls"))))
    assert events[-1] == Finished("other", Usage(25, 15))


async def test_an_answer_that_never_says_that_it_ended_is_not_taken_for_whole() -> None:
    dialect = Compatible(finishes=False)
    error, found = await fail(dialect, Reply(dialect.answer(Say(WORDS))))
    assert (type(error), text_of(found)) == (errors.StreamBroken, "".join(WORDS))


async def test_trouble_that_is_passed_on_in_a_chunk_breaks_the_answer() -> None:
    dialect = Compatible()
    chunk = {"id": "gen-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "provider": "p",
             "error": {"code": 502, "message": "Provider disconnected"},
             "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]}  # fmt: skip
    error, found = await fail(dialect, Reply(dialect.unfinished(Say(WORDS)) + event(chunk)))
    assert (type(error), text_of(found)) == (errors.StreamBroken, "".join(WORDS))
    assert "Provider disconnected" in str(error.reason)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, errors.ProviderTrouble),
        (404, {"error": {"message": 'model "x" not found, try pulling it first', "type": "api_error"}}, errors.ModelNotAvailable),
        (400, {"error": {"message": "registry/x does not support tools", "type": "api_error"}}, errors.ProviderRejected),
        (400, {"error": "bad"}, errors.ProviderRejected),
        (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, errors.ProviderRejected),
        (402, {"error": {"message": "Insufficient credits", "code": 402}}, errors.ProviderRejected),
        (429, {"error": {"message": "Out of quota", "code": "insufficient_quota"}}, errors.ProviderRejected),
        (408, {"error": {"message": "Timed out"}}, errors.ProviderTrouble),
        (504, {"error": {"message": "Gateway timeout"}}, errors.ProviderTrouble),
    ],
)  # fmt: skip
async def test_refusals_in_other_shapes_have_their_error(
    status: int, body: object, kind: type[Exception]
) -> None:
    reply = Reply(json.dumps(body).encode(), status, content_type="application/json", split=1000)
    error, _ = await fail(Compatible(), reply)
    assert type(error) is kind
