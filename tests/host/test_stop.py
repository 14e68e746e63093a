"""However Jupyter is told to end: it ends in time and well, nothing it started is left, and nothing that counts is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass

from ..support.jupyter_process import JupyterProcess
from ..support.patience import within
from .conftest import RAW, HeldModel, Start

#: Seconds from the word to the end of the last process.
IN_ALL = 8.0
WAYS = ("SIGTERM", "Ctrl-C in a terminal", "SIGINT without a terminal", "Shut Down")


@dataclass(frozen=True)
class AtWork:
    """Chats, each with its run."""

    running: tuple[str, str]
    waiting: tuple[str, str]
    call_id: str


async def put_to_work(server: JupyterProcess, model: HeldModel) -> AtWork:
    """An idle chat, one that answers, one that waits for permission; two MCP servers, one deaf to all but SIGKILL."""
    idle = await server.chat()
    await server.run_in(idle, (await server.ask(idle, "hello"))["id"], "done")
    running, waiting = await server.chat(), await server.chat()
    asked = len(model.chats)
    run = await server.ask(running, "hold on")
    await model.saw_requests(asked + 1)
    for name in ("raw", "deaf"):
        await server("POST", f"m/workspaces/default/mcp-servers/{name}/start")
    question = await server.ask(waiting, "add")
    await server.run_in(waiting, question["id"], "awaiting_approval")
    [_, answer] = await server("GET", f"{waiting}/messages")
    return AtWork((running, run["id"]), (waiting, question["id"]), answer["parts"][0]["call_id"])


async def check(server: JupyterProcess, left: AtWork) -> None:
    """In the next Jupyter server: the answer was interrupted, and the question still waits and can be answered."""
    run = await server("GET", f"{left.running[0]}/runs/{left.running[1]}")
    assert (run["state"], run["error"]["code"]) == ("failed", "interrupted")
    chat, question = left.waiting
    found = {s["id"]: s["execution_state"] for s in await server("GET", "m/sessions")}
    assert found[chat.rsplit("/", 1)[-1]] == "waiting"
    decided = await server("POST", f"{chat}/runs/{question}/approvals/{left.call_id}", {"decision": "once"})
    assert decided["decision"] == "once"
    await server.run_in(chat, question, "done")
    [_, answer] = await server("GET", f"{chat}/messages")
    assert (answer["parts"][0]["status"], answer["parts"][0]["content"]) == ("done", "2")


async def end(server: JupyterProcess, way: str) -> None:
    if way == "Shut Down":
        await server("POST", "api/shutdown")
    else:
        server.signal(signal.SIGTERM if way == "SIGTERM" else signal.SIGINT)


async def test_every_way_to_end_leaves_nothing_in_time_and_loses_nothing(
    servers: Start, model: HeldModel
) -> None:
    left: AtWork | None = None
    terminal, keyboard = os.openpty()
    try:
        for way in WAYS:
            server = servers(alone=True)
            await server.start(**{"stdin": keyboard} if way == "Ctrl-C in a terminal" else {})
            if left is None:
                await server.add_mcp_server("raw", "-S", RAW)
                await server.add_mcp_server("deaf", "-S", RAW, "--deaf")
            else:
                await check(server, left)
            left = await put_to_work(server, model)
            began, in_all = time.monotonic(), within(IN_ALL)
            await asyncio.wait_for(end(server, way), in_all)
            assert await server.ended(in_all - (time.monotonic() - began)) == 0, (
                f"{way}:\n{server.log[-3000:]}"
            )
            print(f"{way}: {time.monotonic() - began:.1f} s")
            assert "Traceback" not in server.log, f"{way}:\n{server.log[-3000:]}"
        last = await servers().start()
        assert left is not None
        await check(last, left)
        assert await last.stop() == 0
    finally:
        os.close(terminal)
        os.close(keyboard)
