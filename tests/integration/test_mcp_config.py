"""The configuration of MCP servers over REST: the editor's text, switches, values that are entered, the user's own file."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Api

SERVERS = "workspaces/default/mcp-servers"
CONFIG = f"{SERVERS}/config"
SHOWS = str(Path(__file__).parent.parent / "support" / "mcp_shows.py")


def entry(**more: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": ["-S", SHOWS], **more}


def text(**entries: Any) -> str:
    return "// mine\n" + json.dumps({"mcpServers": entries}, indent=2)


async def save(api: Api, body: str, tag: str) -> Any:
    return await api.raw("PUT", CONFIG, {"text": body}, headers={"If-Match": tag})


async def test_the_text_is_written_only_over_what_was_seen(api: Api) -> None:
    first = await api.raw("GET", CONFIG)
    assert json.loads(first.body) == {
        "file": ".mandrake/mcp.json",
        "path": str(api.root / ".mandrake/mcp.json"),
        "text": "",
        "exists": False,
        "problems": [],
    }
    saved = await save(api, text(a=entry(), bad={}), first.headers["ETag"])
    assert (api.root / ".mandrake/mcp.json").read_text() == text(a=entry(), bad={})
    assert [it["line"] for it in json.loads(saved.body)["problems"]] == [11]
    again = await api.raw("GET", CONFIG)
    assert (again.headers["ETag"], again.body) == (saved.headers["ETag"], saved.body)
    status, error = await api.error(
        "PUT", CONFIG, {"text": "{}"}, headers={"If-Match": first.headers["ETag"]}
    )
    assert (status, error["code"]) == (412, "precondition_failed")
    status, error = await api.error("PUT", CONFIG, {"text": "{}"})
    assert (status, error["code"]) == (428, "precondition_required")
    status, error = await api.error("PUT", CONFIG, {"text": "{,"}, headers={"If-Match": "*"})
    assert (status, error["code"]) == (400, "broken_file")
    assert "line 1, column 2" in error["message"]
    assert (api.root / ".mandrake/mcp.json").read_text() == text(a=entry(), bad={})
    await save(api, "{}", f'"other", {saved.headers["ETag"]}')
    assert [it["name"] for it in await api("GET", SERVERS)] == ["jupyter"]


async def test_an_edit_ends_only_what_it_changed(api: Api) -> None:
    await save(api, text(a=entry(), b=entry(), c=entry()), "*")
    before = {name: (await api("POST", f"{SERVERS}/{name}/start"))["pid"] for name in "abc"}
    await save(api, text(a=entry(), b=entry(env={"A": "1"}), c=entry()), "*")
    after = {model["name"]: model["pid"] for model in await api("GET", SERVERS)}
    assert after == {"jupyter": None, "a": before["a"], "b": None, "c": before["c"]}
    assert (await api("POST", f"{SERVERS}/b/start"))["phase"] == "ready"


async def test_disable_ends_it_and_enable_brings_it_back(api: Api) -> None:
    await save(api, text(a=entry()), "*")
    await api("POST", f"{SERVERS}/a/start")
    off = await api("POST", f"{SERVERS}/a/disable")
    assert (off["disabled"], off["phase"], off["pid"]) == (True, "stopped", None)
    assert (await api.error("POST", f"{SERVERS}/a/start"))[0] == 409
    on = await api("POST", f"{SERVERS}/a/enable")
    assert (on["disabled"], on["phase"]) == (False, "stopped")
    assert (await api("POST", f"{SERVERS}/a/start"))["phase"] == "ready"
    assert (api.root / ".mandrake/mcp.json").read_text() == text(a=entry()), "its comments were kept"
    assert (await api.error("POST", f"{SERVERS}/none/disable"))[0] == 404
    assert (await api.error("POST", f"{SERVERS}/jupyter/disable"))[0] == 409


async def test_a_value_is_entered_once_and_never_told(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    secret = "ghs-never-to-be-told"
    document = {
        "servers": {"a": entry(env={"A": "${secret:github}", "B": "${input:where}"})},
        "inputs": [{"id": "where", "type": "promptString", "description": "Where?"}],
    }
    (api.root / ".vscode").mkdir()
    (api.root / ".vscode/mcp.json").write_text(json.dumps(document))
    seen = await api("GET", "workspaces/default/trust")
    assert seen["pending"][0]["needs"][0]["key_name"] == "github"
    ids = [item["id"] for item in seen["pending"]]
    await api("POST", "workspaces/default/trust", {"hash": seen["hash"], "entries": ids})
    status, error = await api.error("POST", f"{SERVERS}/a/start")
    assert (status, error["code"], error["actions"][0]) == (502, "mcp_secret_missing", "enter_value")
    needs = {need["id"]: need for need in (await api("GET", f"{SERVERS}/a"))["needs"]}
    for id, value in (("github", secret), ("where", "My Documents")):
        assert needs[id]["has_value"] is False
        await api("PUT", f"settings/keys/{needs[id]['key_name']}", {"value": value})
    model = await api("GET", f"{SERVERS}/a")
    assert [need["has_value"] for need in model["needs"]] == [True, True]
    called = await api("POST", f"{SERVERS}/a/start")
    assert called["phase"] == "ready"
    told = await api("POST", f"{SERVERS}/a/call", {"tool": "environment"})
    assert json.loads(told["content"])["B"] == "My Documents"
    logs = await api("GET", f"{SERVERS}/a/logs")
    assert secret not in json.dumps([logs, model, await api("GET", SERVERS)]) + caplog.text
    assert secret not in "".join(path.read_text() for path in api.root.rglob("*.json"))


async def test_a_file_of_variables_that_is_missing_is_told_with_a_remedy(api: Api) -> None:
    await save(api, text(a=entry(envFile="none.env")), "*")
    status, error = await api.error("POST", f"{SERVERS}/a/start")
    assert (status, error["code"]) == (502, "mcp_env_file")
    assert error["message"] == 'The MCP server "a" can\'t use its "envFile": there is no file \'none.env\'.'
    assert "Write lines like NAME=value into none.env" in error["then"]


async def test_the_user_s_own_mcp_servers_are_there_in_every_project(api: Api, tmp_path: Path) -> None:
    folder = Path(os.environ["JUPYTER_CONFIG_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "mcp_servers.json"
    file.write_text(json.dumps({"mcp_servers": [{"name": "mine", **entry()}, {"name": "bad"}]}))
    model = await api("GET", f"{SERVERS}/mine")
    assert (model["trusted"], model["origin"]) == (True, str(file))
    assert (await api("POST", f"{SERVERS}/mine/start"))["phase"] == "ready"
    assert [it["name"] for it in (await api("GET", CONFIG))["problems"]] == ["bad"]
    status, error = await api.error("DELETE", f"{SERVERS}/mine")
    assert (status, error["code"]) == (409, "conflict")
    assert (await api("POST", f"{SERVERS}/mine/disable"))["phase"] == "stopped"
