"""An authorizer of the host decides on every route, and each says what it does: look, change, or run and let run."""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jupyter_server.auth import Authorizer

from .conftest import Api
from .test_approvals import COUNTING

W = "workspaces/default"
S = "/workspaces/{workspace}/sessions/{session}"
M = "/workspaces/{workspace}/mcp-servers/{name}"
#: What runs something, says what may run, or where messages go to. All other verbs but GET are "write".
EXECUTE = {
    ("post", f"{S}/messages"),
    ("post", f"{S}/runs/{{run}}/cancel"),
    ("post", f"{S}/runs/{{run}}/retry"),
    ("post", f"{S}/runs/{{run}}/approvals/{{call}}"),
    ("post", f"{S}/runs/{{run}}/questions/{{question}}"),
    ("post", "/workspaces/{workspace}/models"),
    ("post", "/workspaces/{workspace}/models/test"),
    ("post", "/workspaces/{workspace}/models/demo/fetch"),
    ("post", "/workspaces/{workspace}/mcp-servers"),
    ("put", "/workspaces/{workspace}/mcp-servers/config"),
    ("post", "/workspaces/{workspace}/mcp-servers/test"),
    *(("post", f"{M}/{act}") for act in ("start", "stop", "restart", "pause", "resume", "call")),
    *(("post", f"{M}/{act}") for act in ("resources/read", "prompts/get", "completions")),
    ("post", "/workspaces/{workspace}/trust"),
}
ROUTES = [
    (verb, path)
    for path, verbs in yaml.safe_load(files("mandrake_jupyter").joinpath("rest-api.yml").read_text())[
        "paths"
    ].items()
    for verb in verbs
    if verb in ("get", "post", "put", "patch", "delete")
]


class Asked(Authorizer):  # type: ignore[misc]
    """Grants what is in `granted`, and keeps what it was asked."""

    granted = frozenset({"read", "write", "execute"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked: list[tuple[str, str]] = []

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        self.asked.append((action, resource))
        return action in self.granted


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    jp_server_config["ServerApp"]["authorizer_class"] = Asked
    return jp_server_config


@pytest.fixture
def authorizer(jp_serverapp: Any) -> Asked:
    assert isinstance(jp_serverapp.authorizer, Asked)
    return jp_serverapp.authorizer


async def test_every_route_asks_for_what_it_does(api: Api, authorizer: Asked) -> None:
    authorizer.granted = frozenset()
    wrong = []
    for verb, path in ROUTES:
        authorizer.asked.clear()
        filled = re.sub(r"{\w+}", lambda found: "1" if found[0] == "{grant}" else "default", path)
        status, _ = await api.error(verb.upper(), filled.removeprefix("/"))
        expected = "execute" if (verb, path) in EXECUTE else "read" if verb == "get" else "write"
        found = [action for action, resource in authorizer.asked if resource.startswith("mandrake:")]
        if (status, found) != (403, [expected]):
            wrong.append((verb, path, status, authorizer.asked, expected))
    assert not wrong
    assert set(ROUTES) >= EXECUTE


async def test_who_may_write_but_not_execute_can_let_nothing_run(api: Api, authorizer: Asked) -> None:
    authorizer.granted = frozenset({"read", "write"})
    entry = {"command": "touch", "args": ["ran"]}
    config = {"text": '{"mcpServers": {"x": {"command": "touch"}}}'}
    model = {"provider": "openai-compatible", "model": "m", "url": "http://127.0.0.1:9/v1"}
    for verb, path, body, headers in (
        ("POST", f"{W}/mcp-servers", {"name": "x", "entry": entry}, {}),
        ("PUT", f"{W}/mcp-servers/config", config, {"If-Match": "*"}),
        ("POST", f"{W}/models", model, {}),
        ("POST", f"{W}/trust", {"hash": "", "entries": []}, {}),
    ):
        assert (await api.error(verb, path, body, headers=headers))[0] == 403
    assert not (api.root / ".mandrake").exists()
    assert [server["name"] for server in await api("GET", f"{W}/mcp-servers")] == ["jupyter"]


async def test_a_look_starts_an_mcp_server_only_for_who_may_execute(
    api: Api, authorizer: Asked, tmp_path: Any
) -> None:
    entry = {"command": sys.executable, "args": [str(COUNTING), str(tmp_path / "ran")]}
    await api("POST", f"{W}/mcp-servers", {"name": "counting", "entry": entry})
    looks = [f"{W}/mcp-servers/counting/{what}" for what in ("tools", "resources", "prompts")]
    authorizer.granted = frozenset({"read"})
    for look in looks:
        status, body = await api.error("GET", look)
        assert (status, body["code"]) == (403, "forbidden")
        assert "would have to be started" in body["message"]
    assert (await api("GET", f"{W}/mcp-servers/counting"))["phase"] == "new"
    assert await api("GET", f"{W}/mcp-servers/jupyter/tools")
    authorizer.granted = frozenset({"read", "execute"})
    known = [await api("GET", look) for look in looks]
    await api("POST", f"{W}/mcp-servers/counting/stop")
    authorizer.granted = frozenset({"read"})
    assert [await api("GET", look) for look in looks] == known
    assert (await api("GET", f"{W}/mcp-servers/counting"))["phase"] == "stopped"
