"""Somebody who talks in one chat, whatever happens to the Jupyter server: he writes, reads, decides, cancels and withdraws,
keeps a journal of what he was told, and after each restart goes on where he was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from tests.support.jupyter_process import JupyterProcess

from .journal import JSON, TERMINAL, Told

PLANS = ("note", "tell", "queue", "direct", "cancel", "deny", "stream", "prompt", "json")
MCP = "raw"
NDJSON = "application/x-ndjson"


class Gone(Exception):
    """The Jupyter server went away in the middle."""


@dataclass
class Person:
    """`log` is the file into which the MCP server writes what was really called."""

    name: str
    chat: str
    log: str
    server: JupyterProcess
    told: list[Told] = field(default_factory=list)
    numbers: Any = field(default_factory=count)

    async def go_on(self) -> list[Told]:
        """Follows up all that is open, to its end: what has ended since, and is to be checked."""
        for one in self.told:
            if not one.id:
                await self._post(one)
            if one.plan == "queue" and not one.withdrawn and not one.ended:
                await self._withdraw(one)
            if not one.ended:
                await self._follow(one)
        return [one for one in self.told if not one.checked]

    async def do(self, plan: str) -> None:
        """One message to its end, in the way of `plan`."""
        one = self._new(plan)
        if plan == "stream":
            async for event in self._stream(
                "POST", f"{self.chat}/messages", {"content": one.content}, one.key
            ):
                one.id = event["run_id"]
                one.events.append(event)
            return
        if plan == "queue":
            before = self._new("tell")
            await self._post(before)
            await self._post(one)
            await self._withdraw(one)
            await self._follow(before)
        else:
            await self._post(one)
        await self._follow(one)

    def _new(self, plan: str) -> Told:
        mark = f"{self.name}{next(self.numbers)}"
        content = {
            "note": f"note {mark}",
            "deny": f"note {mark}",
            "direct": f"/tool {MCP} journal {json.dumps({'mark': mark, 'file': self.log})}",
            "prompt": f"/prompt {MCP} ask {{}}",
        }.get(plan, f"tell {mark}")
        self.told.append(Told(self.chat, plan, content, mark))
        return self.told[-1]

    async def _post(self, one: Told) -> None:
        how = {} if one.plan == "json" else {"Prefer": "respond-async"}
        answer = await self._call(
            "POST", f"{self.chat}/messages", {"content": one.content}, {"Idempotency-Key": one.key, **how}
        )
        said = json.loads(answer.body)
        assert answer.code in (200, 202), said
        one.id = said["id"] if answer.code == 202 else said["run_id"]
        if answer.code == 200:
            one.answer = said

    async def _withdraw(self, one: Told) -> None:
        answer = await self._call("POST", f"{one.path}/cancel", {})
        assert answer.code == 202, answer.body
        one.withdrawn = json.loads(answer.body)["state"] == "cancelled"

    async def _follow(self, one: Told) -> None:
        """A stream that ends without an end is of a chat that was put away: he asks again, as the wire says."""
        async with asyncio.timeout(60):
            while not one.ended:
                await self._read_on(one)

    async def _read_on(self, one: Told) -> None:
        await self._decide(one)
        async for event in self._stream("GET", f"{one.path}/events?after={one.last_seq}"):
            one.events.append(event)
            await self._decide(one)
            if one.plan == "cancel" and not one.cancel_asked and event["type"] == "token":
                one.cancel_asked = (await self._call("POST", f"{one.path}/cancel", {})).code == 202

    async def _decide(self, one: Told) -> None:
        for call in one.undecided():
            decision = "deny" if one.plan == "deny" else "once"
            answer = await self._call(
                "POST", f"{one.path}/approvals/{call['call_id']}", {"decision": decision}
            )
            if answer.code == 200:
                one.decided[call["call_id"]] = decision
            else:  # it was decided, or its run ended, without our being told
                assert answer.code == 409, answer.body

    async def get(self, path: str) -> Any:
        answer = await self._call("GET", path)
        assert answer.code == 200, answer.body
        return json.loads(answer.body)

    async def events(self, path: str) -> list[JSON]:
        return [event async for event in self._stream("GET", path)]

    async def _call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> HTTPResponse:
        return await self._fetch(self._request(method, path, body, headers or {}))

    async def _stream(self, method: str, path: str, body: Any = None, key: str = "") -> AsyncIterator[JSON]:
        arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        headers = {"Accept": NDJSON, **({"Idempotency-Key": key} if key else {})}
        request = self._request(method, path, body, headers, streaming_callback=arrived.put_nowait)
        work = asyncio.ensure_future(self._fetch(request))
        work.add_done_callback(lambda _: arrived.put_nowait(None))
        rest, terminal = b"", False
        try:
            while (chunk := await arrived.get()) is not None:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(bytes.strip, lines):
                    event = json.loads(line)
                    terminal = event["type"] in TERMINAL
                    yield event
            if not terminal:
                await work
        finally:
            work.cancel()

    def _request(
        self, method: str, path: str, body: Any, headers: dict[str, str], **more: Any
    ) -> HTTPRequest:
        return HTTPRequest(
            self.server.url + path.replace("m/", "mandrake/", 1),
            method,
            {"Authorization": f"token {self.server.token}", **headers},
            body=None if body is None else json.dumps(body),
            request_timeout=60,
            connect_timeout=60,
            **more,
        )

    async def _fetch(self, request: HTTPRequest) -> HTTPResponse:
        client = AsyncHTTPClient(force_instance=True)
        try:
            return await client.fetch(request, raise_error=False)
        except (OSError, HTTPClientError) as exc:  # refused, or cut off
            raise Gone from exc
        finally:
            client.close()
