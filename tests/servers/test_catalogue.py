"""Which tools there are: known without starting anything, learned once, up to date."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import CommandNotFound, Conflict, ExitedAtStart, ToolNotFound, Unavailable
from mandrake_jupyter.values import CallContext, ToolResult, ToolSpec

from ..support.mcp_leaks import eventually
from .conftest import CONTEXT, House, call


async def test_tools_are_learned_once_and_then_known_without_a_process(house: House) -> None:
    house.raw()
    manager = house.manager()
    assert await manager.catalogue(learn=False) != ([], [])
    tools, problems = await manager.catalogue(learn=True)
    assert [tool.name for tool in tools][:3] == ["add", "never", "die"]
    assert not problems
    assert manager.describe_one("raw")["tools"] == len(tools) == 18
    await manager.close()

    later = house.manager()
    assert (await later.catalogue(learn=True))[0] == tools
    assert await later.tools("raw") == tools
    assert later.describe_one("raw")["tools"] == 18
    assert later.describe_one("raw")["phase"] == "new"
    assert not house.processes()


async def test_unknown_tools_are_a_problem_of_that_server_only(house: House) -> None:
    house.raw(name="good")
    house.add("missing", "no-such-command-here")
    house.raw("--exit", "3", name="broken")
    manager = house.manager()
    tools, problems = await manager.catalogue(learn=True)
    assert {tool.server for tool in tools} == {"good"}
    errors = {problem.server: problem.error for problem in problems}
    assert isinstance(errors["missing"], CommandNotFound)
    assert isinstance(errors["broken"], ExitedAtStart)
    started = house.phases.count(("broken", "starting"))
    assert (await manager.catalogue(learn=True))[1] == problems
    assert house.phases.count(("broken", "starting")) == started == 1, (
        "a failed one is not tried at each message"
    )


async def test_learning_does_not_wait_for_a_slow_server(house: House) -> None:
    house.raw("--mute")
    manager = house.manager(learn_timeout=0.2, stop_grace=0.1)
    tools, problems = await manager.catalogue(learn=True)
    assert not tools
    assert isinstance(problems[0].error, Unavailable)
    assert manager.describe_one("raw")["phase"] == "starting"
    await manager.stop("raw")


async def test_many_servers_start_in_turn(house: House) -> None:
    for n in range(6):
        house.raw(name=f"s{n}")
    manager = house.manager(max_concurrent_starts=2)
    tools, problems = await manager.catalogue(learn=True)
    assert not problems
    assert len(tools) == 6 * 18
    assert len(house.processes()) == 6


@pytest.mark.parametrize("kind", ["raw", "echo"])
async def test_a_changed_list_of_tools_is_noticed(house: House, kind: str) -> None:
    """The older revisions tell everybody; since 2026-07-28 one has to ask."""
    getattr(house, kind)()
    manager = house.manager()
    before = {tool.name for tool in await manager.tools(kind)}
    await call(manager, kind, "grow")
    await eventually(lambda: manager.describe_one(kind)["tools"] == len(before) + 1)
    new = {tool.name for tool in await manager.tools(kind)} - before
    assert all(name.startswith("grown_") for name in new)
    assert (await call(manager, kind, new.pop())).ok
    await manager.close()
    assert len(await house.manager().tools(kind)) == len(before) + 1


async def test_an_edited_entry_ends_the_old_process_before_the_next_use(house: House) -> None:
    house.raw()
    manager = house.manager()
    old = (await call(manager, "raw", "pid")).content
    house.raw(env={"NEW": "1"})
    assert manager.describe_one("raw")["tools"] is None
    new = (await call(manager, "raw", "pid")).content
    assert house.processes() == [int(new)]
    assert new != old


async def test_a_changed_deadline_does_not_restart_it(house: House) -> None:
    entry = house.raw()
    manager = house.manager()
    old = (await call(manager, "raw", "pid")).content
    house.entries = [type(entry)(**{**vars(entry), "call_timeout": 5.0})]
    assert (await call(manager, "raw", "pid")).content == old


@pytest.mark.parametrize("how", ["removed", "untrusted", "disabled"])
async def test_what_may_not_run_any_more_is_ended_at_the_next_use_of_any(house: House, how: str) -> None:
    house.raw(name="other")
    entry = house.raw()
    manager = house.manager()
    await manager.start("raw")
    await manager.start("other")
    house.entries = house.entries[:1]
    if how != "removed":
        house.raw(**({"trusted": False} if how == "untrusted" else {"disabled": True}))
    tools, _ = await manager.catalogue(learn=False)
    assert {tool.server for tool in tools} == {"other"}
    if how == "removed":
        await eventually(lambda: len(house.processes()) == 1)
        house.entries.append(entry)
        assert manager.describe_one("raw")["phase"] == "new"
    else:
        await eventually(lambda: manager.describe_one("raw")["phase"] == "stopped")
        assert len(house.processes()) == 1


async def test_who_edits_the_configuration_can_have_it_applied_at_once(house: House) -> None:
    house.raw()
    manager = house.manager()
    await manager.start("raw")
    house.raw(disabled=True)
    await manager.refresh()
    assert not house.processes()
    assert manager.describe_one("raw")["phase"] == "stopped"


async def test_the_catalogue_survives_a_broken_file(house: House) -> None:
    house.raw()
    manager = house.manager()
    tools = await manager.tools("raw")
    await eventually(lambda: list((house.state / "catalogue").glob("*.json")))
    await manager.close()
    (file,) = (house.state / "catalogue").glob("*.json")
    assert json.loads(file.read_text())["protocol"] == "2025-11-25"
    assert file.stat().st_mode & 0o777 == 0o600
    for text in ("", "[1]", '{"version": 99}', '{"version": 1, "protocol": "", "tools": [{"name": "x"}]}'):
        file.write_text(text)
        again = house.manager()
        assert await again.tools("raw") == tools
        await again.close()


async def test_a_server_that_moved_to_another_era_is_found_again(house: House, tmp_path: Path) -> None:
    """The era is remembered with the tools; where it is wrong, the next start asks anew."""
    house.echo()
    manager = house.manager()
    await manager.start("echo")
    await manager.close()
    (file,) = (house.state / "catalogue").glob("*.json")
    value = json.loads(file.read_text())
    assert value["protocol"] == "2026-07-28"
    file.write_text(json.dumps({**value, "protocol": "2025-11-25"}))
    assert (await call(house.manager(), "echo", "add", a=1, b=1)).ok


class Own:
    """A server of our own, in this process."""

    name = "jupyter"

    async def list_tools(self) -> list[ToolSpec]:
        return [ToolSpec("jupyter", "look", read_only=True)]

    async def call_tool(self, tool: str, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        return ToolResult(True, f"{tool} {dict(arguments)} {context.workspace_id}")


async def test_a_built_in_server_is_trusted_ready_and_has_no_process(house: House) -> None:
    house.raw(name="jupyter", trusted=False)
    manager = house.manager(builtins={"jupyter": Own()})
    tools, problems = await manager.catalogue(learn=True)
    assert ([tool.name for tool in tools], problems) == (["look"], [])
    assert (await manager.call("jupyter", "look", {"a": 1}, context=CONTEXT)).content == "look {'a': 1} w"
    with pytest.raises(ToolNotFound):
        await manager.call("jupyter", "touch", {}, context=CONTEXT)
    (model,) = manager.describe()
    for act in (manager.start, manager.stop, manager.restart):
        assert await act("jupyter") == model
    assert (model["phase"], model["trusted"], model["origin"], model["tools"]) == (
        "ready",
        True,
        "builtin",
        1,
    )
    assert manager.logs("jupyter") == []
    assert not house.phases


async def test_a_tool_that_changed_since_the_call_was_decided_on_is_not_run(
    house: House, tmp_path: Path
) -> None:
    house.raw()
    manager = house.manager()
    await manager.tools("raw")
    await eventually(lambda: list((house.state / "catalogue").glob("*.json")))
    await manager.close()
    (file,) = (house.state / "catalogue").glob("*.json")
    value = json.loads(file.read_text())
    never = next(tool for tool in value["tools"] if tool["name"] == "never")
    mark = tmp_path / "mark"
    for change in ({"read_only": True}, {"description": "Only looks."}):
        tools = [{**tool, **change} if tool == never else tool for tool in value["tools"]]
        file.write_text(json.dumps({**value, "tools": tools}))
        again = house.manager()
        seen = {tool.name: (tool.schema_hash, tool.read_only) for tool in await again.tools("raw")}
        with pytest.raises(Conflict, match='The tool "never" of the MCP server "raw" changed since'):
            await again.call("raw", "never", {"mark": str(mark)}, context=CONTEXT, expected=seen["never"])
        assert not mark.exists()
        sum_ = await again.call("raw", "add", {"a": 1, "b": 1}, context=CONTEXT, expected=seen["add"])
        assert sum_.content == "2"
        fresh = next(tool for tool in await again.tools("raw") if tool.name == "never")
        assert (fresh.schema_hash, fresh.read_only) != seen["never"]
        await again.close()


async def test_a_built_in_tool_that_changed_is_not_run_either(house: House) -> None:
    manager = house.manager(builtins={"jupyter": Own()})
    (look,) = await manager.tools("jupyter")
    known = (look.schema_hash, look.read_only)
    assert (await manager.call("jupyter", "look", {}, context=CONTEXT, expected=known)).ok
    with pytest.raises(Conflict, match="It was not run"):
        await manager.call("jupyter", "look", {}, context=CONTEXT, expected=(look.schema_hash, None))


async def test_a_look_at_all_tools_asks_for_the_configuration_once(house: House) -> None:
    for n in range(5):
        house.raw(name=f"raw{n}")
    manager = house.manager(learn_timeout=0.0)
    asked: list[int] = []
    entries = manager._roster._entries
    manager._roster._entries = lambda only=None: asked.append(1) or entries(only)  # type: ignore[func-returns-value]
    await manager.catalogue(learn=False)
    assert len(asked) == 1
    await manager._roster.permitted("raw0")
    assert len(asked) == 2
