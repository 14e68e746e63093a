"""Lists of tools that are not as they should be: what is no tool is left out with a word, and takes no other with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import CallTimeout
from mandrake_jupyter.sessions.tool_names import name_tools

from ..support.mcp_leaks import eventually
from .conftest import House, call

LONG = "a" * 300


def listing(house: House, *tools: dict[str, Any]) -> None:
    house.raw("--tools", json.dumps([{"inputSchema": {"type": "object"}, **tool} for tool in tools]))


def said(manager: Any) -> list[str]:
    return [line["text"] for line in manager.logs("raw", level="warning") if line["level"] == "warning"]


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ({"name": "bad", "inputSchema": "text"}, '"bad" is left out: it is no tool (inputSchema'),
        ({"name": "bad", "inputSchema": None}, '"bad" is left out: it is no tool (inputSchema'),
        ({"name": 7}, '"7" is left out: it is no tool (name'),
        ({"name": "bad", "inputSchema": {"type": "array"}}, "its type is 'array', not 'object'"),
        (
            {"name": "bad", "inputSchema": {"type": "object", "properties": {"a": {"type": "no"}}}},
            'The tool "bad" is left out: its input schema is none',
        ),
        ({"name": "bad", "inputSchema": {"type": "object", "properties": 5}}, "its input schema is none"),
    ],
)
async def test_what_is_no_tool_is_left_out_and_the_others_work(
    house: House, tool: dict[str, Any], words: str
) -> None:
    listing(house, tool, {"name": "good"})
    manager = house.manager()
    names = [tool.name for tool in await manager.tools("raw")]
    assert {"add", "good", "die_once"} <= set(names), "those before it, beside it and on later pages"
    assert not {"bad", 7, "7"} & set(names)
    assert any(words in line for line in said(manager)), said(manager)
    assert (await call(manager, "raw", "add", a=1, b=1)).content == "2"


async def test_a_schema_without_a_type_is_one_of_an_object(house: House) -> None:
    listing(house, {"name": "loose", "inputSchema": {"properties": {"a": {"type": "string"}}}})
    tools = {tool.name: tool for tool in await house.manager().tools("raw")}
    assert tools["loose"].input_schema == {"type": "object", "properties": {"a": {"type": "string"}}}


async def test_of_two_tools_of_one_name_the_first_one_counts(house: House) -> None:
    listing(house, {"name": "twice", "description": "first"}, {"name": "twice", "description": "second"})
    manager = house.manager()
    found = [tool for tool in await manager.tools("raw") if tool.name == "twice"]
    assert [tool.description for tool in found] == ["first"]
    assert any('two tools of the name "twice"' in line for line in said(manager))


@pytest.mark.parametrize("name", ["files/read.text", "a.b", "../up", LONG, "ümläut", "with space"])
async def test_any_name_reaches_its_tool_and_a_model_sees_a_lawful_one(house: House, name: str) -> None:
    listing(house, {"name": name})
    manager = house.manager()
    tools = await manager.tools("raw")
    table = name_tools(tools)
    assert len(table) == len(tools)
    assert [spec.name for spec in table.values()] == [spec.name for spec in tools]
    result = await call(manager, "raw", name)
    assert result.ok


async def test_an_answer_after_the_deadline_is_dropped_and_the_next_call_gets_its_own(
    house: House, tmp_path: Path
) -> None:
    house.raw(call_timeout=0.5)
    manager = house.manager()
    await manager.start("raw")
    mark = tmp_path / "mark"
    with pytest.raises(CallTimeout):
        await call(manager, "raw", "late", mark=str(mark))
    await eventually(mark.exists)
    house.raw()  # the next calls have all the time they need
    assert (await call(manager, "raw", "add", a=1, b=1)).content == "2"
    assert (await call(manager, "raw", "add", a=1, b=2)).content == "3"
    assert manager.describe_one("raw")["phase"] == "ready"
    assert house.phases.count(("raw", "starting")) == 1


@pytest.mark.parametrize("name", ["files/read.text", "../up", LONG, "with space", ""])
async def test_any_name_reaches_its_prompt(house: House, name: str) -> None:
    house.raw("--prompts", json.dumps([name]))
    offers = await house.manager().offers("raw")
    assert [prompt.name for prompt in await offers.prompts()] == [name]
    assert (await offers.prompt(name, {})).messages[0].text == name
