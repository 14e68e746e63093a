"""Resources, prompts, completions and log messages of real MCP servers, in both eras of the protocol."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import (
    BadRequest,
    NotOffered,
    NotTrusted,
    PromptNotFound,
    RequestRefused,
    RequestTimeout,
    ResourceNotFound,
    ServerGone,
)
from mandrake_jupyter.lifecycle.announce import Changed
from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.servers.offered import Completions, PromptMessage

from ..support.mcp_leaks import eventually
from .conftest import House, call

ERAS = ["2025-11-25", "2026-07-28"]


@pytest.fixture(params=ERAS)
def echo(house: House, request: pytest.FixtureRequest) -> MCPServerManager:
    """The echo server, known to speak that revision; nothing is known of what it offers."""
    house.echo(hash=request.param)
    folder = house.state / "catalogue"
    folder.mkdir(parents=True)
    known = {"version": 1, "protocol": request.param, "tools": []}
    (folder / f"{request.param}.json").write_text(json.dumps(known))
    return house.manager()


def spoken(house: House) -> str:
    return str(json.loads(next((house.state / "catalogue").iterdir()).read_text())["protocol"])


async def test_what_can_be_read_is_listed_with_its_templates(echo: MCPServerManager, house: House) -> None:
    offers = await echo.offers("echo")
    resources = {resource.uri: resource for resource in await offers.resources()}
    assert set(resources) == {"echo://notes", "echo://picture", "echo://broken"}
    assert resources["echo://notes"].as_json() == {
        "uri": "echo://notes",
        "name": "notes",
        "title": "Notes",
        "description": "Two lines.",
        "mime_type": "text/plain",
        "size": None,
    }
    assert "echo://large/{size}" in [template.uri_template for template in await offers.templates()]
    assert spoken(house) == house.entries[0].hash, "the era this test is about"


async def test_a_resource_is_read_as_text_or_as_a_file(echo: MCPServerManager) -> None:
    offers = await echo.offers("echo")
    (text,) = await offers.read("echo://notes")
    assert (text.text, text.blob, text.mime_type, text.size) == ("one\ntwo", None, "text/plain", 7)
    (file,) = await offers.read("echo://picture")
    assert base64.b64decode(file.blob or "") == b"\x89PNG"
    assert (file.text, file.size, file.truncated) == (None, 4, False)


async def test_a_resource_that_is_not_there_or_fails_is_a_typed_error(echo: MCPServerManager) -> None:
    offers = await echo.offers("echo")
    with pytest.raises(ResourceNotFound, match=r"no resource 'echo://nothing'"):
        await offers.read("echo://nothing")
    with pytest.raises(RequestRefused, match=r'refused the resource "echo://broken"'):
        await offers.read("echo://broken")
    assert echo.describe_one("echo")["phase"] == "ready"


async def test_a_text_of_50_mb_is_cut_and_a_large_file_is_left_out(house: House) -> None:
    house.echo()
    offers = await house.manager().offers("echo")
    (text,) = await offers.read("echo://large/50000000")
    assert (len(text.text or ""), text.size, text.truncated) == (1_000_000, 50_000_000, True)
    (file,) = await offers.read("echo://blob/2000000")
    assert (file.blob, file.size, file.truncated) == (None, 2_000_000, True)


async def test_a_prompt_is_listed_and_filled_in(echo: MCPServerManager) -> None:
    offers = await echo.offers("echo")
    (prompt,) = await offers.prompts()
    assert (prompt.name, prompt.title, prompt.description) == ("greet", "Greet", "Greets somebody.")
    assert [(one.name, one.required) for one in prompt.arguments] == [("who", True), ("how", False)]
    filled = await offers.prompt("greet", {"who": "Ada"})
    assert filled.messages == (PromptMessage("user", "text", "Greet Ada warmly."),)
    with pytest.raises(PromptNotFound, match=r"no prompt 'x'; it has: greet"):
        await offers.prompt("x", {})
    with pytest.raises(BadRequest, match=r'The prompt "greet" needs who.'):
        await offers.prompt("greet", {"how": "coldly"})


async def test_an_argument_is_completed_in_the_light_of_the_others(echo: MCPServerManager) -> None:
    offers = await echo.offers("echo")
    assert await offers.complete("prompt", "greet", "who", "A", {}) == Completions(("Ada", "Alan"), 2, False)
    of_template = await offers.complete("resource", "echo://large/{size}", "size", "B", {"how": "!"})
    assert of_template.values == ("Barbara!",)


async def test_lists_are_remembered_so_that_looking_again_starts_nothing(house: House) -> None:
    house.echo()
    first = house.manager()
    offers = await first.offers("echo")
    seen = await offers.resources(), await offers.templates(), await offers.prompts()
    await first.close()
    offers = await house.manager().offers("echo")
    assert (await offers.resources(), await offers.templates(), await offers.prompts()) == seen
    assert all(seen)
    assert not house.processes()


async def test_a_running_server_is_asked_once_and_again_after_it_said_that_its_lists_changed(
    echo: MCPServerManager, house: House
) -> None:
    offers = await echo.offers("echo")
    resources, prompts = await offers.resources(), await offers.prompts()
    assert await offers.resources() == resources

    def told() -> list[Changed]:
        return [told for told in house.announced if isinstance(told, Changed) and told.what == "changed"]

    await listening(echo)
    before = len(told())
    await call(echo, "echo", "grow_offers")
    await eventually(lambda: len(told()) >= before + 3)  # in use; both lists
    assert len(await offers.resources()) == len(resources) + 1
    assert len(await offers.prompts()) == len(prompts) + 1


async def listening(manager: MCPServerManager) -> None:
    """Until changes are heard: those before the newer era's subscription stands are told to nobody."""
    server = manager.find("echo")
    assert server is not None
    assert server.connection is not None
    if server.connection.protocol < "2026":
        return  # tells everybody
    while not any(tool.name.startswith("grown") for tool in server.tools or ()):
        await call(manager, "echo", "grow")


