"""MCP servers that are missing, exit, hang, die: one typed error each, and the way back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from mandrake_jupyter.errors import (
    CallTimeout,
    CommandNotFound,
    Conflict,
    ExitedAtStart,
    MCPError,
    ServerGone,
    StartTimeout,
    Unavailable,
    VariableMissing,
)

from ..support.mcp_leaks import eventually
from ..support.patience import within
from .conftest import House, call


async def test_a_missing_command_is_named_with_the_way_to_get_it(house: House) -> None:
    house.add("time", "uvx-is-not-here/uvx", "mcp-server-time")
    house.add("other", "mcp-server-nothing")
    manager = house.manager()
    with pytest.raises(
        CommandNotFound, match='"uvx-is-not-here/uvx" was not found on your Jupyter server'
    ) as caught:
        await manager.start("time")
    assert caught.value.then == 'The MCP server "time" needs it. Install it with: pip install uv'
    with pytest.raises(CommandNotFound) as caught:
        await manager.start("other")
    assert "pip install mcp-server-nothing" in caught.value.then
    assert manager.describe_one("time")["error"]["code"] == "mcp_command_not_found"


async def test_a_command_that_may_not_be_executed_says_why(house: House) -> None:
    house.add("text", "/etc/passwd")
    with pytest.raises(CommandNotFound, match="can't be run on your Jupyter server: Permission denied"):
        await house.manager().start("text")


async def test_a_folder_that_is_not_there_is_not_taken_for_the_command(house: House) -> None:
    house.raw(cwd="no/such/folder")
    with pytest.raises(MCPError, match=r"The folder .*no/such/folder"):
        await house.manager().start("raw")


async def test_one_that_exits_at_once_tells_its_code_and_its_last_lines(house: House) -> None:
    house.raw("--exit", "3")
    manager = house.manager()
    with pytest.raises(ExitedAtStart, match='The MCP server "raw" stopped right after its start') as caught:
        await manager.start("raw")
    assert "ended with code 3" in caught.value.then
    assert caught.value.then.endswith("line 3 ⏎ line 4 ⏎ line 5 ⏎ line 6 ⏎ line 7")
    model = manager.describe_one("raw")
    assert (model["phase"], model["error"]["code"], model["pid"]) == ("failed", "mcp_exited_at_start", None)
    assert house.phases == [("raw", "starting"), ("raw", "failed")]


async def test_one_that_never_answers_is_stopped_after_its_deadline(house: House) -> None:
    house.raw("--mute", start_timeout=0.7)
    manager = house.manager(stop_grace=0.1)
    began = time.monotonic()
    with pytest.raises(StartTimeout, match=r"did not answer within 0\.7 s"):
        await manager.start("raw")
    assert time.monotonic() - began < within(5)
    assert not house.processes()


async def test_a_deaf_program_that_is_no_mcp_server_at_all_is_ended(house: House) -> None:
    house.add("sleep", "sh", "-c", "trap '' TERM; sleep 600 & sleep 600", start_timeout=0.5)
    with pytest.raises(StartTimeout):
        await house.manager(stop_grace=0.1).start("sleep")
    assert not house.processes("sleep")


async def test_all_who_wait_hear_of_a_failed_start_and_the_next_one_tries_again(house: House) -> None:
    house.raw("--exit", "3")
    manager = house.manager()
    results = await asyncio.gather(
        *[call(manager, "raw", "add", a=1, b=1) for _ in range(5)], return_exceptions=True
    )
    assert [type(result) for result in results] == [ExitedAtStart] * 5
    assert house.phases.count(("raw", "starting")) == 1
    with pytest.raises(ExitedAtStart):
        await manager.start("raw")
    assert house.phases.count(("raw", "starting")) == 2


async def test_one_that_dies_in_a_call_leaves_the_outcome_unknown_and_is_not_called_again(
    house: House,
) -> None:
    house.raw()
    manager = house.manager()
    with pytest.raises(ServerGone, match='The MCP server "raw" ended while it was at work') as caught:
        await call(manager, "raw", "die", code=9)
    assert "not known whether the call finished" in caught.value.then
    assert caught.value.reason == 'The MCP server "raw" ended by itself with code 9.'
    assert house.phases[-1] == ("raw", "failed")
    assert house.phases.count(("raw", "starting")) == 1
    assert "I am dying" in [line["text"] for line in manager.logs("raw")]


async def test_after_a_crash_the_next_call_starts_it_again(house: House) -> None:
    house.raw()
    manager = house.manager()
    with pytest.raises(ServerGone):
        await call(manager, "raw", "die")
    assert (await call(manager, "raw", "add", a=1, b=1)).content == "2"
    model = manager.describe_one("raw")
    assert (model["phase"], model["error"]) == ("ready", None)
    assert len(house.processes()) == 1


async def test_a_death_while_idle_is_noticed(house: House) -> None:
    house.raw()
    manager = house.manager()
    await manager.start("raw")
    os.kill(manager.describe_one("raw")["pid"], signal.SIGKILL)
    await eventually(lambda: manager.describe_one("raw")["phase"] == "failed")
    model = manager.describe_one("raw")
    assert model["reason"] == 'The MCP server "raw" ended by itself with code -9.'
    assert (model["error"]["code"], model["error"]["then"]) == ("mcp_gone", "Its next use starts it again.")
    assert (await call(manager, "raw", "add", a=1, b=1)).ok


async def test_a_call_at_the_moment_of_a_death_never_hangs(house: House) -> None:
    house.raw()
    manager = house.manager()
    await manager.start("raw")
    os.kill(manager.describe_one("raw")["pid"], signal.SIGKILL)
    try:
        assert (await asyncio.wait_for(call(manager, "raw", "add", a=1, b=1), 20)).content == "2"
    except ServerGone:
        assert (await call(manager, "raw", "add", a=1, b=1)).content == "2"


async def test_a_call_that_takes_too_long_is_cancelled_and_the_session_lives(
    house: House, tmp_path: Path
) -> None:
    house.raw(call_timeout=0.5)
    manager = house.manager()
    await manager.start("raw")
    mark = tmp_path / "mark"
    with pytest.raises(
        CallTimeout, match=r'The tool "never" of the MCP server "raw" did not answer within 0\.5 s'
    ):
        await call(manager, "raw", "never", mark=str(mark))
    await eventually(lambda: mark.exists() and mark.read_text() == "begun\ncancelled\n")
    house.raw()  # the next call has all the time it needs
    assert (await call(manager, "raw", "add", a=1, b=1)).ok
    assert house.phases.count(("raw", "starting")) == 1


async def test_a_stopped_process_that_answers_nothing_runs_into_the_deadline(house: House) -> None:
    house.raw(call_timeout=0.3)
    manager = house.manager(stop_grace=0.1)
    await manager.start("raw")
    os.kill(manager.describe_one("raw")["pid"], signal.SIGSTOP)
    with pytest.raises(CallTimeout):
        await call(manager, "raw", "add", a=1, b=1)
    await manager.stop("raw")
    assert not house.processes()


async def test_a_missing_variable_is_named(house: House) -> None:
    house.raw(env={"TOKEN": "${SURELY_NOT_SET}"})
    manager = house.manager()
    with pytest.raises(VariableMissing, match="needs the environment variable SURELY_NOT_SET"):
        await manager.start("raw")
    assert manager.describe_one("raw")["phase"] == "failed"


async def test_a_disabled_server_says_where_it_was_switched_off(house: House) -> None:
    house.raw(disabled=True)
    with pytest.raises(Conflict, match=r"switched off in \.mandrake/mcp\.json"):
        await house.manager().start("raw")


async def test_one_that_closes_its_stdout_but_lives_is_ended(house: House) -> None:
    house.raw()
    manager = house.manager(stop_grace=0.1)
    with pytest.raises(ServerGone):
        await call(manager, "raw", "close_stdout")
    assert manager.describe_one("raw")["phase"] == "failed"
    assert not house.processes()


async def test_a_flood_on_stderr_stops_nothing_and_stays_bounded(house: House) -> None:
    house.raw("--flood")
    manager = house.manager()
    assert (await call(manager, "raw", "add", a=1, b=1)).ok
    lines = manager.logs("raw", tail=10_000)
    assert 0 < sum(len(line["text"]) for line in lines) <= 1_000_000
    assert max(len(line["text"]) for line in lines) <= 8192


@pytest.mark.parametrize(
    "answer",
    [
        '{"jsonrpc": "2.0", "id": ID, "result": {"content": "not a list"}}',
        '{"jsonrpc": "2.0", "id": ID, "error": {"code": -32602, "message": "bad arguments"}}',
    ],
)
async def test_an_answer_that_is_none_is_a_failed_call(house: House, answer: str) -> None:
    house.raw()
    manager = house.manager()
    result = await call(manager, "raw", "raw", line=answer)
    assert not result.ok
    assert result.content
    assert (await call(manager, "raw", "add", a=1, b=1)).ok


async def test_a_message_of_fifty_megabytes_arrives_cut(house: House) -> None:
    house.raw()
    result = await call(house.manager(), "raw", "big_line", size=50_000_000)
    assert (result.ok, result.truncated, len(result.content)) == (True, True, 1_000_000)


async def test_a_message_beyond_the_limit_is_skipped_with_a_word(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mandrake_jupyter.provisioners.framing.MESSAGE_LIMIT", 2**20)
    house.raw(call_timeout=1.0)
    manager = house.manager()
    with pytest.raises(CallTimeout):
        await call(manager, "raw", "big_line", size=3 * 2**20)
    await eventually(
        lambda: any("more than 1 MB was skipped" in line["text"] for line in manager.logs("raw"))
    )
    house.raw()
    assert (await call(manager, "raw", "add", a=1, b=1)).ok


async def test_an_edit_of_the_configuration_ends_the_wait_after_a_failure(house: House) -> None:
    """By a clock that stands still, so that the wait never ends by itself."""
    manager = house.manager(stop_grace=0.1, clock=lambda: 0.0)
    house.add("raw", "sleep", "60", start_timeout=0.3)
    with pytest.raises(StartTimeout):
        await call(manager, "raw", "add", a=1, b=1)
    with pytest.raises(Unavailable) as early:
        await call(manager, "raw", "add", a=1, b=1)
    assert early.value.retry_after == 1
    house.raw()
    assert (await call(manager, "raw", "add", a=1, b=1)).content == "2"
