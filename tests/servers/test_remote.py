"""MCP servers over HTTP that forget our session or refuse us, and what is told of it: no secrets."""

from __future__ import annotations

import signal
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import ExitedAtStart, MCPError
from mandrake_jupyter.provisioners.base import LaunchSpec
from mandrake_jupyter.servers.secrets import Secrets

from ..contract.worlds import HTTPWorld, SSEWorld
from ..support.mcp_http import HTTPServerWithSessions
from ..support.mcp_leaks import eventually
from ..support.patience import within
from .conftest import House, call

SECRET = "s3cr3t-of-ours"


@pytest.mark.parametrize("words", [None, {"code": -32600, "message": "Session not found"}])
async def test_a_session_that_the_server_forgot_is_begun_anew_and_the_call_is_made_once(
    house: House, words: dict[str, Any] | None
) -> None:
    async with HTTPServerWithSessions() as server:
        house.add("remote", "", transport="http", url=server.url)
        manager = house.manager()
        assert (await call(manager, "remote", "count")).content == "1"
        server.forget(words)
        assert (await call(manager, "remote", "count")).content == "2"
        assert (server.calls, len(server.sessions)) == (2, 2)
        model = manager.describe_one("remote")
        assert (model["phase"], model["restarts"], model["crashes"]) == ("ready", 1, 1)
        lines = [line["text"] for line in manager.logs("remote")]
        assert 'failed: The MCP server "remote" does not know our session any more.' in lines
        assert '"count" is called once more: it had not reached it.' in lines
        await manager.close()


@pytest.mark.parametrize("world", [HTTPWorld, SSEWorld])
async def test_one_that_goes_away_is_noticed_also_while_nobody_calls_it(
    house: House, world: type[HTTPWorld]
) -> None:
    elsewhere = world(house.token)
    house.add("remote", "", transport=world.kind, url=elsewhere.origin + world.path)
    manager = house.manager()
    assert (await call(manager, "remote", "add", a=1, b=1)).content == "2"
    elsewhere.close()
    await eventually(lambda: manager.describe_one("remote")["phase"] == "failed")
    assert manager.describe_one("remote")["error"]["code"] == "mcp_gone"


@pytest.mark.parametrize("world", [HTTPWorld, SSEWorld])
async def test_one_that_hangs_holds_up_no_stop(house: House, world: type[HTTPWorld]) -> None:
    elsewhere = world(house.token)
    house.add("remote", "", transport=world.kind, url=elsewhere.origin + world.path)
    manager = house.manager(stop_grace=0.2)
    await manager.start("remote")
    elsewhere.server.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    assert (await manager.stop("remote"))["phase"] == "stopped"
    assert time.monotonic() - began < within(3)
    elsewhere.close()


@pytest.mark.parametrize("query", ["?key=${API_KEY}", "?key=short", "/${API_KEY}", "?a=1#${API_KEY}"])
async def test_no_secret_of_an_address_is_told_when_it_refuses_us(
    house: House, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setenv("API_KEY", SECRET)
    async with HTTPServerWithSessions() as server:
        house.add("remote", "", transport="sse", url=server.refusing_url + query)
        manager = house.manager()
        with pytest.raises(MCPError, match="401") as caught:
            await manager.start("remote")
        model = manager.describe_one("remote")
        told = [
            str(caught.value.as_json()),
            str(model["error"]),
            model["reason"],
            str(manager.logs("remote")),
            "".join(traceback.format_exception(caught.value)) if "API_KEY" in query else "",
        ]
        assert "refuse" in told[0]
        assert not any(SECRET in text or "short" in text for text in told)


async def test_no_secret_of_its_environment_is_told_by_a_server_that_exits(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("API_KEY", SECRET)
    env = {"TOKEN": "${API_KEY}", "OTHER": "literal-secret", "WHERE": str(tmp_path)}
    says = 'echo "open https://h/?a=1 with $TOKEN, $OTHER and $1 in $WHERE" >&2; exit 3'
    house.add("raw", "sh", "-c", says, "sh", "${API_KEY}", env=env)
    manager = house.manager()
    with pytest.raises(ExitedAtStart) as caught:
        await manager.start("raw")
    said = f"open https://h/?a=1 with •••, ••• and ••• in {tmp_path}"
    assert said in caught.value.then
    assert said in [line["text"] for line in manager.logs("raw")]


def test_a_secret_is_known_whole_in_pieces_and_as_it_stands_in_an_address() -> None:
    headers = {"Authorization": "Bearer abcdefgh1", "Accept": "application/json"}
    spec = LaunchSpec("x", url="https://u:passw0rd@h/p?k=val+ue%2F12", headers=headers, env={"A": "short"})
    secrets = Secrets(spec, ["path/to key"])
    text = "Bearer abcdefgh1, abcdefgh1, application/json, passw0rd, val ue/12, path%2Fto%20key, short"
    assert secrets.mask(text) == "•••, •••, application/json, •••, •••, •••, short"
    words = "'401' for url 'https://u:passw0rd@h/p?k=1#f' and http://h:8000?x - see https://docs/"
    assert secrets.clean(words) == "'401' for url 'https://h/p' and http://h:8000 - see https://docs/"
    assert Secrets().mask("anything") == "anything"
