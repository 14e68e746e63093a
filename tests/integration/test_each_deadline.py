"""Each deadline fires with its own code, through REST."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mandrake_jupyter.registry.registry import ServiceRegistry
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn

from .conftest import Api
from .test_mcp import add

SUPPORT = Path(__file__).parent.parent / "support"
Events = list[dict[str, Any]]


def raw(*arguments: str, **more: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": ["-S", str(SUPPORT / "mcp_raw.py"), *arguments], **more}


class Deadline(NamedTuple):
    """`settings` are the registry's traits; `entry` the MCP server's; the code is that of the event of this `type`."""

    code: str
    type: str
    turn: Turn
    settings: dict[str, float] = {}  # noqa: RUF012
    entry: dict[str, Any] = {}  # noqa: RUF012
    culls: bool = False


ADD = Turn(calls=[Call("raw__add", {"a": 1, "b": 2})])
DEADLINES = [
    Deadline("model_timeout", "error", Turn(fault="hang"), {"first_token_timeout": 0.3}),
    Deadline("model_stalled", "error", Turn(["par"], fault="stall"), {"stall_timeout": 0.3}),
    Deadline("run_timeout", "error", Turn(["a", "b"], delay=0.4), {"run_timeout": 0.2}),
    Deadline("approval_timeout", "error", ADD, {"approval_timeout": 0.01}, culls=True),
    Deadline("mcp_call_timeout", "toolResult", Turn(calls=[Call("raw__never_read")]), entry={"timeout": 1}),
]


@pytest.mark.parametrize("deadline", DEADLINES, ids=lambda deadline: deadline.code)
async def test_each_deadline_ends_what_it_is_for_with_its_own_code(
    model: ScriptedOpenAI, api: Api, deadline: Deadline
) -> None:
    for name, value in deadline.settings.items():
        setattr(api.registry, name, value)
    await add(api, "raw", raw(**deadline.entry))
    model.brain = once(deadline.turn)
    session, events = await api.session(), []
    async for event in api.stream("POST", f"{session}/messages", {"content": "go"}):
        events.append(event)
        if deadline.culls and event.get("needs_approval"):
            run = f"{session}/runs/{event['run_id']}"
            while (await api("GET", run))["state"] != "failed":
                await api.registry.session_culler.sweep()
    assert [event["code"] for event in events if event["type"] == deadline.type] == [deadline.code]
    assert events[-1]["type"] == ("error" if deadline.type == "error" else "complete")
    for name in deadline.settings:
        setattr(api.registry, name, ServiceRegistry.class_traits()[name].default())
    # The deadlines of a chat are those of when it is taken up.
    await api("POST", f"{session}/release?force=true")
    after = await api.events("POST", f"{session}/messages", {"content": "and now?"})
    assert after[-1]["type"] == "complete", "the chat goes on"


async def test_a_start_that_takes_too_long_has_its_own_code_too(model: ScriptedOpenAI, api: Api) -> None:
    await add(api, "raw", raw("--mute", startTimeout=1))
    status, said = await api.error("POST", "workspaces/default/mcp-servers/raw/start")
    assert (status, said["code"]) == (502, "mcp_start_timeout")


def test_no_two_deadlines_share_a_code() -> None:
    codes = [deadline.code for deadline in DEADLINES]
    assert len(set(codes)) == len(codes)


def once(turn: Turn) -> Callable[[dict[str, Any]], Turn]:
    """`turn` to the first question, and plain words to all else."""

    def brain(body: dict[str, Any]) -> Turn:
        said = [message for message in body["messages"] if message["role"] != "system"]
        return turn if [message["content"] for message in said] == ["go"] else Turn(["Well."])

    return brain
