"""What the catalogue says a model can do: from the libraries' data, from Ollama, or nothing where nobody knows."""

import asyncio

import pytest

from mandrake_jupyter import errors
from mandrake_jupyter.providers.abilities import UNKNOWN, Abilities, abilities_of
from mandrake_jupyter.providers.listing import KINDS
from mandrake_jupyter.providers.remedies import REMEDIES
from tests.support.scripted_openai import ScriptedOpenAI, Turn

from .test_catalogue import DEMO, ollama


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
def test_of_every_suggested_model_the_window_is_known_and_that_it_takes_tools(kind):
    for model in KINDS[kind].suggested:
        found = abilities_of(kind, model)
        assert found.tools
        assert found.window >= 100_000
        assert found.images is not False
        assert found.reasoning is True


@pytest.mark.parametrize(
    ("kind", "model", "found"),
    [
        ("openai", "gpt-4o-mini", Abilities(True, None, 128_000, False)),
        ("anthropic", "claude-haiku-4-5", Abilities(True, True, 200_000, True)),
        ("openai", "never-heard-of", Abilities(True, None, None, False)),
        ("openai-compatible", "gpt-4o", UNKNOWN),
        ("ollama", "qwen", UNKNOWN),
    ],
)
def test_what_is_known_is_told_and_what_is_not_is_null(kind, model, found):
    assert abilities_of(kind, model) == found


async def test_ollama_says_what_its_models_can_do(make):
    models = {
        "eyes": ["completion", "vision"],
        "mind": ["completion", "tools", "thinking"],
        "old": None,
        "vectors": ["embedding"],
    }
    async with ollama(models) as (url, _):
        catalogue = make(ollama=url)
        answer = await catalogue.as_json()
        eyes = await catalogue.resolve("ollama/eyes")
    said = {
        m["id"]: tuple(m[key] for key in ("tools", "images", "window", "reasoning")) for m in answer["models"]
    }
    assert said == {
        "ollama/eyes": (False, True, None, False),
        "ollama/mind": (True, False, None, True),
        "ollama/old": (True, None, None, None),
        DEMO: (False, False, 2048, False),
    }
    assert (eyes.images, eyes.tools) == (True, False)


async def test_ollama_s_window_is_the_one_that_was_set_there(make):
    async with ollama(
        {"set": ["completion"]}, parameters='stop "x"\nnum_ctx                        8192\n'
    ) as (url, _):
        answer = await make(ollama=url).as_json()
    assert answer["models"][0]["window"] == 8192


async def test_a_model_of_a_known_provider_is_resolved_with_what_it_can_do(make):
    catalogue = make({"ANTHROPIC_API_KEY": "sk-1"})
    answer = await catalogue.as_json()
    assert {model["images"] for model in answer["models"] if model["provider"] == "anthropic"} == {True}
    assert (await catalogue.resolve()).images is True


@pytest.mark.parametrize(
    ("turn", "code", "action"),
    [
        (Turn(status=401), "model_key_refused", "change_key"),
        (Turn(status=404), "model_not_available", "choose_model"),
        (Turn(status=429, headers={"Retry-After": "7"}), "model_rate_limited", "try_now"),
        (Turn(status=503), "model_overloaded", "try_again"),
        (Turn(status=400), "model_rejected", "choose_model"),
        (Turn(status=302, headers={"Location": "/login"}), "model_rejected", "choose_model"),
        (Turn(fault="garbage"), "model_rejected", "choose_model"),
        (Turn(fault="end"), "model_stream_broken", "continue"),
    ],
    ids=lambda value: f"{value.status}{value.fault}" if isinstance(value, Turn) else value,
)
async def test_each_failure_of_a_test_has_its_code_and_what_helps(make, turn, code, action):
    async with ScriptedOpenAI([turn]) as server:
        answer = await make().test("openai-compatible", "scripted", "sk-1", server.url)
    error = answer["error"]
    assert (answer["ok"], error["code"], error["actions"][0]) == (False, code, action)
    assert error["then"]
    assert "Your message" not in error["then"], "a test has no message"
    assert len(server.chats) == 1


async def test_a_test_of_nothing_says_what_is_missing(make, monkeypatch):
    monkeypatch.setattr("mandrake_jupyter.providers.catalogue.TEST_TIMEOUT", 0.3)
    gone = await make().test("openai-compatible", "m", None, "http://127.0.0.1:9/v1")
    assert (gone["error"]["code"], gone["error"]["then"]) == (
        "model_unreachable",
        REMEDIES[errors.Unreachable],
    )
    assert (await make().test("openai", "m"))["error"]["then"] == "Enter the key."
    assert (await make().test("demo", "m"))["error"]["then"] == REMEDIES[errors.DemoModelMissing]
    async with ScriptedOpenAI([Turn(["x"], gates={0: asyncio.Event()})]) as server:
        silent = await make().test("openai-compatible", "m", None, server.url)
    assert silent["error"]["code"] == "model_timeout"
    assert silent["error"]["then"] == REMEDIES[errors.ProviderTimeout]
