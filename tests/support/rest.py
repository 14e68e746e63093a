"""The REST API of a Jupyter server in another process, as a script calls it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from .mcp_leaks import MARKER

JSON = dict[str, Any]


class Refused(Exception):
    """An HTTP error: its status, and the body as `said`."""

    def __init__(self, status: int, said: Any) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status
        self.said = said


@dataclass
class Rest:
    """The API of a Jupyter server at `url`; paths are relative to it, and ``m/`` stands for ``mandrake/``."""

    url: str
    token: str
    mark: str = ""

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A call: JSON in and out. Raises `Refused`."""
        answer = await self.fetch(method, path, body, **headers)
        if answer.code >= 300:
            raise Refused(answer.code, json.loads(answer.body))
        return json.loads(answer.body) if answer.body else None

    async def fetch(self, method: str, path: str, body: Any = None, **headers: str) -> HTTPResponse:
        if path.startswith("m/"):
            path = f"mandrake/{path[2:]}"
        request = HTTPRequest(
            self.url + path,
            method,
            {"Authorization": f"token {self.token}", **{k.replace("_", "-"): v for k, v in headers.items()}},
            body=json.dumps(body) if body is not None else "{}" if method in ("POST", "PATCH") else None,
            request_timeout=60,
            connect_timeout=60,
        )
        client = AsyncHTTPClient(force_instance=True, max_clients=100)
        try:
            return await client.fetch(request, raise_error=False)
        finally:
            client.close()

    async def chat(self) -> str:
        """The path of a new chat."""
        made = await self("POST", "m/workspaces/default/sessions")
        return f"m/workspaces/{made['workspace_id']}/sessions/{made['id']}"

    async def ask(self, chat: str, content: str) -> JSON:
        """Posts a message and does not wait for its answer: the run."""
        return await self("POST", f"{chat}/messages", {"content": content}, Prefer="respond-async")

    async def run_in(self, chat: str, run: str, state: str) -> JSON:
        """The run, when it has come into `state`."""
        until = time.monotonic() + 60
        while (found := await self("GET", f"{chat}/runs/{run}"))["state"] != state:
            assert time.monotonic() < until, f"{found} did not become {state}"
            await asyncio.sleep(0.02)
        return found

    async def add_mcp_server(self, name: str, *args: str) -> None:
        """A trusted MCP server that runs `args` with this Python."""
        entry = {"command": sys.executable, "args": list(args), "env": {MARKER: self.mark}}
        await self("POST", "m/workspaces/default/mcp-servers", {"name": name, "entry": entry})
