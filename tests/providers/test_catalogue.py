"""Which models there are, which one is active and why, and who is contacted: nobody unless asked."""

import asyncio
import contextlib
import json

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from mandrake_jupyter import errors
from mandrake_jupyter.providers.endpoint import Endpoint
from tests.providers.conftest import DEMO, Demo, say
from tests.support.scripted_openai import ScriptedOpenAI, Turn


@contextlib.asynccontextmanager
async def ollama(models, parameters=""):
    """A fake Ollama: names to capabilities; counts its requests."""
    asked = []

    class Tags(RequestHandler):
        def get(self):
            asked.append("tags")
            self.finish({"models": [{"name": name} for name in models]})

    class Show(RequestHandler):
        def post(self):
            name = json.loads(self.request.body)["model"]
            self.finish({"capabilities": models[name], "parameters": parameters})

    server = HTTPServer(Application([("/api/tags", Tags), ("/api/show", Show)]))
    socket, port = bind_unused_port(address="127.0.0.1")
    server.add_socket(socket)
    try:
        yield f"http://127.0.0.1:{port}", asked
    finally:
        server.stop()
        await server.close_all_connections()


async def test_with_nothing_at_all_the_demo_model_is_active(make):
    answer = await make().as_json()
    assert (answer["active"], answer["origin"]) == (DEMO, "default")
    assert answer["origin_note"] == "No key in the environment and no Ollama: the demo model."
    assert [model["id"] for model in answer["models"]] == [DEMO]
    assert answer["models"][0] == {
        "id": DEMO, "provider": "demo", "model": "smollm2-135m-instruct",
        "name": "Demo model (tiny, offline)", "tools": False, "images": False,
        "window": 2048, "reasoning": False, "local": True, "state": "missing", "detail": "",
        "level": None, "file": None,
    }  # fmt: skip
    assert [provider["id"] for provider in answer["providers"]] == [
        "anthropic", "openai", "google", "ollama", "openai-compatible", "demo",
    ]  # fmt: skip
    assert answer["providers"][1] == {
        "id": "openai", "name": "OpenAI", "kind": "key", "host": "api.openai.com", "url": None,
        "key_name": "openai", "has_key": False, "key_origin": None, "key_saved": None,
        "suggested_models": answer["providers"][1]["suggested_models"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "active"),
    [
        ({"OPENAI_API_KEY": "sk-1"}, "openai/gpt-5-mini"),
        ({"ANTHROPIC_API_KEY": "sk-2"}, "anthropic/claude-sonnet-5-5"),
        ({"OPENAI_API_KEY": "sk-1", "ANTHROPIC_API_KEY": "sk-2"}, "anthropic/claude-sonnet-5-5"),
    ],
)
async def test_a_key_in_the_environment_wins_over_ollama(make, environ, active):
    async with ollama({"llama:1b": ["completion"]}) as (url, _):
        answer = await make(environ, ollama=url).as_json()
    assert (answer["active"], answer["origin"]) == (active, "environment")
    assert "sk-" not in str(answer)


async def test_an_ollama_on_this_computer_wins_over_the_demo_model(make, clock):
    models = {"embed": ["embedding"], "qwen:4b": ["completion", "tools"], "gemma": ["completion"]}
    async with ollama(models) as (url, asked):
        catalogue = make(ollama=url)
        answer = await catalogue.as_json()
        await catalogue.as_json()
        assert asked == ["tags"]
        clock.now = 31
        await catalogue.as_json()
        assert len(asked) == 2
        resolved = await catalogue.resolve()
    assert (answer["active"], answer["origin"]) == ("ollama/qwen:4b", "ollama")
    assert [(m["id"], m["tools"], m["local"]) for m in answer["models"]] == [
        ("ollama/qwen:4b", True, True), ("ollama/gemma", False, True), (DEMO, False, True),
    ]  # fmt: skip
    assert (resolved.id, resolved.tools, resolved.local) == ("ollama/qwen:4b", True, True)
    assert resolved.provider.endpoint.base_url == f"{url}/v1"


