"""What the fuzzed API is aimed at: a Jupyter server with chats, runs and MCP servers in every state, all on loopback."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.browser.scripted_model import scripted_model

from .scripted_brain import keywords
from .spawned import Spawned, running_jupyter

ROOT = Path(__file__).parents[2]
ECHO = {"command": sys.executable, "args": [str(ROOT / "tests/support/mcp_echo.py")]}
DEFAULT = "mandrake/workspaces/default"
#: The model wants a tool that asks first: the run waits for a person.
ASKS = 'use add {"a": 1, "b": 2}'


@dataclass
class World:
    """`chat` has a finished `run`, `server` is an MCP server that can start; ``default`` is its workspace."""

    jupyter: Spawned
    model: str
    workspace: str
    chat: str
    run: str

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return self.jupyter.api(method, f"mandrake/{path}", body)

    def fresh_chat(self) -> str:
        return str(self.api("POST", "workspaces/default/sessions", {})["id"])

    def deleted_chat(self) -> str:
        """One that can be restored."""
        chat = self.fresh_chat()
        self.api("DELETE", f"workspaces/default/sessions/{chat}?undo=3600")
        return chat

    def said(self, *, deleted: bool = False) -> dict[str, str]:
        """A new chat in which something was said and answered, as path parameters; `deleted`: it can be restored."""
        chat = self.fresh_chat()
        message = self.post(chat, "count to 3")["id"]
        if deleted:
            self.api("DELETE", f"workspaces/default/sessions/{chat}/messages/{message}?undo=3600")
        return {"workspace": "default", "session": chat, "message": message}

    def fresh_mcp_server(self, name: str = "") -> str:
        name = name or f"spare-{uuid.uuid4().hex[:8]}"
        self.api("POST", "workspaces/default/mcp-servers", {"name": name, "entry": ECHO})
        return name

    def post(self, chat: str, content: str) -> dict[str, Any]:
        """The answer, or the run once it waits for a person."""
        return dict(self.jupyter.api("POST", f"{DEFAULT}/sessions/{chat}/messages", {"content": content}))

    def stream(self, method: str, path: str, accept: str, body: Any = None) -> Iterator[dict[str, Any]]:
        """The events of a stream as they come; leaving it closes the connection."""
        headers = {"Authorization": f"token {self.jupyter.token}", "Accept": accept}
        url = f"{self.jupyter.url}mandrake/{path}"
        with requests.request(method, url, json=body, headers=headers, stream=True, timeout=60) as answer:
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, accept)
            for line in answer.iter_lines():
                if line.startswith((b"{", b"data: ")):
                    yield json.loads(line.removeprefix(b"data: "))

    def waiting(self) -> dict[str, str]:
        """A new chat whose run waits for a decision, as path parameters."""
        chat = self.fresh_chat()
        run = self.post(chat, ASKS)
        assert "state" in run, run
        part = self.api("GET", f"workspaces/default/sessions/{chat}/messages")[-1]["parts"][-1]
        return {"workspace": "default", "session": chat, "run": run["id"], "call": part["call_id"]}

    def fresh_grant(self) -> str:
        """The id of a grant that may be taken back."""
        there = self.waiting()
        run = f"workspaces/default/sessions/{there['session']}/runs/{there['run']}"
        self.api("POST", f"{run}/approvals/{there['call']}", {"decision": "session"})
        return str(self.api("GET", "workspaces/default/grants")[-1]["id"])

    def asked(self) -> dict[str, str]:
        """A new chat in which an MCP server asks something, likewise: a new one, where another request took ``echo`` away."""
        chat = self.fresh_chat()
        run = self.post(chat, "/tool echo ask {}")
        if "question" not in run:
            run = self.post(chat, f"/tool {self.fresh_mcp_server()} ask {{}}")
        question = run["question"]["question_id"]
        return {"workspace": "default", "session": chat, "run": run["id"], "question": question}


@contextmanager
def rest_world(home: Path) -> Iterator[World]:
    project = home / "project"
    project.mkdir()
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"came-with-it": ECHO}}), "utf-8")
    (project / "data.csv").write_text("a,b\n1,2\n", "utf-8")
    with scripted_model() as model, running_jupyter(home, project) as jupyter:
        model.server.brain = keywords()
        jupyter.connect(model.url)
        jupyter.api("POST", f"{DEFAULT}/mcp-servers", {"name": "echo", "entry": ECHO})
        jupyter.api("POST", f"{DEFAULT}/mcp-servers/echo/start", {})
        workspace = jupyter.api("GET", DEFAULT)["id"]
        chat = jupyter.api("POST", f"{DEFAULT}/sessions", {"name": "Fuzzed"})["id"]
        answer = jupyter.api("POST", f"{DEFAULT}/sessions/{chat}/messages", {"content": "count to 5"})
        yield World(jupyter, model.url, workspace, chat, answer["run_id"])
