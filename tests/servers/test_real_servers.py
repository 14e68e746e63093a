"""MCP servers of other people, as users have them; and the echo server over HTTP."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mandrake_jupyter.errors import NotReached

from ..support.mcp_leaks import eventually, until
from .conftest import ECHO, House, call

EVERYTHING = "@modelcontextprotocol/server-everything@2026.8.31"


async def test_the_time_server_tells_the_time_and_says_that_it_only_reads(house: House) -> None:
    house.add("time", "mcp-server-time", "--local-timezone", "UTC")
    manager = house.manager()
    tools, problems = await manager.catalogue(learn=True)
    assert not problems
    assert {tool.name: tool.read_only for tool in tools} == {"get_current_time": True, "convert_time": True}
    now = await call(manager, "time", "get_current_time", timezone="Asia/Tokyo")
    assert now.ok
    assert "+09:00" in now.content
    arguments = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
    assert "21:00" in (await call(manager, "time", "convert_time", **arguments)).content
    assert not (await call(manager, "time", "get_current_time", timezone="Nowhere/None")).ok
    await manager.stop("time")
    assert not house.processes("")


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Where `make test` installed it, else installed once into a cache of the repository; skipped where there is no npx."""
    if shutil.which("npx") is None:
        pytest.skip("needs npx (Node.js)")
    if given := os.environ.get("MANDRAKE_TEST_NPM"):
        return Path(given).parents[1]
    prefix = request.config.rootpath / ".cache" / "server-everything"
    command = prefix / "node_modules" / ".bin" / "mcp-server-everything"
    if not command.exists():
        prefix.mkdir(parents=True, exist_ok=True)
        (prefix.parent / ".gitignore").write_text("*\n")
        install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(prefix), EVERYTHING]
        subprocess.run(install, check=True, timeout=300, capture_output=True)
    return prefix


@pytest.mark.node
@pytest.mark.timeout(400)
async def test_the_everything_server_lists_and_runs_its_tools(house: House, everything: Path) -> None:
    house.add(
        "everything", "npx", "--prefix", str(everything), "--no-install", "mcp-server-everything", "stdio"
    )
    manager = house.manager()
    tools = {tool.name: tool for tool in await manager.tools("everything")}
    assert "echo" in tools
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    assert "hello" in (await call(manager, "everything", "echo", message="hello")).content
    add = next(name for name in tools if name in ("add", "get-sum"))
    assert "5" in (await call(manager, "everything", add, a=2, b=3)).content
    image = next(name for name in tools if "image" in name.lower())
    assert "[an image, image/png," in (await call(manager, "everything", image)).content
    offers = await manager.offers("everything")
    resources, templates = await offers.resources(), await offers.templates()
    assert resources
    assert templates
    (read, *_) = await offers.read(resources[0].uri)
    assert read.uri == resources[0].uri
    assert read.text or read.blob
    prompts = {prompt.name: prompt for prompt in await offers.prompts()}
    plain = next(prompt for prompt in prompts.values() if not prompt.arguments)
    assert (await offers.prompt(plain.name, {})).messages
    completed = next(prompt for name, prompt in prompts.items() if "complet" in name)
    first = completed.arguments[0].name
    assert (await offers.complete("prompt", completed.name, first, "", {})).values
    assert not any("sampling" in name for name in tools), "it was not said that we can"
    assert len(house.processes("everything")) > 1, "npx and its child"
    await manager.stop("everything")
    assert not house.processes("")


@dataclass
class HTTPEcho:
    url: str
    process: subprocess.Popen[str]


@pytest.fixture
def http_echo(house: House) -> Iterator[HTTPEcho]:
    """The echo server over streamable HTTP on loopback."""
    command = [sys.executable, ECHO, "--http"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        yield HTTPEcho(url, process)
        process.kill()


async def test_a_remote_server_is_called_over_http(house: House, http_echo: HTTPEcho) -> None:
    house.add("remote", "", transport="http", url=http_echo.url, headers={"X-Key": "${KEY:-k}"}, env={})
    manager = house.manager()
    assert (await call(manager, "remote", "add", a=2, b=3)).content == "5"
    model = manager.describe_one("remote")
    assert (model["phase"], model["pid"], model["command"]) == ("ready", None, http_echo.url)
    assert (await manager.stop("remote"))["phase"] == "stopped"


async def test_a_remote_server_is_asked_for_all_it_offers_over_http(
    house: House, http_echo: HTTPEcho
) -> None:
    house.add("remote", "", transport="http", url=http_echo.url)
    manager = house.manager()
    offers = await manager.offers("remote")
    assert "echo://notes" in [resource.uri for resource in await offers.resources()]
    assert (await offers.read("echo://notes"))[0].text == "one\ntwo"
    assert (await offers.prompt("greet", {"who": "Ada"})).messages[0].text == "Greet Ada warmly."
    assert (await offers.complete("prompt", "greet", "who", "B", {})).values == ("Barbara",)
    assert (await call(manager, "remote", "ask")).content.startswith("decline\n[It asked you")
    await call(manager, "remote", "say", level="error", text="hot")
    await eventually(lambda: "echo: hot" in [line["text"] for line in manager.logs("remote", level="error")])
    http_echo.process.kill()
    http_echo.process.wait()
    with pytest.raises(NotReached):
        await offers.read("echo://notes")


async def test_a_remote_server_that_went_away_is_a_typed_error_and_no_wait(
    house: House, http_echo: HTTPEcho
) -> None:
    house.add("remote", "", transport="http", url=http_echo.url)
    manager = house.manager()
    await manager.start("remote")
    http_echo.process.kill()
    http_echo.process.wait()
    began = time.monotonic()
    with pytest.raises(NotReached, match=r"can't be reached: there is no connection to http://127.0.0.1"):
        await call(manager, "remote", "add", a=2, b=3)
    assert time.monotonic() - began < 5
    assert manager.describe_one("remote")["phase"] == "failed"


async def test_a_remote_server_that_is_not_there_is_a_clear_error(house: House) -> None:
    house.add("remote", "", transport="http", url="http://127.0.0.1:9/mcp")
    with pytest.raises(NotReached, match=r'The MCP server "remote" can.t be reached'):
        await house.manager().start("remote")
    until(lambda: not house.processes(""))