async def test_a_choice_of_the_user_wins_over_all_and_is_seen_by_another_jupyter(make):
    environ = {"OPENAI_API_KEY": "sk-1"}
    answer = await make(environ).activate(DEMO)
    assert (answer["active"], answer["origin"]) == (DEMO, "user")
    again = make(environ)
    assert (await again.as_json())["active"] == DEMO
    assert (await again.activate(None))["origin"] == "environment"


@pytest.mark.parametrize("unknown", ["ghost/model", "openai/gpt-5-mini", "", 7])
async def test_an_unknown_id_is_not_made_active(make, unknown):
    with pytest.raises(errors.BadRequest):
        await make().activate(unknown)
    with pytest.raises(errors.ModelNotAvailable, match=DEMO):
        await make().resolve(str(unknown) or "nothing")


async def test_a_connected_service_is_active_and_answers(make):
    async with ScriptedOpenAI() as server:
        catalogue = make()
        await catalogue.keys.set("openai-compatible", "sk-mine")
        answer = await catalogue.connect("openai-compatible", "scripted", server.url + "/", "My lab")
        assert (answer["active"], answer["origin"]) == ("my-lab/scripted", "user")
        assert answer["models"][0]["name"] == "scripted (My lab)"
        resolved = await catalogue.resolve()
        assert await say(resolved) == "Hi"
        assert (resolved.host, resolved.local, resolved.tools) == (server.host, True, True)
        assert server.requests[0].headers["authorization"] == "Bearer sk-mine"
        entry = answer["providers"][4]
        assert (entry["url"], entry["has_key"], entry["key_origin"]) == (server.url, True, "file")


async def test_a_key_entered_for_one_host_is_never_sent_to_another(make):
    async with ScriptedOpenAI() as one, ScriptedOpenAI() as two:
        catalogue = make()
        await catalogue.keys.set("openai-compatible", "sk-one")
        await catalogue.connect("openai-compatible", "scripted", one.url, "one")
        await catalogue.connect("openai-compatible", "scripted", two.url, "two")
        assert (await catalogue.test("openai-compatible", "scripted", url=two.url))["ok"]
        await say(await catalogue.resolve("two/scripted"))
        assert all("authorization" not in request.headers for request in two.requests)
        await say(await catalogue.resolve("one/scripted"))
        assert one.requests[0].headers["authorization"] == "Bearer sk-one"
        await catalogue.keys.delete("openai-compatible")
        assert await catalogue.keys.get(f"openai-compatible@{one.host}") is None


async def test_connecting_again_replaces_the_connection(make):
    catalogue = make()
    await catalogue.connect("openai-compatible", "m", "http://127.0.0.1:1/v1", "lab")
    answer = await catalogue.connect("openai-compatible", "m", "http://127.0.0.1:2/v1", "lab")
    assert [m["id"] for m in answer["models"]] == ["lab/m", DEMO]
    assert answer["providers"][4]["url"] == "http://127.0.0.1:2/v1"


async def test_a_provider_whose_key_is_gone_says_so(make):
    catalogue = make()
    await catalogue.keys.set("openai", "sk-1")
    await catalogue.connect("openai", "gpt-x")
    assert (await catalogue.resolve()).provider.endpoint.key == "sk-1"
    await catalogue.keys.delete("openai")
    answer = await catalogue.as_json()
    assert answer["active"] == "openai/gpt-x"
    assert answer["models"][0]["state"] == "needs_key"
    with pytest.raises(errors.KeyMissing) as caught:
        await catalogue.resolve()
    assert str(caught.value) == "No key for OpenAI is known."


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "Enter the address"),
        ("ftp://host/v1", "http:// or https://"),
        ("example.com/v1", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("http://", "names no host"),
        ("http://user:secret@host/v1", "user name or password"),
        ("http://host/v1?key=secret", "before the ?"),
        ("http://host:99999/v1", "not an address"),
        ("http://ho st/v1", "not an address"),
        ("http://" + "x" * 3000, "not an address"),
    ],
)
async def test_an_address_that_can_not_be_is_refused_in_words(make, url, says):
    with pytest.raises(errors.BadRequest, match=says.replace("?", r"\?")) as caught:
        await make().connect("openai-compatible", "m", url)
    assert "secret" not in str(caught.value)
    assert (await make().test("openai-compatible", "m", None, url))["error"]["code"] == "bad_request"


