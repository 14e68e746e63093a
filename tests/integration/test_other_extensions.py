"""The how-to's extension in a real Jupyter server: its two routes stand on Mandrake's templates."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

import mandrake_jupyter
from mandrake_jupyter import extend
from tests.support.scripted_openai import ScriptedOpenAI

from .conftest import Api

SAMPLE = Path(__file__).parents[1] / "support" / "sample_extension"
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-route.md"
ROUTE = "chat-lengths"


@pytest.fixture
def jp_server_config(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.syspath_prepend(str(SAMPLE))
    loaded = {"mandrake_jupyter": True, "chat_lengths": True}
    server = {"jpserver_extensions": loaded, "allow_unauthenticated_access": False}
    return {"ServerApp": server, "ServiceRegistry": {"title_chats": False}}


@pytest.fixture
def sample(api: Api, jp_fetch: Any) -> Api:
    """Calls of the other extension's routes."""

    async def fetch(_mandrake: str, *path: str, **kwargs: Any) -> Any:
        return await jp_fetch(*path, **kwargs)

    return Api(fetch, api.registry, api.root)


async def chat(api: Api) -> str:
    return (await api.session()).rsplit("/", 1)[-1]


def test_the_how_to_shows_the_extension_that_is_tested() -> None:
    [shown] = re.findall(r"^```python\n(.*?)^```", HOW_TO.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert shown == (SAMPLE / "chat_lengths.py").read_text("utf-8")


async def test_a_route_of_another_extension_answers(api: Api, sample: Api) -> None:
    assert await sample("GET", f"{ROUTE}/{await chat(api)}") == {"messages": 0}


async def test_its_errors_are_typed(api: Api, sample: Api) -> None:
    for path in ("nope", "nope/growth"):
        status, error = await sample.error("GET", f"{ROUTE}/{path}")
        assert (status, error["code"]) == (404, "session_not_found")


async def test_without_a_login_nothing_is_told(api: Api, sample: Api) -> None:
    own = await chat(api)
    for path in (own, f"{own}/growth"):
        with pytest.raises(HTTPClientError) as refused:
            await sample.raw("GET", f"{ROUTE}/{path}", headers={"Authorization": "token wrong"})
        assert refused.value.code == 403


async def test_its_stream_tells_what_happens_in_mandrake(
    model: ScriptedOpenAI, api: Api, sample: Api
) -> None:
    own = await chat(api)
    seen: list[int] = []
    async for event in sample.stream("GET", f"{ROUTE}/{own}/growth"):
        seen.append(event["messages"])
        if seen == [0]:
            await api("POST", f"workspaces/default/sessions/{own}/messages", {"content": "hi"})
        if seen[-1] == 2:
            break
    assert seen[0] == 0


async def test_a_client_that_leaves_ends_the_work_of_its_stream(
    api: Api, jp_http_port: int, jp_base_url: str, jp_auth_header: dict[str, str]
) -> None:
    request = f"GET {jp_base_url}{ROUTE}/{await chat(api)}/growth HTTP/1.1\r\nHost: localhost\r\n"
    request += "".join(f"{name}: {value}\r\n" for name, value in jp_auth_header.items())
    async with asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("localhost", jp_http_port)
        writer.write(f"{request}\r\n".encode())
        await reader.readuntil(b'"messages": 0')
        assert api.registry.hub.readers == 1
        writer.close()
        await writer.wait_closed()
        while api.registry.hub.readers:
            await asyncio.sleep(0.01)


async def test_what_breaks_in_mid_stream_is_its_last_event(
    api: Api, sample: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaking(*_: Any, **__: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"type": "hello"}
        raise extend.Conflict("The moon is in the way.")

    own = await chat(api)
    monkeypatch.setattr(api.registry.hub, "watch", breaking)
    first, last = await sample.events("GET", f"{ROUTE}/{own}/growth")
    assert first == {"type": "length", "messages": 0}
    assert (last["type"], last["code"], last["content"]) == ("error", "conflict", "The moon is in the way.")


def test_the_registry_of_a_server_without_mandrake_is_asked_for_in_vain(jp_serverapp: Any) -> None:
    assert mandrake_jupyter.get_service_registry(jp_serverapp) is extend.get_service_registry(jp_serverapp)
    jp_serverapp.web_app.settings.pop("mandrake_registry")
    with pytest.raises(LookupError, match="extension enable mandrake_jupyter"):
        mandrake_jupyter.get_service_registry(jp_serverapp)
