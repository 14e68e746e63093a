"""Resources, prompts, completions and the log of an MCP server over REST."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Api

ECHO = {"command": sys.executable, "args": [str(Path(__file__).parents[1] / "support" / "mcp_echo.py")]}
SERVERS = "workspaces/default/mcp-servers"


@pytest.fixture
def echo(jp_root_dir: Path) -> str:
    return f"{SERVERS}/echo"


async def add(api: Api) -> None:
    await api("POST", SERVERS, {"name": "echo", "entry": ECHO})


async def test_what_is_offered_is_listed_read_filled_in_and_completed(api: Api, echo: str) -> None:
    await add(api)
    listed = await api("GET", f"{echo}/resources")
    assert "echo://notes" in [resource["uri"] for resource in listed["resources"]]
    assert "echo://large/{size}" in [template["uri_template"] for template in listed["templates"]]
    (content,) = await api("POST", f"{echo}/resources/read", {"uri": "echo://notes"})
    assert (content["text"], content["blob"], content["truncated"]) == ("one\ntwo", None, False)
    (prompt,) = await api("GET", f"{echo}/prompts")
    assert prompt["arguments"][0] == {"name": "who", "title": "", "description": "", "required": True}
    filled = await api("POST", f"{echo}/prompts/get", {"name": "greet", "arguments": {"who": "Ada"}})
    assert filled["messages"] == [{"role": "user", "type": "text", "text": "Greet Ada warmly."}]
    ref = {"ref": {"prompt": "greet"}, "argument": "who", "value": "A"}
    assert (await api("POST", f"{echo}/completions", ref))["values"] == ["Ada", "Alan"]


async def test_looking_at_known_lists_starts_nothing(api: Api, echo: str) -> None:
    await add(api)
    seen = await api("GET", f"{echo}/prompts")
    assert (await api("POST", f"{echo}/stop"))["phase"] == "stopped"
    assert await api("GET", f"{echo}/prompts") == seen
    assert (await api("GET", echo))["phase"] == "stopped"


#: (path, body, status, code).
NOT_TO_BE_HAD: list[tuple[str, dict[str, Any], int, str]] = [
    ("resources/read", {"uri": "echo://nothing"}, 404, "resource_not_found"),
    ("resources/read", {"uri": "echo://broken"}, 502, "mcp_request_refused"),
    ("resources/read", {"uri": " "}, 400, "bad_request"),
    ("prompts/get", {"name": "nothing"}, 404, "prompt_not_found"),
    ("prompts/get", {"name": "greet"}, 400, "bad_request"),
    ("prompts/get", {"name": "greet", "arguments": {"who": 1}}, 400, "bad_request"),
    ("completions", {"ref": {"prompt": "greet"}}, 400, "bad_request"),
    ("completions", {"ref": {"prompt": "a", "resource": "b"}, "argument": "who"}, 400, "bad_request"),
    ("completions", {"ref": {"prompt": "a"}, "argument": "who", "value": 1}, 400, "bad_request"),
]


async def test_what_cannot_be_had_is_a_typed_error(api: Api, echo: str) -> None:
    await add(api)
    for path, body, status, code in NOT_TO_BE_HAD:
        answered, error = await api.error("POST", f"{echo}/{path}", body)
        assert (answered, error["code"]) == (status, code), (path, body)


async def test_our_own_servers_have_tools_only(api: Api) -> None:
    assert await api("GET", f"{SERVERS}/jupyter/resources") == {"resources": [], "templates": []}
    status, error = await api.error("POST", f"{SERVERS}/jupyter/resources/read", {"uri": "x://y"})
    assert (status, error["code"]) == (404, "mcp_not_offered")


async def test_a_server_that_came_with_the_folder_is_asked_for_nothing_before_it_is_trusted(
    api: Api, echo: str
) -> None:
    (api.root / ".mcp.json").write_text(json.dumps({"mcpServers": {"echo": ECHO}}))
    for method, path, body in (
        ("GET", "resources", None),
        ("GET", "prompts", None),
        ("POST", "resources/read", {"uri": "echo://notes"}),
        ("POST", "prompts/get", {"name": "greet", "arguments": {"who": "Ada"}}),
        ("POST", "completions", {"ref": {"prompt": "greet"}, "argument": "who"}),
    ):
        status, error = await api.error(method, f"{echo}/{path}", body)
        assert (status, error["code"]) == (409, "mcp_not_trusted"), path
    assert (await api("GET", echo))["phase"] == "new"


async def test_the_log_is_filtered_by_level_and_followed_from_before_the_start_to_the_removal(
    api: Api, echo: str
) -> None:
    await add(api)

    async def follow() -> list[dict[str, Any]]:
        return [line async for line in api.stream("GET", f"{echo}/logs?follow=true&level=warning")]

    following = asyncio.create_task(follow())
    await api("POST", f"{echo}/call", {"tool": "say", "arguments": {"level": "info", "text": "quiet"}})
    await api("POST", f"{echo}/call", {"tool": "say", "arguments": {"level": "error", "text": "hot"}})
    while not (said := [line for line in await api("GET", f"{echo}/logs?level=error") if line["level"]]):
        await asyncio.sleep(0)
    assert [(line["stream"], line["text"], line["level"]) for line in said] == [
        ("message", "echo: hot", "error")
    ]
    await api("DELETE", echo)
    heard = [line for line in await asyncio.wait_for(following, 20) if line["level"]]
    assert [(line["type"], line["text"], line["seq"]) for line in heard] == [
        ("log", "echo: hot", said[0]["seq"])
    ]


WRONG_QUESTIONS = ["level=loud", "level=", "follow=perhaps", "after=-1"]


async def test_a_wrong_question_for_the_log_is_refused(api: Api) -> None:
    for query in WRONG_QUESTIONS:
        status, error = await api.error("GET", f"{SERVERS}/jupyter/logs?{query}")
        assert (status, error["code"]) == (400, "bad_request")
