"""Models that come with a folder: nothing of them happens before the user trusts them."""

import pytest

from mandrake_jupyter import errors
from mandrake_jupyter.workspaces.models import ModelWish, WorkspaceModel
from tests.providers.conftest import DEMO, say
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn


async def test_an_untrusted_folder_is_not_contacted_listed_or_expanded(make):
    class Environ(dict):
        def get(self, name, default=None):
            assert name != "SECRET"
            return super().get(name, default)

    async with ScriptedOpenAI() as server:
        planted = WorkspaceModel("evil", server.url, {"X": "${SECRET}"}, ("m",), trusted=False)
        catalogue = make(Environ(SECRET="s"), folder=[planted], active="evil/m")
        answer = await catalogue.as_json()
        assert [model["id"] for model in answer["models"]] == [DEMO]
        with pytest.raises(errors.BadRequest):
            await catalogue.activate("project/evil/m")
        with pytest.raises(errors.ModelNotAvailable):
            await catalogue.resolve("project/evil/m")
        with pytest.raises(errors.DemoModelMissing):
            await catalogue.resolve()
        assert server.requests == []


async def test_a_trusted_folder_brings_its_model_with_its_headers(make):
    async with ScriptedOpenAI() as server:
        headers = {"Authorization": "Bearer ${TOKEN}", "X-Org": "${secret:org}"}
        folder = [WorkspaceModel("openai", server.url, headers, ("m", "n"), trusted=True)]
        catalogue = make({"TOKEN": "t0ken"}, folder=folder, active="openai/n")
        await catalogue.keys.set("org", "acme")
        answer = await catalogue.as_json()
        assert (answer["active"], answer["origin"]) == ("project/openai/n", "configuration")
        assert "t0ken" not in str(answer)
        assert await say(await catalogue.resolve()) == "Hi"
        sent = server.requests[0].headers
        assert (sent["authorization"], sent["x-org"]) == ("Bearer t0ken", "acme")
        folder.clear()
        assert (await catalogue.as_json())["active"] == DEMO


async def test_the_tokens_of_jupyter_and_the_hub_are_no_variables_of_a_folder(make, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "hub-token")
    environ = {"JUPYTERHUB_API_TOKEN": "hub-token", "JUPYTER_TOKEN": "jupyter-token"}
    for header in ("${JUPYTERHUB_API_TOKEN}", "${env:JUPYTER_TOKEN}"):
        folder = [WorkspaceModel("lab", "http://127.0.0.1:9/v1", {"X": header}, ("m",), trusted=True)]
        with pytest.raises(errors.KeyMissing, match="TOKEN}, which is not set"):
            await make(environ, folder=folder).resolve("project/lab/m")
    folder = [WorkspaceModel("lab", "http://h/${JUPYTERHUB_API_TOKEN}", {}, ("m",), trusted=True)]
    with pytest.raises(errors.KeyMissing):
        await make(environ, folder=folder).resolve("project/lab/m")


async def test_a_reference_that_is_not_set_is_named(make):
    folder = [WorkspaceModel("lab", "http://127.0.0.1:9/v1", {"X": "${NOT_SET}"}, ("m",), trusted=True)]
    with pytest.raises(errors.KeyMissing, match="NOT_SET"):
        await make(folder=folder).resolve("project/lab/m")


async def test_what_stands_for_a_secret_in_an_address_is_in_no_error(make):
    address = "http://127.0.0.1:9/${secret:way}/v1"
    folder = [WorkspaceModel("lab", address, {}, ("m",), trusted=True)]
    catalogue = make(folder=folder)
    await catalogue.keys.set("way", "a-secret-way-4711")
    endpoint = (await catalogue.resolve("project/lab/m")).provider.endpoint
    assert endpoint.base_url == "http://127.0.0.1:9/a-secret-way-4711/v1"
    assert endpoint.secrets == ("a-secret-way-4711",)


@pytest.mark.parametrize(
    ("headers", "error"), [({"Authorization": "Bearer x"}, errors.KeyRefused), ({}, errors.KeyMissing)]
)
async def test_a_refused_header_is_a_refused_key_and_none_at_all_is_a_missing_one(make, headers, error):
    async with ScriptedOpenAI() as server:
        server.script = [Turn(status=401)]
        folder = [WorkspaceModel("lab", server.url, headers, ("m",), trusted=True)]
        with pytest.raises(error):
            await say(await make(folder=folder).resolve("project/lab/m"))


def team(level, active=None, url="https://llm.example.org/v1"):
    model = WorkspaceModel("team", url, {}, ("big",), f"/etc/{level}/models.json", trusted=True, level=level)
    return [model], [ModelWish(level, model.origin, active)] if active else []


async def test_a_model_set_for_all_is_active_until_the_user_chooses_and_says_where_it_is_set(make):
    models, wishes = team("system", "team/big")
    catalogue = make({"OPENAI_API_KEY": "sk-1234567890"}, folder=models)
    catalogue._wishes = lambda: wishes
    answer = await catalogue.as_json()
    assert (answer["active"], answer["origin"]) == ("config/team/big", "configuration")
    assert (answer["origin_level"], answer["origin_file"]) == ("system", "/etc/system/models.json")
    (listed,) = [model for model in answer["models"] if model["id"] == "config/team/big"]
    assert (listed["level"], listed["file"]) == ("system", "/etc/system/models.json")
    answer = await catalogue.activate("openai/gpt-5-mini")
    assert (answer["active"], answer["origin"], answer["origin_level"]) == ("openai/gpt-5-mini", "user", None)


async def test_a_model_by_its_id_can_be_set_for_all_but_not_by_a_folder(make):
    catalogue = make({"ANTHROPIC_API_KEY": "sk-1234567890"})
    catalogue._wishes = lambda: [ModelWish("workspace", ".mandrake/models.json", "openai/gpt-5-mini")]
    assert (await catalogue.as_json())["origin"] == "environment"
    catalogue._wishes = lambda: [ModelWish("user", "/home/me/models.json", "openai/gpt-5-mini")]
    answer = await catalogue.as_json()
    assert (answer["active"], answer["origin"]) == ("openai/gpt-5-mini", "configuration")
