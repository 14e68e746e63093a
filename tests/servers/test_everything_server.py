"""The MCP project's own test server, over each transport it has: a round of every method it offers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.values import ToolResult

from ..support.mcp_leaks import MARKER, eventually
from .conftest import CONTEXT, SUPPORT, House, call

pytestmark = pytest.mark.node

HELLO = "data:text/plain;base64,aGVsbG8="
#: Each tool with its arguments and a part of what it answers; for it is asked, None where it needs what we have not.
CALLS: dict[str, tuple[dict[str, Any], str | None]] = {
    "echo": ({"message": "hello"}, "hello"),
    "get-annotated-message": ({"messageType": "success", "includeImage": True}, "[an image, image/png,"),
    "get-env": ({}, "PATH"),
    "get-resource-links": ({"count": 2}, "[a link to "),
    "get-resource-reference": ({"resourceType": "Text", "resourceId": 1}, "demo://resource/dynamic/text/1"),
    "get-structured-content": ({"location": "Chicago"}, "temperature"),
    "get-sum": ({"a": 2, "b": 3}, "5"),
    "get-tiny-image": ({}, "[an image, image/png,"),
    "gzip-file-as-resource": ({"name": "hello.gz", "data": HELLO, "outputType": "resource"}, "hello.gz"),
    "toggle-simulated-logging": ({}, "Started"),
    "toggle-subscriber-updates": ({}, "Started"),
    "trigger-long-running-operation": ({"duration": 0.2, "steps": 2}, "completed"),
    "trigger-elicitation-request": ({}, "declined"),
    "trigger-url-elicitation": ({}, None),
    "simulate-research-query": ({"topic": "moths"}, None),
}


@pytest.fixture
def stdio(house: House, npm: Path) -> None:
    house.add(
        "everything", "npx", "--prefix", str(npm.parents[1]), "--no-install", "mcp-server-everything", "stdio"
    )


@pytest.fixture
def served(house: House, npm: Path) -> Iterator[Callable[[str], str]]:
    """Starts it in a mode that listens; its origin."""
    made: list[subprocess.Popen[str]] = []

    def serve(mode: str) -> str:
        node = shutil.which("node")
        assert node
        env = {**os.environ, "PORT": "0", MARKER: house.token}
        command = [
            node,
            "--require",
            str(SUPPORT / "loopback_only.cjs"),
            str(npm / "mcp-server-everything"),
            mode,
        ]
        made.append(
            subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        )
        assert made[0].stderr is not None
        for line in made[0].stderr:
            if found := re.match(r"listening (\d+)", line):
                return f"http://127.0.0.1:{found[1]}"
        raise AssertionError("it does not listen")

    yield serve
    for process in made:
        process.kill()
        process.communicate()


@pytest.fixture(params=["stdio", "http", "sse"])
def everything(request: pytest.FixtureRequest, house: House) -> MCPServerManager:
    transport = request.param
    if transport == "stdio":
        request.getfixturevalue("stdio")
    else:
        origin = request.getfixturevalue("served")({"http": "streamableHttp", "sse": "sse"}[transport])
        path = {"http": "/mcp", "sse": "/sse"}[transport]
        house.add("everything", "", transport=transport, url=origin + path)
    return house.manager()


async def test_every_tool_answers(house: House, everything: MCPServerManager) -> None:
    await everything.start("everything")
    await settled(everything)
    tools = {tool.name for tool in await everything.tools("everything")}
    assert tools <= set(CALLS), "a round of every tool it has"
    assert {"echo", "trigger-long-running-operation", "trigger-elicitation-request"} <= tools
    assert not any("sampling" in name for name in tools), "it was not said that we can"
    for tool in sorted(tools):
        arguments, part = CALLS[tool]
        result = await call(everything, "everything", tool, **arguments)
        if part is not None:
            assert result.ok, (tool, result.content)
            assert part in result.content, (tool, result.content)
    assert not (await call(everything, "everything", "get-sum", a="x")).ok
    started_here = everything.describe_one("everything")["transport"] == "stdio"
    if started_here:
        assert len(house.processes("everything")) > 1, "npx and its child"
    await everything.stop("everything")
    if started_here:
        assert not house.processes("")


async def settled(manager: MCPServerManager) -> None:
    """It adds some of its tools when it knows what we can, after we are connected."""
    server = manager.find("everything")
    assert server is not None
    await eventually(lambda: "trigger-elicitation-request" in [tool.name for tool in server.tools or ()])


async def test_progress_and_log_messages_arrive(everything: MCPServerManager) -> None:
    heard: list[tuple[float, float | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total))

    done: ToolResult = await everything.call(
        "everything", "trigger-long-running-operation", {"duration": 0.2, "steps": 2}, context=CONTEXT, on_progress=hear
    )  # fmt: skip
    assert done.ok
    await eventually(lambda: heard == [(1, 2), (2, 2)])
    await call(everything, "everything", "toggle-simulated-logging")
    await eventually(lambda: "message" in [line["stream"] for line in everything.logs("everything")])


async def test_resources_prompts_and_completions_are_there(everything: MCPServerManager) -> None:
    offers = await everything.offers("everything")
    resources, templates = await offers.resources(), await offers.templates()
    assert resources
    assert templates
    for resource in resources:
        (read, *_) = await offers.read(resource.uri)
        assert read.uri == resource.uri
        assert read.text or read.blob
    assert "Resource 7" in ((await offers.read("demo://resource/dynamic/text/7"))[0].text or "")
    assert (await offers.read("demo://resource/dynamic/blob/7"))[0].blob
    prompts = {prompt.name: prompt for prompt in await offers.prompts()}
    assert set(prompts) == {"simple-prompt", "args-prompt", "completable-prompt", "resource-prompt"}
    given = {"city": "Oslo", "department": "Sales", "name": "Eve", "resourceType": "Text", "resourceId": "1"}
    for name, prompt in prompts.items():
        filled = await offers.prompt(name, {a.name: given[a.name] for a in prompt.arguments if a.required})
        assert filled.messages
    complete = offers.complete
    assert (await complete("prompt", "completable-prompt", "department", "S", {})).values == (
        "Sales",
        "Support",
    )
    known = {"department": "Sales"}
    assert (await complete("prompt", "completable-prompt", "name", "", known)).values == (
        "David",
        "Eve",
        "Frank",
    )
    of = templates[0]
    assert (await complete("resource", of.uri_template, "resourceId", "7", {})).values == ("7",)