async def test_log_messages_come_into_the_log_with_their_level(echo: MCPServerManager) -> None:
    await echo.start("echo")
    await call(echo, "echo", "say", level="error", text="the disk is full")
    await call(echo, "echo", "say", level="info", text="all is well")

    def heard(level: Any = None) -> list[tuple[str, str]]:
        lines = echo.logs("echo", level=level)
        return [(line["level"], line["text"]) for line in lines if line["stream"] == "message"]

    both = [("error", "echo: the disk is full"), ("info", "echo: all is well")]
    await eventually(lambda: heard() == both)
    assert heard("warning") == both[:1]


async def test_sampling_is_declined_in_words_and_never_announced_as_possible(echo: MCPServerManager) -> None:
    result = await call(echo, "echo", "sample")
    assert not result.ok
    assert "does not lend the user's model" in result.content
    assert any("asked to use your model" in line["text"] for line in echo.logs("echo"))
    assert (await call(echo, "echo", "may_sample")).content == "no"


@pytest.mark.parametrize("what", ["tool", "resource"])
async def test_cancelling_is_told_to_the_server_in_both_eras(
    echo: MCPServerManager, tmp_path: Path, what: str
) -> None:
    mark = tmp_path / "mark"
    await echo.start("echo")
    uri = f"echo://never/{str(mark).replace('/', '|')}"
    asked: Any = call(echo, "echo", "never", mark=str(mark))
    if what == "resource":
        asked.close()
        asked = (await echo.offers("echo")).read(uri)
    running = asyncio.create_task(asked)
    await eventually(mark.exists)
    running.cancel()
    await asyncio.wait([running])
    await eventually(lambda: mark.read_text() == "begun\ncancelled\n")
    assert echo.describe_one("echo")["busy"] == 0
    assert (await call(echo, "echo", "add", a=1, b=1)).content == "2"


async def test_what_does_not_answer_in_time_is_a_typed_error_and_the_server_lives(house: House) -> None:
    house.echo(call_timeout=0.2)
    manager = house.manager()
    offers = await manager.offers("echo")
    with pytest.raises(RequestTimeout, match=r"did not answer within 0.2 s when asked for the resource"):
        await offers.read("echo://never/|dev|null")
    assert manager.describe_one("echo")["phase"] == "ready"


async def test_a_server_that_dies_while_it_is_read_is_told_without_an_unknown_outcome(house: House) -> None:
    house.echo()
    manager = house.manager()
    offers = await manager.offers("echo")
    await manager.start("echo")
    reading = asyncio.create_task(offers.read("echo://never/|dev|null"))
    server = manager.find("echo")
    assert server is not None
    await eventually(lambda: server.leases.busy)
    server.kill()
    with pytest.raises(ServerGone) as caught:
        await reading
    assert "not known" not in caught.value.then
    assert manager.describe_one("echo")["phase"] == "failed"


async def test_a_server_with_tools_only_has_empty_lists_and_says_so_when_asked(house: House) -> None:
    house.raw()
    offers = await house.manager().offers("raw")
    assert (await offers.resources(), await offers.templates(), await offers.prompts()) == ((), (), ())
    with pytest.raises(NotOffered, match=r"The MCP server 'raw' offers no resources."):
        await offers.read("x://y")
    with pytest.raises(NotOffered, match=r"offers no completions"):
        await offers.complete("prompt", "x", "y", "", {})


async def test_nothing_is_asked_of_a_server_that_is_not_trusted(house: House) -> None:
    house.echo(trusted=False)
    with pytest.raises(NotTrusted):
        await house.manager().offers("echo")
    assert not house.processes()
