"""Approvals over REST with a real MCP server: one winner, grants that end with what they were given for, the folder's word."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.stores.migrate import HEAD
from mandrake_jupyter.values import utcnow
from tests.support.mcp_leaks import eventually
from tests.support.scripted_openai import Call, ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api
from .test_store_conditions import stamp

COUNTING = Path(__file__).parents[1] / "support" / "mcp_counting.py"
W = "workspaces/default"
APPEND = "counting__append"


class Counting:
    """An MCP server whose tool adds a line to a file; `ran` are the lines."""

    def __init__(self, api: Api, file: Path) -> None:
        self._api = api
        self._file = file

    @property
    def ran(self) -> list[str]:
        return self._file.read_text("utf-8").splitlines() if self._file.exists() else []

    async def add(self, *more: str, **fields: Any) -> None:
        entry = {"command": sys.executable, "args": [str(COUNTING), str(self._file), *more], **fields}
        await self._api("POST", f"{W}/mcp-servers", {"name": "counting", "entry": entry})


@pytest.fixture
def counting(api: Api, tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Counting:
    made = Counting(api, tmp_path / "ran")
    jp_asyncio_loop.run_until_complete(made.add())
    return made


def appends(text: str) -> list[Turn]:
    return [Turn(calls=[Call(APPEND, {"text": text})]), Turn(["Good."])]


async def asked(api: Api, session: str) -> str:
    """The path on which the only call that waits is decided."""
    run = await api("POST", f"{session}/messages", {"content": "go"})
    async with asyncio.timeout(60):
        while run["state"] != "awaiting_approval":  # the question is shown before the run is parked
            assert "state" in run, run
            run = await api("GET", f"{session}/runs/{run['id']}")
    [part] = [p for p in (await api("GET", f"{session}/messages"))[-1]["parts"] if p["type"] == "tool"]
    assert part["status"] == "waiting"
    return f"{session}/runs/{run['id']}/approvals/{part['call_id']}"


async def ended(api: Api, session: str) -> dict[str, Any]:
    """The newest answer, once its run has ended."""
    newest = (await api("GET", f"{session}/messages"))[-1]
    await api.events("GET", f"{session}/runs/{newest['run_id']}/events")
    return (await api("GET", f"{session}/messages"))[-1]


async def test_of_twenty_clients_that_approve_at_once_one_wins_and_the_tool_runs_once(
    model: ScriptedOpenAI, api: Api, counting: Counting
) -> None:
    model.script = appends("once")
    session = await api.session()
    where = await asked(api, session)

    async def approve(number: int) -> int:
        found = await api.raw(
            "POST", where, {"decision": "once" if number % 2 else "session"}, raise_error=False
        )
        assert found.code == 200 or json.loads(found.body)["code"] in ("already_decided", "conflict")
        return int(found.code)

    found = await asyncio.gather(*map(approve, range(20)))
    assert sorted(found) == [200, *[409] * 19]
    assert (await ended(api, session))["status"] == "complete"
    assert counting.ran == ["once"]
    [record] = await api("GET", f"{W}/audit")
    assert (record["decision"] in ("once", "session"), record["outcome"]) == (True, "done")
    assert len(await api("GET", f"{W}/grants")) == (record["decision"] == "session")


async def test_arguments_that_do_not_fit_are_refused_and_the_question_stays(
    model: ScriptedOpenAI, api: Api, counting: Counting
) -> None:
    model.script = appends("x")
    session = await api.session()
    where = await asked(api, session)
    status, body = await api.error("POST", where, {"decision": "once", "arguments": {"text": 7}})
    assert (status, "text" in body["message"]) == (400, True)
    assert (await api.error("POST", where, {"decision": "forever"}))[0] == 400
    assert (await api("GET", f"{W}/audit"))[0]["decision"] is None
    await api("POST", where, {"decision": "deny"})
    status, body = await api.error("POST", where, {"decision": "once"})
    assert (status, body["code"] in ("already_decided", "conflict")) == (409, True)
    await ended(api, session)
    assert counting.ran == []


async def test_an_approval_after_the_time_is_too_late(
    model: ScriptedOpenAI, api: Api, counting: Counting
) -> None:
    model.script = appends("late")
    session = await api.session()
    where = await asked(api, session)
    [chat] = api.registry.opened.chats.entries.values()
    assert chat.service.expire(utcnow() + timedelta(days=6)) == []
    assert len(chat.service.expire(utcnow() + timedelta(days=8))) == 1
    assert (await ended(api, session))["error"]["code"] == "approval_timeout"
    assert (await api.error("POST", where, {"decision": "once"}))[0] == 409
    [record] = await api("GET", f"{W}/audit")
    assert (record["decision"], record["by"], record["outcome"]) == ("timeout", None, "withdrawn")
    assert counting.ran == []


async def test_a_grant_ends_with_the_program_or_the_tool_it_was_given_for(
    model: ScriptedOpenAI, api: Api, counting: Counting, tmp_path: Path
) -> None:
    model.script = [*appends("a"), *appends("b"), *appends("c")]
    session = await api.session()
    await api("POST", await asked(api, session), {"decision": "workspace"})
    await ended(api, session)
    [grant] = await api("GET", f"{W}/grants")
    assert (grant["server"], grant["tool"], grant["session_id"], grant["current"]) == (
        "counting",
        "append",
        None,
        True,
    )
    await counting.add(env={"ANOTHER": "program"})  # the same name, the same tool
    where = await asked(api, session)
    assert [one["current"] for one in await api("GET", f"{W}/grants")] == [False]
    await api("POST", where, {"decision": "once"})
    await ended(api, session)
    await counting.add("Deletes a file.")
    await api("POST", await asked(api, session), {"decision": "deny"})
    await ended(api, session)
    assert counting.ran == ["a", "b"]


async def test_a_call_allowed_for_a_program_that_was_replaced_meanwhile_is_not_run(
    model: ScriptedOpenAI, api: Api, counting: Counting
) -> None:
    model.script = appends("a")
    session = await api.session()
    where = await asked(api, session)
    await counting.add(env={"ANOTHER": "program"})
    await api("POST", where, {"decision": "once"})
    [part] = [part for part in (await ended(api, session))["parts"] if part["type"] == "tool"]
    assert (part["status"], "changed since it was looked at" in part["error"]) == ("failed", True)
    assert counting.ran == []


async def test_grants_are_taken_back_over_rest_and_those_of_a_deleted_chat_are_gone(
    model: ScriptedOpenAI, api: Api, counting: Counting
) -> None:
    model.script = [*appends("a"), *appends("b"), *appends("c")]
    session = await api.session()
    await api("POST", await asked(api, session), {"decision": "workspace"})
    await ended(api, session)
    [grant] = await api("GET", f"{W}/grants")
    assert (await api.raw("DELETE", f"{W}/grants/{grant['id']}")).code == 204
    status, body = await api.error("DELETE", f"{W}/grants/{grant['id']}")
    assert (status, body["code"]) == (404, "grant_not_found")
    await api("POST", await asked(api, session), {"decision": "session"})
    await ended(api, session)
    assert [one["session_id"] for one in await api("GET", f"{W}/grants")] == [session.rsplit("/", 1)[-1]]
    await api("DELETE", session)
    assert await api("GET", f"{W}/grants") == []
    assert await api("GET", f"{W}/audit") == []


async def test_what_the_folder_denies_is_offered_to_nobody_and_refused_with_its_file(
    model: ScriptedOpenAI, api: Api, counting: Counting
) -> None:
    (api.root / ".mandrake" / "workspace.json").write_text('{"tools": {"deny": ["counting/*"]}}')
    call = {"tool": "append", "arguments": {"text": "by hand"}}
    status, body = await api.error("POST", f"{W}/mcp-servers/counting/call", call)
    assert (status, body["code"]) == (403, "tool_denied")
    assert ".mandrake/workspace.json" in body["message"]
    model.script = [Turn(["No tools."])]
    session = await api.session()
    await api("POST", f"{session}/messages", {"content": "go"})
    assert APPEND not in [tool["function"]["name"] for tool in model.chats[0]["tools"]]
    assert counting.ran == []


async def test_a_rule_that_comes_while_a_call_waits_still_counts(
    model: ScriptedOpenAI, api: Api, counting: Counting
) -> None:
    model.script = appends("a")
    session = await api.session()
    where = await asked(api, session)
    (api.root / ".mandrake" / "workspace.json").write_text('{"tools": {"deny": ["counting/append"]}}')
    await api("POST", where, {"decision": "once"})
    [part] = [part for part in (await ended(api, session))["parts"] if part["type"] == "tool"]
    assert (part["status"], "denied in this project" in part["error"]) == ("failed", True)
    assert counting.ran == []


async def test_a_broken_word_of_the_folder_asks_about_everything_and_is_told(
    model: ScriptedOpenAI, api: Api, counting: Counting
) -> None:
    (api.root / ".mandrake" / "workspace.json").write_text('{"tools": {\n  "deny": oops}}')
    config = await api("GET", f"{W}/mcp-servers/config")
    first = config["problems"][0]
    assert (first["file"], first["line"]) == (".mandrake/workspace.json", 2)
    model.script = [Turn(calls=[Call("jupyter__list_files", {})]), Turn(["Good."])]
    session = await api.session()
    where = await asked(api, session)
    [part] = (await api("GET", f"{session}/messages"))[-1]["parts"]
    assert part["choices"] == ["once", "deny"]
    status, body = await api.error("POST", where, {"decision": "workspace"})
    assert (status, body["code"]) == (400, "bad_request")
    await api("POST", where, {"decision": "once"})
    assert (await ended(api, session))["status"] == "complete"


async def test_a_long_result_is_read_to_its_end_by_the_model(model: ScriptedOpenAI, api: Api) -> None:
    echo = Path(__file__).parents[1] / "support" / "mcp_echo.py"
    entry = {"command": sys.executable, "args": [str(echo)]}
    await api("POST", f"{W}/mcp-servers", {"name": "echo", "entry": entry})
    session = await api.session()
    await api("POST", f"{session}/messages", {"content": '/tool echo large {"size": 50000}'})
    call = (await api("GET", f"{session}/messages"))[-1]["parts"][0]["call_id"]
    model.script = [
        Turn(calls=[Call("jupyter__read_result", {"call_id": call, "offset": 32000})]),
        Turn(["All of it."]),
    ]
    await api("POST", f"{session}/messages", {"content": "go on"})
    first, second = model.chats
    assert f'jupyter__read_result {{"call_id": "{call}", "offset": 32000}} reads on]' in json.dumps(
        first["messages"]
    ).replace('\\"', '"')
    result = second["messages"][-1]["content"]
    assert result == f"Characters 32000 to 50000 of 50000:\n{'x' * 18_000}"
    other = await api.session()
    model.script = [Turn(calls=[Call("jupyter__read_result", {"call_id": call})]), Turn(["None."])]
    await api("POST", f"{other}/messages", {"content": "go"})
    assert "There is no result of a call" in model.chats[-1]["messages"][-1]["content"]


async def test_pages_of_the_audit_are_bounded(api: Api) -> None:
    for query in ("limit=0", "limit=1001", "limit=x", "before=-1"):
        assert (await api.error("GET", f"{W}/audit?{query}"))[0] == 400
    assert await api("GET", f"{W}/audit?limit=1&before=7&session=none") == []


async def granted(api: Api) -> str:
    """A chat in which ``append`` was allowed for the project; its next call needs no question."""
    session = await api.session()
    await api("POST", await asked(api, session), {"decision": "workspace"})
    await ended(api, session)
    assert len(await api("GET", f"{W}/grants")) == 1
    return session


@pytest.mark.parametrize("way", ["delete", "config"])
async def test_what_was_allowed_for_an_mcp_server_ends_when_it_is_removed(
    model: ScriptedOpenAI, api: Api, counting: Counting, way: str
) -> None:
    model.script = [*appends("a"), *appends("b")]
    session = await granted(api)
    if way == "delete":
        await api("DELETE", f"{W}/mcp-servers/counting")
    else:
        headers = {"If-Match": "*"}
        await api("PUT", f"{W}/mcp-servers/config", {"text": '{"mcpServers": {}}'}, headers=headers)
    assert await api("GET", f"{W}/grants") == []
    await counting.add()  # the very same entry
    await api("POST", await asked(api, session), {"decision": "deny"})
    await ended(api, session)
    assert counting.ran == ["a"]


async def test_what_was_allowed_ends_when_a_file_drops_the_mcp_server_but_not_while_it_is_broken(
    model: ScriptedOpenAI, api: Api, counting: Counting, tmp_path: Path
) -> None:
    model.script = [*appends("a"), *appends("b")]
    session = await granted(api)
    [file] = tmp_path.rglob(".mandrake/mcp.json")
    whole = file.read_text()

    async def says(text: str) -> None:
        file.write_text(text)
        await api("GET", f"{W}/mcp-servers")

    await says(whole[: len(whole) // 2])
    assert len(await api("GET", f"{W}/grants")) == 1
    await says(whole)
    assert len(await api("GET", f"{W}/grants")) == 1
    await says('{"mcpServers": {}}')
    await eventually_no_grants(api)
    await says(whole)
    await api("POST", await asked(api, session), {"decision": "deny"})
    await ended(api, session)
    assert counting.ran == ["a"]


async def test_an_mcp_server_is_removed_though_nothing_can_be_stored_and_what_was_allowed_ends_once_it_can(
    model: ScriptedOpenAI, api: Api, counting: Counting
) -> None:
    model.script = appends("a")
    await granted(api)
    stamp(api, "9999")
    assert (await api.raw("DELETE", f"{W}/mcp-servers/counting")).code == 204
    assert "counting" not in {one["name"] for one in await api("GET", f"{W}/mcp-servers")}
    services = await api.registry.initialize_services()
    await eventually(lambda: not any("removed MCP" in task.get_name() for task in services.supervisor.tasks))
    assert len(await api("GET", f"{W}/grants")) == 1
    stamp(api, HEAD)
    await api("GET", f"{W}/mcp-servers")
    await eventually_no_grants(api)


async def eventually_no_grants(api: Api) -> None:
    async with asyncio.timeout(60):
        while await api("GET", f"{W}/grants"):  # taken back beside the answer that noticed
            pass
