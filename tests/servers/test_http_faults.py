"""MCP servers over HTTP that refuse us, lead us elsewhere, or answer without an end: a typed error each, in bounded time."""

from __future__ import annotations

import time

import pytest

from mandrake_jupyter.errors import (
    AnsweredTrouble,
    CallTimeout,
    KeyWanted,
    LeadsElsewhere,
    MCPError,
    NothingThere,
    NotReached,
    Refused,
    RequestRefused,
    ServerGone,
)
from mandrake_jupyter.servers.asking import ask

from ..support.mcp_http import (
    HTTPServerWithSessions,
    broken_off,
    chatty,
    redirect,
    stalled,
    status,
    without_end,
)
from ..support.mcp_leaks import eventually
from ..support.patience import within
from .conftest import House, call

CASES = [
    (401, KeyWanted, "edit_mcp_server"),
    (403, KeyWanted, "edit_mcp_server"),
    (404, NothingThere, "edit_mcp_server"),
    (429, Refused, "try_again"),
    (500, AnsweredTrouble, "try_again"),
]


def remote(house: House, server: HTTPServerWithSessions, **options: object) -> None:
    house.add("remote", "", transport="http", url=server.url, **options)


@pytest.mark.parametrize(("code", "error", "action"), CASES)
async def test_a_refusal_at_the_start_says_what_it_wants(
    house: House, code: int, error: type[MCPError], action: str
) -> None:
    async with HTTPServerWithSessions() as server:
        server.faults = {"server/discover": status(code), "initialize": status(code, '{"detail": "no"}')}
        remote(house, server)
        manager = house.manager()
        with pytest.raises(error, match=f"HTTP {code}") as caught:
            await manager.start("remote")
        assert caught.value.actions[0] == action
        assert caught.value.then
        model = manager.describe_one("remote")
        assert (model["phase"], model["error"]["code"]) == ("failed", error.code)


async def test_one_that_wants_a_key_says_where_to_put_it(house: House) -> None:
    async with HTTPServerWithSessions() as server:
        server.faults = {"initialize": status(401)}
        remote(house, server)
        with pytest.raises(KeyWanted, match=f"{server.url} answers HTTP 401") as caught:
            await house.manager().start("remote")
        assert (
            'Put it into "headers" of its entry, like {"Authorization": "Bearer ${NAME}"}'
            in caught.value.then
        )


@pytest.mark.parametrize(("code", "error", "action"), [case for case in CASES if case[0] != 404])
async def test_a_refusal_in_a_call_is_told_and_the_next_one_is_fine(
    house: House, code: int, error: type[MCPError], action: str
) -> None:
    async with HTTPServerWithSessions() as server:
        remote(house, server)
        manager = house.manager()
        await manager.start("remote")
        server.faults = {"tools/call": status(code)}
        with pytest.raises(error, match=f"HTTP {code}") as caught:
            await call(manager, "remote", "count")
        assert ("not known" in caught.value.then) == (code == 500), "what refuses has not run it"
        server.faults.clear()
        assert (await call(manager, "remote", "count")).content == "1"
        assert house.phases.count(("remote", "starting")) == 1
        await manager.close()


async def test_words_of_the_protocol_are_its_own_answer_whatever_the_status(house: House) -> None:
    async with HTTPServerWithSessions() as server:
        remote(house, server)
        manager = house.manager()
        await manager.start("remote")

        async def refuse(handler: object) -> None:
            handler.set_status(400)  # type: ignore[attr-defined]
            handler.finish(  # type: ignore[attr-defined]
                {"jsonrpc": "2.0", "id": None, "error": {"code": -32602, "message": "count what?"}}
            )

        server.faults = {"tools/call": refuse}
        result = await call(manager, "remote", "count")
        assert (result.ok, result.content) == (False, "count what?")
        await manager.close()


async def test_a_question_is_refused_likewise(house: House) -> None:
    async with HTTPServerWithSessions() as server:
        remote(house, server)
        manager = house.manager()
        await manager.start("remote")
        (offers, known) = (await manager.offers("remote"), manager.find("remote"))
        assert known is not None
        assert known.connection is not None
        server.faults = {"ping": status(401)}
        with pytest.raises(KeyWanted):
            await ask(known.connection, "a sign", lambda client: client.session.send_ping(), timeout=60)
        server.faults = {"ping": status(200, "{}")}
        with pytest.raises((RequestRefused, MCPError)):
            await ask(known.connection, "a sign", lambda client: client.session.send_ping(), timeout=60)
        assert await offers.prompts() == ()
        await manager.close()


