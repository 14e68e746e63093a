"""The scripted OpenAI-compatible model in a thread of its own: Playwright's tests are not async, and hold gates by hand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.scripted_openai import Call, ScriptedOpenAI, Turn, echo

PATIENCE = 60.0


@dataclass(frozen=True)
class Answer:
    """What the model says to one request: words, and calls of tools by the end of the name they are offered under.

    Before word i it waits for ``gates[i]``. `status` answers with an HTTP error instead, with `headers` and `error`.
    """

    words: tuple[str, ...] = ()
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    gates: dict[int, Gate] = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    error: str = ""
    thoughts: tuple[str, ...] = ()


class Gate:
    """Holds the model back in mid-answer until the test opens it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.event = asyncio.Event()
        self._loop = loop

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self.event.set)


class ScriptedModel:
    """The answers to come, in order; after the last one it echoes."""

    def __init__(self, server: ScriptedOpenAI, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.answers: list[Answer] = []
        self._loop = loop
        server.brain = self._turn

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def asked(self) -> list[str]:
        """What was requested so far: methods and paths."""
        return [f"{request.method} {request.path}" for request in self.server.requests]

    def forget(self) -> None:
        self.answers.clear()
        self.server.requests.clear()
        self.server.disconnects = 0

    def gate(self) -> Gate:
        return Gate(self._loop)

    def wait_until_hung_up(self) -> None:
        """Returns when a client went away before its answer was whole; raises TimeoutError when none does."""
        _wait(self._loop, self.server.saw_disconnect())

    def _turn(self, body: dict[str, Any]) -> Turn:
        if not self.answers:
            return echo(body)
        answer = self.answers.pop(0)
        offered = [tool["function"]["name"] for tool in body.get("tools") or []]
        calls = [
            Call(next(name for name in offered if name.endswith(end)), args) for end, args in answer.calls
        ]
        gates = {index: gate.event for index, gate in answer.gates.items()}
        return Turn(
            answer.words,
            calls,
            reasoning=answer.thoughts,
            gates=gates,
            status=answer.status,
            headers=answer.headers,
            error={"message": answer.error} if answer.error else None,
        )


@contextmanager
def scripted_model() -> Iterator[ScriptedModel]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="scripted model")
    thread.start()
    server = ScriptedOpenAI()
    try:
        _wait(loop, server.start())
        yield ScriptedModel(server, loop)
    finally:
        _wait(loop, server.stop())
        _wait(loop, loop.shutdown_asyncgens())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


def _wait(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE)
