"""A grant holds for what it was given for, and no longer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from mandrake_jupyter.errors import BadRequest
from mandrake_jupyter.sessions.history import SHOWN_TO_MODEL
from mandrake_jupyter.stores.grants import GrantStore
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.values import ToolResult, ToolSpec
from mandrake_jupyter.values.tool_rules import ToolRules
from tests.support.places import BOTH

from .conftest import READ, WRITE, call, collect, types
from .test_approvals import parked

PLACES = BOTH


async def granted_once(made: Any, decision: str = "workspace") -> Any:
    """A chat in which ``write`` was allowed beyond its first call."""
    session = await made.open()
    run = await session.post("go")
    [waiting] = await parked(session, run)
    await session.decide(run.id, waiting, decision, None, "", "ann")
    await collect(session, run.id)
    return session


@pytest.mark.parametrize(
    "now",
    [
        replace(WRITE, description="Writes anywhere."),
        replace(WRITE, input_schema={"type": "object"}),
        replace(WRITE, given_by="the entry of another program"),
    ],
)
async def test_another_tool_of_the_same_name_is_asked_about_again(chat: Any, now: ToolSpec) -> None:
    made = await chat([call("write", path="a")], ["ok"], [call("write", path="b")])
    session = await granted_once(made)

    async def catalogue(learn: bool) -> Any:
        return [READ, now], []

    made.tools.catalogue = catalogue
    again = await session.post("again")
    await parked(session, again)
    await session.cancel(again.id, "ann")
    assert made.tools.calls == [("write", {"path": "a"})]


async def test_what_is_revoked_while_the_model_speaks_is_asked_about_by_its_next_call(chat: Any) -> None:
    spoke = asyncio.Event()
    made = await chat([call("write", path="a")], ["ok"], ["I write", spoke, call("write", path="b")])
    session = await granted_once(made)
    store = GrantStore(made.database)
    again = await session.post("again")
    await collect(session, again.id, until=lambda event: event.type == "token")
    [grant] = await store.all(made.workspace_id)
    assert await store.revoke(made.workspace_id, grant["id"])
    assert not await store.revoke(made.workspace_id, grant["id"])
    spoke.set()
    await parked(session, again)
    await session.cancel(again.id, "ann")
    assert made.tools.calls == [("write", {"path": "a"})]


async def test_a_grant_is_listed_once_with_who_gave_it_and_goes_with_its_chat(chat: Any) -> None:
    made = await chat([call("write", path="a"), call("write", path="b")], ["ok"])
    session = await made.open()
    run = await session.post("go")
    for waiting in await parked(session, run, 2):
        await session.decide(run.id, waiting, "session", None, "", "ann")
    await collect(session, run.id)
    store = GrantStore(made.database)
    [grant] = await store.all(made.workspace_id)
    assert (grant["server"], grant["tool"], grant["by"]) == ("files", "write", "ann")
    assert (grant["session_id"], grant["schema_hash"]) == (made.session_id, WRITE.schema_hash)
    assert not await store.revoke("another project", grant["id"])
    await SessionStore(made.database).delete(made.session_id)
    assert await store.all(made.workspace_id) == []


async def test_a_rule_to_ask_outweighs_annotation_and_grant(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["ok"], [call("write", path="b"), call("read", path="c")])
    session = await granted_once(made)
    made.tools.says = ToolRules(ask=frozenset({"files/write", "*/read"}))
    again = await session.post("again")
    await parked(session, again, 2)
    await session.cancel(again.id, "ann")
    assert made.tools.calls == [("write", {"path": "a"})]


async def test_a_rule_that_comes_while_a_call_waits_leaves_nothing_to_allow_for_longer(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["ok"])
    session = await made.open()
    run = await session.post("go")
    [waiting] = await parked(session, run)
    made.tools.says = ToolRules(ask=frozenset({"files/write"}))
    with pytest.raises(BadRequest, match="each time"):
        await session.decide(run.id, waiting, "workspace", None, "", "ann")
    assert await GrantStore(made.database).all(made.workspace_id) == []
    await session.decide(run.id, waiting, "once", None, "", "ann")
    assert types(await collect(session, run.id))[-1] == "complete"


async def test_a_denied_tool_is_refused_to_the_model_that_still_knows_it_and_to_the_user(chat: Any) -> None:
    made = await chat([call("write", path="a")], ["Then not."])
    made.tools.says = ToolRules(deny=frozenset({"files/write"}))
    session = await made.open()
    run = await session.post("go")
    assert types(await collect(session, run.id))[-1] == "complete"
    [part] = [part for part in (await session.messages())[1]["parts"] if part["type"] == "tool"]
    assert part["status"] == "failed"
    assert "denied in this project, by .mandrake/workspace.json" in part["error"]
    direct = await session.post('/tool files write {"path": "a"}')
    last = (await collect(session, direct.id))[-1]
    assert (last.type, last.data["code"]) == ("error", "tool_denied")
    assert made.tools.calls == []


async def test_a_long_result_is_cut_for_the_model_with_a_handle_to_read_on(chat: Any) -> None:
    reader = ToolSpec("jupyter", "read_result", "Read result", read_only=True)
    made = await chat([call("read", path="a")], ["Long."])

    async def catalogue(learn: bool) -> Any:
        return [READ, reader], []

    async def long(*args: Any, **kwargs: Any) -> ToolResult:
        return ToolResult(True, "x" * 40_000)

    made.tools.catalogue, made.tools.call = catalogue, long
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id)
    [shown] = made.model.requests[1].messages[2].results
    assert shown.content.startswith("x" * SHOWN_TO_MODEL + "\n[cut: 8000 more characters were not shown; ")
    assert shown.content.endswith(
        f'jupyter__read_result {{"call_id": "{shown.call_id}", "offset": {SHOWN_TO_MODEL}}} reads on]'
    )
    found = await session._seams.runs.result(made.session_id, shown.call_id)
    assert found == "x" * 40_000
    assert await session._seams.runs.result("another chat", shown.call_id) is None
