"""The real extension in a real Jupyter server, with a scripted OpenAI-compatible model on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from mandrake_jupyter.registry.registry import ServiceRegistry
from tests.support.scripted_openai import ScriptedOpenAI


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"mandrake_jupyter": True},
            "allow_unauthenticated_access": False,
        },
        "ServiceRegistry": {"title_chats": False},
    }


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key of whoever runs the tests, no keyring, no proxy; a data dir of the test's own."""
    for name in (
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter-data"))


@pytest.fixture
def model(
    jp_asyncio_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ScriptedOpenAI]:
    """The active model, because a key for it stands in the environment. Set ``model.script``."""
    scripted = ScriptedOpenAI()
    jp_asyncio_loop.run_until_complete(scripted.start())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv("OPENAI_BASE_URL", scripted.url)
    yield scripted
    jp_asyncio_loop.run_until_complete(scripted.stop())


class Api:
    """JSON in, JSON out; ``error`` gives status and body of a refusal; ``stream`` the lines as they arrive."""

    def __init__(self, fetch: Callable[..., Any], registry: ServiceRegistry, root: Path) -> None:
        self._fetch = fetch
        self.registry = registry
        self.root = root

    async def __call__(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        response = await self.raw(method, path, body, **kwargs)
        return json.loads(response.body) if response.body else None

    async def raw(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        path, _, query = path.partition("?")
        params = dict(pair.split("=") for pair in query.split("&")) if query else {}
        if body is not None or method in ("POST", "PUT", "PATCH"):
            kwargs["body"] = body if isinstance(body, str | bytes) else json.dumps(body or {})
        return await self._fetch("mandrake", *path.split("/"), method=method, params=params, **kwargs)

    async def error(self, method: str, path: str, body: Any = None, **kwargs: Any) -> tuple[int, Any]:
        with pytest.raises(HTTPClientError) as caught:
            await self.raw(method, path, body, **kwargs)
        assert caught.value.response is not None
        return caught.value.code, json.loads(caught.value.response.body)

    async def session(self, **body: Any) -> str:
        """A new session's path."""
        made = await self("POST", "workspaces/default/sessions", body)
        return f"workspaces/default/sessions/{made['id']}"

    async def events(self, method: str, path: str, body: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        """The events of a stream, whole."""
        return [event async for event in self.stream(method, path, body, **kwargs)]

    async def stream(
        self, method: str, path: str, body: Any = None, **kwargs: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """NDJSON events as they arrive."""
        arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        headers = {"Accept": "application/x-ndjson", **kwargs.pop("headers", {})}
        work = asyncio.ensure_future(
            self.raw(method, path, body, headers=headers, streaming_callback=arrived.put_nowait, **kwargs)
        )
        work.add_done_callback(lambda _: arrived.put_nowait(None))
        rest = b""
        try:
            while (chunk := await arrived.get()) is not None:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.strip():
                        yield json.loads(line)
            await work
        finally:
            work.cancel()


@pytest.fixture
def api(jp_serverapp: Any, jp_fetch: Callable[..., Any], jp_root_dir: Path) -> Api:
    return Api(jp_fetch, jp_serverapp.web_app.settings["mandrake_registry"], jp_root_dir)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """schemathesis gives the tests of all operations one id, and pytest-xdist would run one of them for all."""
    for item in items:
        label = getattr(item, "operation_label", None)
        if label and not item.nodeid.endswith("]"):
            item._id = replace(item._id, params=label)  # type: ignore[attr-defined]
