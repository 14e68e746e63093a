"""What MCP servers may take: real processes that read their own limits, and reach them."""

from __future__ import annotations

import json
import re
import resource
import shutil
import sys
from typing import Any

import pytest

from mandrake_jupyter.errors import ExitedAtStart, ServerGone
from mandrake_jupyter.lifecycle.phases import Phase
from mandrake_jupyter.lifecycle.resource_limits import Over, said
from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.values import NO_LIMITS, ResourceLimits

from ..support.mcp_leaks import eventually
from .conftest import House, call

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")

MIB = 2**20


async def limits_of(manager: MCPServerManager, name: str = "raw") -> list[list[int]]:
    found: list[list[int]] = json.loads((await call(manager, name, "limits")).content)
    return found


def own_limits() -> list[list[int]]:
    return [list(resource.getrlimit(what)) for what in (resource.RLIMIT_DATA, resource.RLIMIT_NOFILE)]


async def test_without_a_limit_a_process_has_those_of_jupyter(house: House) -> None:
    house.raw()
    assert await limits_of(house.manager()) == own_limits()


async def test_a_limit_is_there_before_the_first_line_runs_and_can_not_be_raised(house: House) -> None:
    house.raw()
    assert await limits_of(house.manager(memory_limit=256, open_files_limit=40)) == [
        [256 * MIB, 256 * MIB],
        [40, 40],
    ]


async def test_an_entrys_own_limits_come_first_each_by_itself_and_0_is_none(house: House) -> None:
    house.raw(limits=ResourceLimits(memory_mb=0, open_files=50))
    house.raw(name="other", limits=ResourceLimits(memory_mb=300))
    manager = house.manager(memory_limit=256, open_files_limit=40)
    assert await limits_of(manager) == [own_limits()[0], [50, 50]]
    assert await limits_of(manager, "other") == [[300 * MIB, 300 * MIB], [40, 40]]


async def test_changed_limits_are_those_of_a_new_process(house: House) -> None:
    house.raw()
    manager = house.manager()
    before = await call(manager, "raw", "pid")
    house.raw(limits=ResourceLimits(open_files=50))
    assert (await limits_of(manager))[1] == [50, 50]
    assert before.content != (await call(manager, "raw", "pid")).content


@pytest.mark.parametrize(
    ("limits", "tool", "arguments", "sentence", "remedy"),
    [
        (ResourceLimits(memory_mb=128), "hog", {"mb": 4000}, "ran out of memory; .* 128 MiB", '"memory_mb": 256'),
        (ResourceLimits(open_files=30), "open", {"files": 90}, "ran out of files; .* 30", '"open_files": 60'),
        (ResourceLimits(processes=6), "fork", {"processes": 9}, "more than the 6 processes", '"processes": 12'),
    ],
)  # fmt: skip
async def test_who_reaches_a_limit_ends_and_it_is_said_which(
    house: House, limits: ResourceLimits, tool: str, arguments: dict[str, Any], sentence: str, remedy: str
) -> None:
    house.raw(limits=limits)
    manager = house.manager()
    await manager.start("raw")
    if tool == "fork":
        await call(manager, "raw", tool, **arguments)  # the answer comes before the next count
    else:
        with pytest.raises(ServerGone) as caught:
            await call(manager, "raw", tool, **arguments)
        assert re.search(sentence, caught.value.reason or ""), "the caller hears it, too"
    server = manager.find("raw")
    assert server is not None
    await eventually(lambda: server.phase is Phase.FAILED)
    told = manager.describe_one("raw")["error"]
    assert re.search(sentence, told["message"])
    assert remedy in told["then"]
    assert house.processes("") == []


async def test_below_the_limit_nothing_happens(house: House) -> None:
    house.raw(limits=ResourceLimits(memory_mb=512, open_files=100, processes=8))
    manager = house.manager()
    assert (await call(manager, "raw", "hog", mb=100)).content == "100"
    assert (await call(manager, "raw", "fork", processes=3)).content == "3"
    assert (await call(manager, "raw", "open", files=20)).content == "20"
    assert manager.describe_one("raw")["phase"] == "ready"


async def test_a_start_that_needs_more_says_so(house: House) -> None:
    house.add("big", sys.executable, "-c", "x = bytearray(2**30)", limits=ResourceLimits(memory_mb=128))
    with pytest.raises(ExitedAtStart, match='"big" ended: it ran out of memory') as caught:
        await house.manager().start("big")
    assert '"limits": {"memory_mb": 256}' in caught.value.then


async def test_an_end_with_another_cause_is_not_put_on_the_limit(house: House) -> None:
    house.raw(limits=ResourceLimits(memory_mb=512, open_files=100, processes=50))
    with pytest.raises(ServerGone) as caught:
        await call(house.manager(), "raw", "die")
    assert caught.value.reason == 'The MCP server "raw" ended by itself with code 1.'


RUNTIMES = [["node", "-e", "new (require('worker_threads').Worker)('1',{eval:true})"], ["java", "-version"]]


@pytest.mark.parametrize("argv", RUNTIMES, ids=["node", "java"])
async def test_nodejs_and_java_run_below_a_small_limit(house: House, argv: list[str]) -> None:
    """They reserve gigabytes of addresses: a limit on those would refuse them."""
    if not shutil.which(argv[0]):
        pytest.skip(f"no {argv[0]} here")
    house.add("it", *argv, limits=ResourceLimits(memory_mb=1024, open_files=512, processes=16))
    with pytest.raises(ExitedAtStart, match="stopped right after its start") as caught:
        await house.manager().start("it")
    assert "ended with code 0." in caught.value.then


def test_only_a_limit_that_is_set_is_named() -> None:
    few = ResourceLimits(open_files=9)
    assert said(["OSError: [Errno 24] Too many open files"], few) == Over("open_files", 9)
    assert said(["MemoryError"], few) is None
    assert said(["MemoryError"], NO_LIMITS) is None
