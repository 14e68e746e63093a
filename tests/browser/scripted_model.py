"""An OpenAI-compatible model on loopback that says what a test wrote, and waits in mid-answer until the test
lets it go on.

Run as a program it prints its address and speaks slowly to anyone: ``python
tests/browser/scripted_model.py``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT = 60.0
Chunk = str | threading.Event


@dataclass(frozen=True)
class Turn:
    """One answer: texts, with events in between it waits for; then tool calls. Or an HTTP error instead."""

    chunks: tuple[Chunk, ...] = ()
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    status: int = 200
    pause: float = 0.0


@dataclass
class ScriptedModel:
    """The turns to come; after the last one `otherwise` answers. `requests` are the bodies it was sent."""

    url: str = ""
    turns: list[Turn] = field(default_factory=list)
    otherwise: Callable[[], Turn] = lambda: Turn(("Nothing was written for this.",))
    requests: list[dict[str, Any]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    def next_turn(self) -> Turn:
        return self.turns.pop(0) if self.turns else self.otherwise()

    def tool_named(self, ending: str) -> str:
        """The name under which the last request offered the tool whose name ends with `ending`."""
        names = [tool["function"]["name"] for tool in self.requests[-1].get("tools", [])]
        return next(name for name in names if name.endswith(ending))


@contextmanager
def scripted_model() -> Iterator[ScriptedModel]:
    model = ScriptedModel()

    class Handler(_Handler):
        script = model

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield model
    finally:
        model.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(WAIT)


class _Handler(BaseHTTPRequestHandler):
    script: ScriptedModel
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.script.requests.append(body)
        turn = self.script.next_turn()
        if turn.status != 200:
            self._json(turn.status, {"error": {"message": "refused by the script", "type": "scripted"}})
            return
        if not body.get("stream"):
            text = "".join(chunk for chunk in turn.chunks if isinstance(chunk, str))
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            self._json(200, {**_head("chat.completion"), "choices": [choice], "usage": _USAGE})
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self._stream(turn)
        except OSError:
            self.script.gone.set()

    def _stream(self, turn: Turn) -> None:
        for chunk in turn.chunks:
            if isinstance(chunk, str):
                self._delta({"content": chunk})
                time.sleep(turn.pause)
            else:
                self._hold(chunk)
        for index, (name, arguments) in enumerate(turn.calls):
            function = {"name": self.script.tool_named(name), "arguments": json.dumps(arguments)}
            call_id = f"call_{len(self.script.requests)}_{index}"
            self._delta(
                {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]}
            )
        self._delta({}, "tool_calls" if turn.calls else "stop")
        self._event({**_head("chat.completion.chunk"), "choices": [], "usage": _USAGE})
        self.wfile.write(b"data: [DONE]\n\n")

    def _hold(self, gate: threading.Event) -> None:
        """Waits for the test; a comment twice a second notices a reader that left."""
        until = time.monotonic() + WAIT
        while not gate.wait(0.5) and not self.script.closing.is_set() and time.monotonic() < until:
            self.wfile.write(b": waiting\n\n")
            self.wfile.flush()

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._event({**_head("chat.completion.chunk"), "choices": [choice]})

    def _event(self, event: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()

    def _json(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


_USAGE = {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46}


def _head(kind: str) -> dict[str, Any]:
    return {"id": "scripted-1", "object": kind, "created": 1700000000, "model": "scripted"}


def _slow_count() -> Turn:
    return Turn(tuple(f"{number} " for number in range(1, 21)), pause=0.1)


if __name__ == "__main__":
    with scripted_model() as speaker:
        speaker.otherwise = _slow_count
        print(speaker.url, flush=True)
        threading.Event().wait()
