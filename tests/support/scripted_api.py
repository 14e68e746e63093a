"""A scripted Jupyter server on loopback that speaks docs/reference/wire.md, for tests of the client and the magics.

A test says which events a run has and where the connection breaks; everything that was asked is kept in `requests`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode

JSON = dict[str, Any]
DROP = "drop"
HEARTBEAT = "heartbeat"
DEADLINE = 60


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Run:
    """One scripted run. `script` holds event fields, DROP, HEARTBEAT, or an Event of threading to wait for."""

    id: str
    script: list[Any]
    events: list[JSON] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    decided: threading.Event = field(default_factory=threading.Event)
    position: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class ScriptedAPI:
    """Start it with ``with ScriptedAPI() as api``; `script(...)` queues one run's events."""

    def __init__(self, token: str = "secret", base: str = "/user/ada/"):
        self.token, self.base = token, base
        self.requests: list[Request] = []
        self.sessions: list[JSON] = []
        self.page = 1000
        self.messages: dict[str, list[JSON]] = {}
        self.runs: dict[str, Run] = {}
        self.by_key: dict[str, Run] = {}
        self.decisions: list[JSON] = []
        self.refusals: list[tuple[int, Any]] = []
        self._scripts: list[list[Any]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def handle_any(self) -> None:
                api._handle(self)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}{base}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> ScriptedAPI:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for run in self.runs.values():
            run.cancelled.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def script(self, *steps: Any) -> None:
        self._scripts.append(
            [{"type": "start", "session_id": "s1", "message_id": "m2", "model": "openai/gpt-5"}, *steps]
        )

    def asked(self, method: str, pattern: str) -> list[Request]:
        return [
            request
            for request in self.requests
            if request.method == method and re.search(pattern, request.path)
        ]

    def chat(self, **fields: Any) -> JSON:
        chat = {"id": f"s{len(self.sessions) + 1}", "workspace_id": "w1", "name": "", "titled": False, "notebook": None,
                "model": None, "execution_state": "idle", "active_run": None, **fields}  # fmt: skip
        self.sessions.append(chat)
        return chat

    def _handle(self, http: Any) -> None:
        length = int(http.headers.get("Content-Length") or 0)
        raw = http.rfile.read(length) if length else b""
        body = json.loads(raw) if raw else None
        path = http.path.removeprefix(f"{self.base}mandrake/")
        self.requests.append(Request(http.command, path, dict(http.headers), body))
        if self.token and http.headers.get("Authorization") != f"token {self.token}":
            return self._json(http, 403, {"message": "Forbidden", "reason": None})
        if self.refusals:
            status, answer = self.refusals.pop(0)
            if status == DROP:
                return http.connection.close()
            return self._json(http, status, answer)
        for method, pattern, answer in self._routes():
            if method == http.command and (match := re.fullmatch(pattern, path)):
                return answer(http, body, *match.groups())
        return self._json(http, 404, {"message": f"no route {path}", "code": "not_found"})

    def _routes(self) -> Iterator[tuple[str, str, Callable[..., None]]]:
        one = r"workspaces/default/sessions/([^/]+)"
        yield "GET", r"(workspaces/default/sessions)(?:\?(.*))?", self._list
        yield "POST", r"workspaces/default/sessions", self._create
        yield (
            "GET",
            r"workspaces/default/models",
            lambda http, _: self._json(http, 200, {"active": "openai/gpt-5"}),
        )
        yield "GET", one, self._session
        yield "GET", one + "/messages", lambda http, _, s: self._json(http, 200, self.messages.get(s, []))
        yield "POST", one + "/messages", self._post
        yield "GET", one + r"/runs/([^/?]+)/events(?:\?after=(\d+))?", self._events
        yield "POST", one + "/runs/([^/]+)/cancel", self._cancel
        yield "POST", one + "/runs/([^/]+)/approvals/([^/]+)", self._approve
        yield "POST", one + "/runs/([^/]+)/questions/([^/]+)", self._answer

    def _list(self, http: Any, _: Any, path: str, query: str | None) -> None:
        """A page of at most `page` chats, with a ``Link`` to the next one."""
        asked = dict(parse_qsl(query or ""))
        found = [chat for chat in self.sessions if asked.get("name") in (None, chat["name"])]
        begin, size = int(asked.get("after", 0)), min(self.page, int(asked.get("limit", 100)))
        rest = urlencode({**asked, "after": begin + size})
        more = (
            {"Link": f'<{self.base}mandrake/{path}?{rest}>; rel="next"'} if len(found) > begin + size else {}
        )
        self._json(http, 200, found[begin : begin + size], more)

    def _create(self, http: Any, body: JSON) -> None:
        for chat in self.sessions:
            if body.get("notebook") and chat["notebook"] == body["notebook"]:
                return self._json(http, 201, chat)
        fields = {"name": body.get("name") or "", "titled": "name" in body, "notebook": body.get("notebook")}
        return self._json(http, 201, self.chat(**fields))

    def _session(self, http: Any, _: Any, session: str) -> None:
        for chat in self.sessions:
            if chat["id"] == session:
                return self._json(http, 200, chat)
        return self._json(http, 404, {"message": "No chat.", "code": "session_not_found"})

    def _post(self, http: Any, body: JSON, session: str) -> None:
        key = http.headers.get("Idempotency-Key") or str(len(self.runs))
        run = self.by_key.get(key)
        if run is None:
            run = Run(f"r{len(self.runs) + 1}", self._scripts.pop(0))
            self.by_key[key] = self.runs[run.id] = run
        if "ndjson" in http.headers.get("Accept", ""):
            return self._stream(http, run, 0)
        return self._json(http, 202, {"id": run.id, "state": "calling_model"})

    def _events(self, http: Any, _: Any, session: str, run: str, after: str | None) -> None:
        self._stream(http, self.runs[run], int(after or 0))

    def _cancel(self, http: Any, _: Any, session: str, run: str) -> None:
        self.runs[run].cancelled.set()
        self._json(http, 202, {})

    def _approve(self, http: Any, body: JSON, session: str, run: str, call: str) -> None:
        self.decisions.append({"call_id": call, **body})
        self._json(http, 200, {"call_id": call})
        self.runs[run].decided.set()

    def _answer(self, http: Any, body: JSON, session: str, run: str, question: str) -> None:
        self.decisions.append({"question_id": question, **body})
        self._json(http, 200, {"question_id": question, "action": body["action"]})
        self.runs[run].decided.set()

    def _stream(self, http: Any, run: Run, after: int) -> None:
        http.send_response(200)
        http.send_header("Content-Type", "application/x-ndjson")
        http.send_header("Transfer-Encoding", "chunked")
        http.end_headers()
        for event in run.events:
            if event["seq"] > after:
                self._line(http, event)
        while run.position < len(run.script):
            with run.lock:
                step = run.script[run.position]
                run.position += 1
            if step == DROP:
                return http.connection.shutdown(2)
            if step == HEARTBEAT:
                self._line(http, None)
            elif isinstance(step, dict):
                event = {
                    "seq": len(run.events) + 1,
                    "run_id": run.id,
                    "time": "2026-11-23T10:00:00.000000Z",
                    **step,
                }
                run.events.append(event)
                self._line(http, event)
            elif callable(step):
                step(run)
        http.wfile.write(b"0\r\n\r\n")
        return None

    @staticmethod
    def _line(http: Any, event: JSON | None) -> None:
        line = b"\n" if event is None else json.dumps(event).encode() + b"\n"
        http.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        http.wfile.flush()

    @staticmethod
    def _json(http: Any, status: int, value: Any, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        payload = value if isinstance(value, bytes) else json.dumps(value).encode()
        http.send_response(status)
        for name, told in headers.items():
            http.send_header(name, told)
        http.send_header("Content-Length", str(len(payload)))
        http.end_headers()
        http.wfile.write(payload)


def token(content: str, part: int = 0, offset: int = 0) -> JSON:
    return {"type": "token", "content": content, "part": part, "offset": offset}


def complete(**usage: Any) -> JSON:
    return {"type": "complete", "message_id": "m2", "finish_reason": "stop",
            "usage": {"input_tokens": 2310, "output_tokens": 204, "cache_read_tokens": 0, "cost": 0.01, **usage}}  # fmt: skip


def tool_call(
    call_id: str = "c1", part: int = 1, *, title: str = "Run cell", approval: bool = False, **fields: Any
) -> JSON:
    return {"type": "toolCall", "call_id": call_id, "server": "notebook", "tool": "run_cell", "title": title, "part": part,
            "arguments": {"code": "df.plot()"}, "read_only": not approval, "needs_approval": approval, **fields}  # fmt: skip


def tool_result(call_id: str = "c1", *, content: str = "fine", ms: int = 1400, **fields: Any) -> JSON:
    return {"type": "toolResult", "call_id": call_id, "ok": True, "status": "done", "content": content,
            "duration_ms": ms, "truncated": False, **fields}  # fmt: skip


def approval(call_id: str = "c1", decision: str = "session") -> JSON:
    return {
        "type": "approval",
        "call_id": call_id,
        "decision": decision,
        "by": "you",
        "arguments": {"code": "df.plot()"},
    }


def question(question_id: str = "q1", **fields: Any) -> JSON:
    form = {"type": "object", "properties": {"region": {"type": "string"}}, "required": ["region"]}
    asked = {"server": "deploy", "message": "Where to?", "mode": "form", "schema": form, "url": None}
    asked |= {"call_id": "c1", "expires": "2026-11-23T10:05:00.000000Z"}
    return {"type": "question", "question_id": question_id, **asked, **fields}


def answered(question_id: str = "q1", action: str = "accept") -> JSON:
    said = {"question_id": question_id, "call_id": "c1", "action": action, "by": "you"}
    return {"type": "questionAnswered", **said}


def wait_for(name: str) -> Callable[[Run], None]:
    """A step that waits until the run is `cancelled` or `decided`."""

    def step(run: Run) -> None:
        assert getattr(run, name).wait(DEADLINE)

    return step
