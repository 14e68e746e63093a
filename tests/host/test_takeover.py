"""Two Jupyter servers of one user: what one left when it was killed, the other takes over, exactly once."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest

from ..support.rest import Refused
from .conftest import RAW, HeldModel, Start

ONCE = {"decision": "once"}


async def ended(server: Any, chat: str, run: str) -> list[str]:
    """The types of all events of a run, which has one end."""
    said = await server.fetch("GET", f"{chat}/runs/{run}/events", Accept="application/x-ndjson")
    kinds = [line.split(b'"type": "')[1].split(b'"')[0].decode() for line in said.body.splitlines() if line]
    assert sum(kind in ("complete", "error", "cancelled") for kind in kinds) == 1, kinds
    return kinds


async def test_what_waited_in_a_killed_server_goes_on_in_another_exactly_once(
    servers: Start, model: HeldModel
) -> None:
    one, two = await asyncio.gather(servers().start(), servers().start())
    await one.add_mcp_server("raw", "-S", RAW)
    asking = await one.chat()
    run = await one.ask(asking, "add")
    waits = await one.run_in(asking, run["id"], "awaiting_approval")
    behind = await one.ask(asking, "and then")
    working = await one.chat()
    cut = await one.ask(working, "hold on")
    after = await one.ask(working, "and then")
    taken_back = await one.ask(working, "no, leave it")
    await model.saw_requests(2)
    [_, answer, *_] = await two("GET", f"{asking}/messages")
    decide = f"{asking}/runs/{run['id']}/approvals/{answer['parts'][0]['call_id']}"
    with pytest.raises(Refused, match="running_elsewhere"):
        await two("POST", decide, ONCE)

    one.signal(signal.SIGKILL)
    await one.ended()
    three = await servers().start()
    answers = await asyncio.gather(
        two("POST", decide, ONCE), three("POST", decide, ONCE), return_exceptions=True
    )
    won = [found for found in answers if isinstance(found, dict)]
    assert [(found["decision"], found["status"]) for found in won] == [("once", "running")], answers
    [lost] = [found for found in answers if isinstance(found, Refused)]
    assert lost.said["code"] in ("already_decided", "running_elsewhere", "conflict"), (
        lost
    )  # it has ended, too
    winner = two if isinstance(answers[0], dict) else three
    for finished in (run, behind):
        assert (await ended(winner, asking, finished["id"]))[-1] == "complete"

    await two("POST", f"{working}/runs/{taken_back['id']}/cancel")
    assert await ended(two, working, taken_back["id"]) == ["cancelled"]
    assert (await ended(two, working, after["id"]))[-1] == "complete"
    assert (await ended(two, working, cut["id"]))[-1] == "error"
    texts = [m["parts"][0]["content"] for m in await two("GET", f"{working}/messages") if m["role"] == "user"]
    assert texts == ["hold on", "and then"]
    asked = [body["messages"][-1] for body in model.chats]
    assert [m["content"] for m in asked if m["role"] == "user"].count("and then") == 2, "each once"
    assert [m["role"] for m in asked].count("tool") == 1, "the call was made once"
    assert waits["message_id"] == answer["id"]


async def test_one_key_posted_to_two_servers_at_once_is_one_run(servers: Start, model: HeldModel) -> None:
    one, two = await asyncio.gather(servers().start(), servers().start())
    chat = await one.chat()

    async def post(server: Any) -> Any:
        headers = {"Idempotency_Key": "k", "Prefer": "respond-async"}
        try:
            return (await server("POST", f"{chat}/messages", {"content": "hold on"}, **headers))["id"]
        except Refused as refused:
            return refused.said["code"]

    told = await asyncio.gather(*(post(server) for server in (one, two, one, two)))
    runs = {answer for answer in told if answer != "running_elsewhere"}
    assert len(runs) == 1, told
    model.gate.set()
    [run] = runs
    assert (await ended(one, chat, run))[-1] == "complete"
    assert await post(one) == await post(two) == run, "afterwards each of them knows it"
    assert len([body for body in model.chats if body["messages"][-1]["content"] == "hold on"]) == 1