async def test_a_redirect_to_another_origin_is_never_followed(house: House) -> None:
    async with HTTPServerWithSessions() as server, HTTPServerWithSessions() as elsewhere:
        remote(house, server, headers={"Authorization": "Bearer s3cret-key"})
        server.faults = {name: redirect(f"{elsewhere.url}?a=b") for name in ("server/discover", "initialize")}
        manager = house.manager()
        with pytest.raises(LeadsElsewhere, match=f"leads elsewhere: to {elsewhere.url}\\.") as caught:
            await manager.start("remote")
        assert "Nothing was sent there" in caught.value.then
        server.faults = {"tools/call": redirect(elsewhere.url)}
        with pytest.raises(LeadsElsewhere):
            await call(manager, "remote", "count")
        assert elsewhere.heard == []
        await manager.close()


async def test_a_redirect_within_its_origin_is_followed(house: House) -> None:
    async with HTTPServerWithSessions() as server:
        house.add("remote", "", transport="http", url=f"{server.origin}/old")
        manager = house.manager()
        assert (await call(manager, "remote", "count")).content == "1"
        await manager.close()


async def test_a_body_without_an_end_is_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mandrake_jupyter.provisioners.http_client.MESSAGE_LIMIT", 4 * 2**20)
    async with HTTPServerWithSessions() as server:
        remote(house, server)
        manager = house.manager()
        await manager.start("remote")
        server.faults = {"tools/call": without_end}
        result = await call(manager, "remote", "count")
        assert not result.ok
        assert "more than 4 MB" in result.content
        await eventually(server.closed.is_set)
        assert server.written < 64 * 2**20
        server.faults.clear()
        assert (await call(manager, "remote", "count")).ok
        await manager.close()


async def test_a_body_that_takes_too_long_is_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mandrake_jupyter.provisioners.http_client.BODY_TIMEOUT", 0.0)
    async with HTTPServerWithSessions() as server:
        remote(house, server)
        with pytest.raises(MCPError):
            await house.manager().start("remote")


async def test_an_event_stream_that_stalls_runs_into_the_deadline_and_the_next_call_is_fine(
    house: House,
) -> None:
    async with HTTPServerWithSessions() as server:
        remote(house, server, call_timeout=0.5)
        manager = house.manager()
        await manager.start("remote")
        server.faults = {"tools/call": stalled}
        began = time.monotonic()
        with pytest.raises(CallTimeout):
            await call(manager, "remote", "count")
        assert time.monotonic() - began < within(5)
        await eventually(lambda: "notifications/cancelled" in [method for method, _ in server.heard])
        server.faults.clear()
        remote(house, server)  # the next call has all the time it needs
        assert (await call(manager, "remote", "count")).ok
        assert house.phases.count(("remote", "starting")) == 1
        await manager.close()


async def test_an_event_stream_without_an_end_is_closed_once_nobody_waits_for_it(house: House) -> None:
    async with HTTPServerWithSessions() as server:
        remote(house, server, call_timeout=0.5)
        manager = house.manager()
        await manager.start("remote")
        server.faults = {"tools/call": chatty}
        with pytest.raises(CallTimeout):
            await call(manager, "remote", "count")
        await eventually(server.closed.is_set)
        server.faults.clear()
        remote(house, server)
        assert (await call(manager, "remote", "count")).ok
        assert house.phases.count(("remote", "starting")) == 1
        await manager.close()


async def test_one_that_is_silent_for_too_long_does_not_take_the_calls_of_others_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mandrake_jupyter.provisioners.http_client.READ_TIMEOUT", 0.3)
    async with HTTPServerWithSessions() as server:
        remote(house, server)
        manager = house.manager()
        await manager.start("remote")

        async def silent(handler: object) -> None:
            await server.closed.wait()

        server.faults = {"tools/call": silent}
        with pytest.raises(AnsweredTrouble, match="HTTP 504"):
            await call(manager, "remote", "count")
        server.faults.clear()
        assert (await call(manager, "remote", "count")).ok
        assert house.phases.count(("remote", "starting")) == 1
        await manager.close()


async def test_one_that_is_gone_says_so_and_is_found_again(house: House) -> None:
    async with HTTPServerWithSessions() as server:
        remote(house, server)
        manager = house.manager()
        await manager.start("remote")
        url = server.url
    with pytest.raises(NotReached, match=f"there is no connection to {url}") as caught:
        await call(manager, "remote", "count")
    assert caught.value.then.startswith("Nothing was sent")
    assert manager.describe_one("remote")["phase"] == "failed"


@pytest.mark.parametrize("code", [404, 405, 401, 500])
async def test_a_call_that_was_taken_is_not_repeated_when_its_answer_can_not_be_fetched(
    house: House, code: int
) -> None:
    async with HTTPServerWithSessions() as server:
        remote(house, server)
        manager = house.manager()
        await manager.start("remote")
        server.faults = {"tools/call": broken_off, "GET": status(code)}
        with pytest.raises(ServerGone):
            await call(manager, "remote", "count")
        assert server.calls == 1
        await manager.close()
