"""Two things at once: ends, starts and deletes that meet leave nothing behind and no one with a dead service."""

from __future__ import annotations

from .conftest import Api
from .test_lifecycle import NOW, say
from .test_mcp import SERVERS, TIME, add


async def test_a_deleted_chat_is_attached_to_no_mcp_server(api: Api) -> None:
    await add(api, "time", TIME)
    session = await api.session()
    await say(api, session, NOW)
    assert (await api("GET", f"{SERVERS}/time"))["connections"] == 1
    await api("DELETE", session)
    assert (await api("GET", f"{SERVERS}/time"))["connections"] == 0
