"""The echo server over streamable HTTP: calls, all else it offers, and its going away."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from mandrake_jupyter.errors import NotReached

from ..support.mcp_leaks import eventually, until
from ..support.patience import within
from .conftest import ECHO, House, call


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
    with pytest.raises(NotReached):
        await call(manager, "remote", "add", a=2, b=3)
    assert time.monotonic() - began < within(5)
    assert manager.describe_one("remote")["phase"] == "failed"


async def test_a_remote_server_that_is_not_there_is_a_clear_error(house: House) -> None:
    house.add("remote", "", transport="http", url="http://127.0.0.1:9/mcp")
    with pytest.raises(NotReached, match=r'The MCP server "remote" can.t be reached'):
        await house.manager().start("remote")
    until(lambda: not house.processes(""))
