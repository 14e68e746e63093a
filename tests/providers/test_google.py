"""Google in the catalogue: with its package a provider like any other, without it one that says what is missing."""

import sys

import pytest

from mandrake_jupyter import errors
from mandrake_jupyter.providers import listing, sdks
from mandrake_jupyter.providers.abilities import Abilities, abilities_of

from .conftest import DEMO, say
from .contract.google import Google
from .contract.server import Reply, WireServer
from .contract.sse import WORDS, Say


def missing(kind):
    return kind != "google"


@pytest.mark.parametrize("variable", ["GEMINI_API_KEY", "GOOGLE_API_KEY"])
async def test_a_key_in_the_environment_makes_it_the_model(make, monkeypatch, variable):
    monkeypatch.setattr(listing, "installed", lambda kind: True)
    catalogue = make({variable: "canary-key"})
    answer = await catalogue.as_json()
    assert (answer["active"], answer["origin"]) == ("google/gemini-3.8-flash", "environment")
    [first, *_] = answer["models"]
    assert (first["images"], first["tools"]) == (True, True)
    assert first["window"] >= 1_000_000
    resolved = await catalogue.resolve()
    assert (resolved.host, resolved.provider.endpoint.key) == (
        "generativelanguage.googleapis.com",
        "canary-key",
    )


async def test_without_its_package_it_is_not_chosen_and_a_test_says_what_to_install(make, monkeypatch):
    monkeypatch.setattr(listing, "installed", missing)
    monkeypatch.setattr(sdks, "installed", missing)
    catalogue = make({"GEMINI_API_KEY": "canary-key"})
    assert (await catalogue.as_json())["active"] == DEMO
    error = (await catalogue.test("google", "gemini-3.8-flash"))["error"]
    assert error["code"] == "model_extra_missing"
    assert "mandrake-jupyter[google]" in error["then"]
    await catalogue.connect("google", "gemini-3.8-flash")
    with pytest.raises(errors.ModelExtraMissing, match="not installed"):
        await say(await catalogue.resolve())


def test_whether_it_is_there_is_asked_without_importing_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "google", None)
    assert not sdks.installed("google")
    assert sdks.installed("openai")


@pytest.mark.skipif(not sdks.installed("google"), reason="the extra [google] is not installed")
async def test_it_is_asked_where_the_environment_says_with_the_key_in_a_header_only(make, monkeypatch):
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_API_KEY", "another-key")
    async with WireServer(Reply(Google().answer(Say(WORDS)))) as server:
        catalogue = make({"GEMINI_API_KEY": "canary-key", "GOOGLE_GEMINI_BASE_URL": server.url})
        assert await say(await catalogue.resolve()) == "".join(WORDS)
    [(path, headers, body)] = server.requests
    assert headers["x-goog-api-key"] == "canary-key"
    assert "key" not in path
    assert "another-key" not in str((headers, body))


def test_what_its_models_can_do_is_known():
    assert abilities_of("google", "gemini-2.5-flash") == Abilities(True, True, 1_048_576, True)
