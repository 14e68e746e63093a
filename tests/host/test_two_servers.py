"""Several Jupyter servers of one user on one data dir: none harms what another one is at, and the dead are cleared up."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest

from ..support.jupyter_process import JupyterProcess
from ..support.mcp_leaks import eventually
from ..support.rest import Refused
from .conftest import HeldModel, Start

EACH = 20
MANY = "c.ServerApp.limit_rate = False\nc.ServiceRegistry.max_concurrent_runs = 100\n"
Runs = dict[str, str]


async def ask_in_many_chats(server: JupyterProcess) -> Runs:
    """chat → its run, which the model holds back."""

    async def one() -> tuple[str, str]:
        chat = await server.chat()
        return chat, (await server.ask(chat, "hold on"))["id"]

    return dict(await asyncio.gather(*(one() for _ in range(EACH))))


async def states(server: JupyterProcess) -> dict[str, int]:
    counted: dict[str, int] = {}
    for session in await server("GET", "m/sessions"):
        state = session["execution_state"]
        counted[state] = counted.get(state, 0) + 1
    return counted


async def ends(server: JupyterProcess, runs: Runs) -> list[tuple[str, str | None]]:
    """(state, code of the error) of each, from each run's events: it has exactly one end."""

    async def one(chat: str, run: str) -> tuple[str, str | None]:
        said = await server.fetch("GET", f"{chat}/runs/{run}/events", Accept="application/x-ndjson")
        assert said.body.count(b'"type": "error"') + said.body.count(b'"type": "complete"') == 1
        found: dict[str, Any] = await server("GET", f"{chat}/runs/{run}")
        return found["state"], found["error"] and found["error"]["code"]

    return await asyncio.gather(*(one(chat, run) for chat, run in runs.items()))


async def test_twenty_answers_each_survive_the_others_start_stop_and_kill(
    servers: Start, model: HeldModel
) -> None:
    one, two = await asyncio.gather(servers(MANY).start(), servers(MANY).start())
    of_one, of_two = await asyncio.gather(ask_in_many_chats(one), ask_in_many_chats(two))
    await model.saw_requests(2 * EACH)

    third = await servers(MANY).start()
    assert (await third("GET", "m/health"))["started"] is False, "the locks of living servers open nothing"
    assert await states(third) == {"busy": 2 * EACH}
    chat, run = next(iter(of_one.items()))
    for write in (
        third("POST", f"{chat}/messages", {"content": "me too"}),
        third("POST", f"{chat}/runs/{run}/cancel"),
        third("PATCH", chat, {"name": "Mine"}),
        third("DELETE", chat),
    ):
        with pytest.raises(Refused) as refused:
            await write
        assert (refused.value.status, refused.value.said["code"]) == (409, "running_elsewhere")
    history = await third("GET", f"{chat}/messages")
    assert [m["role"] for m in history] == ["user", "assistant"]
    assert await third.stop() == 0
    assert await states(two) == {"busy": 2 * EACH}

    one.signal(signal.SIGKILL)
    await one.ended()
    again = await servers(MANY).start()
    await eventually(lambda: f"left unfinished, in chats: {EACH}" in again.log)  # after the boot, by itself
    assert await states(again) == await states(two) == {"busy": EACH, "idle": EACH}
    for reader in (again, two):
        assert set(await ends(reader, of_one)) == {("failed", "interrupted")}

    model.gate.set()
    assert set(await ends(two, of_two)) == {("done", None)}
    assert await states(again) == {"idle": 2 * EACH}
    assert await asyncio.gather(again.stop(), two.stop()) == [0, 0]
    assert not [*(two.data / "mandrake" / "instances").iterdir()], "every lock was given back"