@pytest.mark.parametrize(
    ("provider", "model"), [("ghost", "m"), ("openai", ""), ("openai", "a\nb"), ("openai", 7.5)]
)
async def test_a_connection_that_can_not_be_is_refused(make, provider, model):
    with pytest.raises(errors.BadRequest):
        await make().connect(provider, model)


async def test_what_people_type_is_understood(make):
    answer = await make().connect("openai-compatible", "m", " localhost:8000/v1/chat/completions ")
    assert answer["providers"][4]["url"] == "http://localhost:8000/v1"


async def test_a_test_says_how_long_the_first_token_took(make, clock):
    gate = asyncio.Event()
    async with ScriptedOpenAI([Turn(["O", "K"], gates={0: gate})]) as server:
        task = asyncio.create_task(make().test("openai-compatible", "scripted", "sk-typed", server.url))
        await server.saw_requests(1)
        clock.now = 0.25
        gate.set()
        assert await task == {"ok": True, "first_token_ms": 250}
        assert server.requests[0].headers["authorization"] == "Bearer sk-typed"


async def test_a_test_that_fails_answers_with_the_error(make, tmp_path):
    async with ScriptedOpenAI([Turn(status=401)]) as server:
        answer = await make().test("openai-compatible", "scripted", "sk-typed", server.url)
    assert answer["ok"] is False
    assert answer["error"]["code"] == "model_key_refused"
    assert "sk-typed" not in str(answer)
    assert not list(tmp_path.iterdir()), "a test keeps nothing"
    assert (await make().test("openai", "gpt-x"))["error"]["code"] == "model_key_missing"


async def test_the_demo_model_is_fetched_only_when_told(make):
    demo = Demo()
    catalogue = make(demo=demo)
    await catalogue.as_json()
    assert demo.state == "missing"
    assert (await catalogue.fetch_demo())["state"] == "fetching"
    assert (await catalogue.as_json())["models"][-1]["state"] == "fetching"
    demo.state = "ready"
    assert (await catalogue.resolve()).provider is demo.provider


async def test_openai_s_base_url_in_the_environment_is_kept_to(make):
    async with ScriptedOpenAI() as server:
        catalogue = make({"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": server.url})
        assert (await catalogue.as_json())["providers"][1]["host"] == server.host
        assert await say(await catalogue.resolve()) == "Hi"
        assert server.requests[0].headers["authorization"] == "Bearer sk-1"


async def test_an_address_in_the_environment_that_is_none_leaves_the_listing_whole(make):
    for url in ("http://localhost:{PORT}/v1", "http://[::1/v1", "http://h:99999/v1"):
        environ = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-abcdefgh"}
        catalogue = make(environ)
        answer = await catalogue.as_json()
        (openai,) = (provider for provider in answer["providers"] if provider["id"] == "openai")
        assert (openai["host"], openai["has_key"]) == (None, True)
        with pytest.raises(errors.BadRequest, match="not an address"):
            await catalogue.resolve("openai/gpt-5-mini")


def test_the_words_of_a_header_are_secrets_too():
    endpoint = Endpoint("openai", "x", "http://h", "k3y", {"Authorization": "Bearer sk-12345678"})
    assert endpoint.secrets == ("Bearer sk-12345678", "sk-12345678")
