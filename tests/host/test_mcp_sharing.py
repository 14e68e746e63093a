"""Through a real Jupyter server: how few processes MCP servers are, and what they are not told."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from ..support.jupyter_process import JupyterProcess
from ..support.mcp_leaks import MARKER
from ..support.patience import within
from ..support.scripted_openai import ScriptedOpenAI
from ..support.scripted_turns import Call, Turn, last_text
from .conftest import RAW, Start

SERVERS = "m/workspaces/default/mcp-servers"
CALLERS = 50
MANY = "c.ServerApp.limit_rate = False\n"


@pytest.fixture
def model(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[ScriptedOpenAI]:
    """Asks the MCP server for its pid and says it."""

    def turn(body: dict[str, Any]) -> Turn:
        asked = body["messages"][-1]["role"] != "tool"
        return Turn(calls=[Call("raw__pid")]) if asked else Turn([last_text(body, "tool")])

    scripted = ScriptedOpenAI(brain=turn)
    jp_asyncio_loop.run_until_complete(scripted.start())
    yield scripted
    jp_asyncio_loop.run_until_complete(scripted.stop())


def programs(jupyter: JupyterProcess) -> list[int]:
    """MCP servers of `jupyter` that run, without their guardians."""
    found = []
    for process in jupyter.left():
        try:
            words = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if "mcp_raw.py" in words and "guardian.py" not in words:
            found.append(process.pid)
    return found


async def call(jupyter: JupyterProcess, name: str, tool: str, **arguments: Any) -> str:
    body = {"tool": tool, "arguments": arguments}
    result = await jupyter("POST", f"{SERVERS}/{name}/call", body)
    assert result["ok"], result
    return str(result["content"])


async def answer(jupyter: JupyterProcess, chat: str) -> str:
    """What the model says in `chat` after its call of a tool was allowed."""
    run = (await jupyter.ask(chat, "who are you?"))["id"]
    await jupyter.run_in(chat, run, "awaiting_approval")
    asked = (await jupyter("GET", f"{chat}/messages"))[-1]["parts"][-1]["call_id"]
    await jupyter("POST", f"{chat}/runs/{run}/approvals/{asked}", {"decision": "once"})
    await jupyter.run_in(chat, run, "done")
    return str((await jupyter("GET", f"{chat}/messages"))[-1]["parts"][-1]["content"])


async def test_five_chats_of_a_project_share_one_process_of_an_mcp_server(servers: Start) -> None:
    jupyter = await servers(MANY).start()
    await jupyter.add_mcp_server("raw", "-S", RAW)
    chats = [await jupyter.chat() for _ in range(5)]
    said = await asyncio.gather(*(answer(jupyter, chat) for chat in chats))
    assert len(set(said)) == 1
    assert programs(jupyter) == [int(said[0])]
    assert await jupyter.stop() == 0


async def test_two_hundred_mcp_servers_are_no_process_until_the_first_call(servers: Start) -> None:
    jupyter = await servers(MANY).start()
    entry = {"command": sys.executable, "args": ["-S", RAW], "env": {MARKER: jupyter.mark}}
    await jupyter("POST", SERVERS, {"mcpServers": {f"raw{n}": entry for n in range(200)}})
    began = time.monotonic()
    listed = await jupyter("GET", SERVERS)
    print(f"200 listed in {time.monotonic() - began:.2f} s")
    assert time.monotonic() - began < within(5), "starting them takes longer than that"
    assert len(listed) == 201
    assert {server["phase"] for server in listed if server["name"] != "jupyter"} == {"new"}
    await jupyter("GET", "m/mcp-servers")
    await jupyter("GET", f"{SERVERS}/raw7")
    assert programs(jupyter) == []
    assert await call(jupyter, "raw7", "pid") == str(programs(jupyter)[0])
    assert len(programs(jupyter)) == 1
    assert await jupyter.stop() == 0


async def test_fifty_callers_over_rest_each_get_their_own_answer_from_one_process(servers: Start) -> None:
    jupyter = await servers(MANY).start()
    await jupyter.add_mcp_server("raw", "-S", RAW)
    sums = await asyncio.gather(*(call(jupyter, "raw", "add", a=n, b=1000) for n in range(CALLERS)))
    assert sums == [str(n + 1000) for n in range(CALLERS)]
    assert len(programs(jupyter)) == 1
    assert await jupyter.stop() == 0


async def test_an_mcp_server_is_not_told_the_tokens_of_jupyter_and_the_hub(servers: Start) -> None:
    secret = "canary-of-the-hub-4711"
    names = [
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_CLIENT_ID",
        "JPY_API_TOKEN",
        "JUPYTER_GATEWAY_AUTH_TOKEN",
        "CONFIGPROXY_AUTH_TOKEN",
    ]
    jupyter = servers(MANY)
    jupyter.env = {**jupyter.env, **dict.fromkeys(names, secret), "OF_THE_USER": "kept"}
    await jupyter.start()
    await jupyter.add_mcp_server("raw", "-S", RAW)
    environ = json.loads(await call(jupyter, "raw", "env"))
    assert environ["OF_THE_USER"] == "kept"
    assert not {
        n for n in environ if n in names or n.startswith(("JPY_", "JUPYTERHUB_")) or n == "JUPYTER_TOKEN"
    }
    assert not any(hidden in value for value in environ.values() for hidden in (secret, jupyter.token))
    assert await jupyter.stop() == 0
