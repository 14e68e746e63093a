"""A scripted OpenAI-compatible HTTP server on loopback: `/v1/models` and streaming `/v1/chat/completions`.

In a test: ``async with ScriptedOpenAI([Turn(["Hel", "lo"])]) as server`` and point a provider at
``server.url``. For browser tests: ``python -m tests.support.scripted_openai --port N`` answers by
keywords (see `scripted_brain`). It refuses to speak anywhere but on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from .scripted_turns import Brain, Call, Recorded, Turn, echo

__all__ = ["Call", "Recorded", "ScriptedOpenAI", "Turn", "echo"]


class ScriptedOpenAI:
    """The server; an async context manager. Append to `script` at any time; when it is exhausted `brain`
    answers.
    """

    def __init__(
        self, script: Iterable[Turn] = (), *, brain: Brain = echo, models: Sequence[str] = ("scripted",)
    ):
        self.script = list(script)
        self.brain = brain
        self.models = list(models)
        self.requests: list[Recorded] = []
        self.disconnects = 0
        self.port = 0
        self._changed = asyncio.Condition()
        self._closing = asyncio.Event()
        self._http: HTTPServer | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The base URL an OpenAI-compatible client takes, with ``/v1``."""
        return f"http://{self.host}/v1"

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of the chat requests so far."""
        return [request.body for request in self.requests if request.path.endswith("/chat/completions")]

    async def start(self, port: int = 0) -> None:
        own = {"server": self}
        app = Application([(r"(?:/v1)?/chat/completions", _Chat, own), (r".*", _Other, own)])
        sockets = bind_sockets(port, "127.0.0.1")
        self.port = sockets[0].getsockname()[1]
        self._http = HTTPServer(app)
        self._http.add_sockets(sockets)

    async def stop(self) -> None:
        self._closing.set()
        if self._http is not None:
            self._http.stop()
            await self._http.close_all_connections()
            self._http = None

    async def __aenter__(self) -> ScriptedOpenAI:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def until(self, true: Callable[[], bool], timeout: float = 60.0) -> None:
        """Wait until `true()`, looked at after every request and every disconnect."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(true)

    async def saw_requests(self, count: int, timeout: float = 60.0) -> None:
        await self.until(lambda: len(self.chats) >= count, timeout)

    async def saw_disconnect(self, count: int = 1, timeout: float = 60.0) -> None:
        """Wait until `count` clients hung up before their answer was whole."""
        await self.until(lambda: self.disconnects >= count, timeout)

    def next_turn(self, body: dict[str, Any]) -> Turn:
        return self.script.pop(0) if self.script else self.brain(body)

    async def note(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class _Base(RequestHandler):
    def initialize(self, server: ScriptedOpenAI) -> None:
        self.server = server
        self.gone = asyncio.Event()
        self.done = False

    async def prepare(self) -> None:
        with suppress(ValueError):
            self.body = json.loads(self.request.body or b"{}")
            headers = {name.lower(): value for name, value in self.request.headers.get_all()}
            recorded = Recorded(self.request.method or "", self.request.path, headers, self.body)
            self.server.requests.append(recorded)
            await self.server.note()

    def on_connection_close(self) -> None:
        self.gone.set()
        if not self.done:
            self.server.disconnects += 1
            asyncio.ensure_future(self.server.note())  # noqa: RUF006


class _Other(_Base):
    """The list of models, in OpenAI's shape and in Ollama's; anything else is 404."""

    def get(self) -> None:
        if self.request.path.endswith("/api/tags"):
            self.finish({"models": [{"name": name, "model": name} for name in self.server.models]})
        elif self.request.path.endswith("/models"):
            self.finish(
                {"object": "list", "data": [{"id": name, "object": "model"} for name in self.server.models]}
            )
        else:
            self.send_error(404)

    def post(self) -> None:
        self.send_error(404)


class _Chat(_Base):
    async def post(self) -> None:
        turn = self.server.next_turn(self.body)
        try:
            await self._answer(turn)
        except StreamClosedError:
            return
        self.done = True

    async def _answer(self, turn: Turn) -> None:
        if turn.fault == "hang":
            return await self._wait(None)
        if turn.status > 299:
            self.set_status(turn.status)
            for name, value in turn.headers.items():
                self.set_header(name, value)
            error = (
                turn.error
                if turn.error is not None
                else {"message": f"scripted {turn.status}", "type": "scripted"}
            )
            self.finish(error if isinstance(error, str) else {"error": dict(error)})
            return None
        self.set_header("Content-Type", "text/event-stream")
        await self.flush()
        for text in turn.reasoning:
            await self._chunk({"delta": {"reasoning_content": text}})
        for index, token in enumerate(turn.tokens):
            await self._pace(turn, index)
            await self._chunk({"delta": {"role": "assistant", "content": token}})
        await self._pace(turn, len(turn.tokens), delay=False)
        if turn.fault:
            return await self._fail(turn)
        for index, call in enumerate(turn.calls):
            arguments = (
                call.arguments if isinstance(call.arguments, str) else json.dumps(dict(call.arguments))
            )
            function = {"name": call.name, "arguments": arguments}
            call_id = call.call_id or f"call_{len(self.server.chats)}_{index}"
            made = {"index": index, "id": call_id, "type": "function", "function": function}
            await self._chunk({"delta": {"tool_calls": [made]}})
        finish = turn.finish or ("tool_calls" if turn.calls else "stop")
        await self._chunk({"delta": {}, "finish_reason": finish})
        if turn.usage is not None:
            prompt, answer = turn.usage
            usage = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
            await self._send(json.dumps({**self._head(), "choices": [], "usage": usage}))
        await self._send("[DONE]")
        self.finish()
        return None

    async def _fail(self, turn: Turn) -> None:
        if turn.fault == "stall":
            await self._wait(None)
        elif turn.fault == "cut":
            self.done = True
            stream = getattr(self.request.connection, "stream", None)
            if stream is not None:
                stream.close()
        elif turn.fault == "garbage":
            await self._send("<html>this is no JSON</html>")
            self.finish()
        elif turn.fault == "error":
            await self._send(
                json.dumps({"error": turn.error or {"message": "scripted trouble", "code": "server_error"}})
            )
            self.finish()
        elif turn.fault == "end":
            self.finish()
        else:
            raise AssertionError(f"no such fault: {turn.fault}")

    async def _pace(self, turn: Turn, index: int, *, delay: bool = True) -> None:
        if (gate := turn.gates.get(index)) is not None:
            await self._wait(gate)
        if delay and turn.delay:
            await asyncio.sleep(turn.delay)

    async def _wait(self, gate: asyncio.Event | None) -> None:
        """Until the gate opens; ends too when the client hangs up or the server stops."""
        events = [self.gone, self.server._closing, *([gate] if gate is not None else [])]
        tasks = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self.gone.is_set() or self.server._closing.is_set():
            raise StreamClosedError

    def _head(self) -> dict[str, Any]:
        model = self.body.get("model", "")
        return {"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1, "model": model}

    async def _chunk(self, choice: dict[str, Any]) -> None:
        await self._send(
            json.dumps({**self._head(), "choices": [{"index": 0, "finish_reason": None, **choice}]})
        )

    async def _send(self, data: str) -> None:
        self.write(f"data: {data}\n\n")
        await self.flush()


async def _serve(port: int, delay: float) -> None:
    from .scripted_brain import keywords

    server = ScriptedOpenAI(brain=keywords(delay))
    await server.start(port)
    print(f"listening on {server.url}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A scripted OpenAI-compatible server on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one and prints it")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds before each token of `count to N`")
    options = parser.parse_args()
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.port, options.delay))
