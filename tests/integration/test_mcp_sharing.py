"""An MCP server that each chat has for itself: it ends with its chat, is counted, limited, culled and released like others."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.mcp_leaks import eventually

from .conftest import Api
from .test_mcp import add

RAW = str(Path(__file__).parents[1] / "support" / "mcp_raw.py")
ENTRY = {"command": sys.executable, "args": ["-S", RAW], "sharing": "session"}
SERVERS = "workspaces/default/mcp-servers"


def processes() -> list[str]:
    """Ids of the raw servers below this process, without their guardians."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            command = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if "mcp_raw" in command and "guardian.py" not in command:
            found.append(str(process.pid))
    return found


async def pid(api: Api, session: str) -> str:
    answer = await api("POST", f"{session}/messages", {"content": "/tool raw pid {}"})
    [tool] = answer["parts"]
    assert tool["status"] == "done", tool
    return str(tool["content"])


async def instances(api: Api) -> int:
    return int((await api("GET", f"{SERVERS}/raw"))["instances"])


async def test_each_chat_has_its_own_until_it_is_put_away_or_deleted(api: Api) -> None:
    made = await add(api, "raw", ENTRY)
    assert (made["sharing"], made["instances"]) == ("session", 0)
    first, second = await api.session(), await api.session()
    pids = {await pid(api, first), await pid(api, second)}
    called = await api("POST", f"{SERVERS}/raw/call", {"tool": "pid"})
    assert len(pids | {called["content"]}) == 3
    assert await instances(api) == 3
    rows = [one for one in await api("GET", SERVERS) if one["name"] == "raw"]
    assert len(rows) == 1, "one row for one entry"
    assert len([one for one in await api("GET", "mcp-servers") if one["name"] == "raw"]) == 1
    await api("POST", f"{first}/release")
    await eventually(lambda: len(processes()) == 2)
    await api.raw("DELETE", second)
    await eventually(lambda: processes() == [called["content"]])
    assert await pid(api, first) not in pids, "a chat that comes back has a new one"


async def test_all_of_them_are_counted_and_make_room(api: Api) -> None:
    await add(api, "raw", ENTRY)
    chats = [await api.session() for _ in range(3)]
    await api("PATCH", "limits", {"mcp_servers": 2})
    for chat in chats:
        await pid(api, chat)
    limits = await api("GET", "limits")
    assert (limits["mcp_servers"]["in_use"], await instances(api)) == (2, 2)
    assert len(processes()) == 2


async def test_those_of_chats_that_are_gone_are_culled_with_them_and_the_rest_when_idle(api: Api) -> None:
    await add(api, "raw", ENTRY)
    chat = await api.session()
    await pid(api, chat)
    await api("POST", f"{SERVERS}/raw/call", {"tool": "pid"})
    api.registry.session_culler.cull_idle_timeout = 1
    api.registry.mcp_server_culler.cull_idle_timeout = 1

    async def gone() -> bool:
        report = await api("POST", "cleanup")
        assert report["errors"] == []
        return not processes()

    async with asyncio.timeout(40):
        while not await gone():
            await asyncio.sleep(0.05)
    assert await instances(api) == 0


async def test_a_release_of_the_project_ends_all_of_them(api: Api) -> None:
    await add(api, "raw", ENTRY)
    for _ in range(2):
        await pid(api, await api.session())
    freed = await api("POST", "workspaces/default/release")
    assert [what for what in freed["freed"] if what.startswith("mcp_server")] == ["mcp_server raw"] * 2
    assert processes() == []


async def test_a_wrong_word_for_it_is_refused(api: Api) -> None:
    status, error = await api.error(
        "POST", SERVERS, {"name": "raw", "entry": {"command": "x", "sharing": "all"}}
    )
    assert (status, error["code"]) == (400, "bad_request")
    assert '"sharing" must be "workspace"' in error["message"]


@pytest.mark.parametrize("sharing", [None, "workspace"])
async def test_five_chats_share_one_by_default(api: Api, sharing: Any) -> None:
    await add(api, "raw", {**ENTRY, "sharing": sharing})
    pids = [await pid(api, await api.session()) for _ in range(5)]
    assert len(set(pids)) == 1
    assert len(processes()) == 1
