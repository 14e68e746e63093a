"""The REST API as plain blocking calls, with the standard library only; notebooks, scripts and the magics
use it.

It holds an address and a token, no connection and no state of a chat. What it returns are the JSON objects
of ``docs/reference/wire.md``, as dicts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from .discovery import find_server
from .stream import EventStream
from .transport import Reply, Transport

JSON = dict[str, Any]
NDJSON = {"Accept": "application/x-ndjson"}


class MandrakeClient:
    """A client of one Jupyter server.

    `url` is the server's base address (``http://127.0.0.1:8888/user/ada/``), `token` its token; the token
    travels only in the ``Authorization`` header. `timeout` is the longest silence in seconds; a stream is
    never silent for more than ten, so a longer one is a lost connection. `workspace` arguments take an id
    or ``default``. All methods raise :class:`~mandrake_jupyter.client.MandrakeClientError`. Safe to use
    from several threads.
    """

    def __init__(self, url: str, token: str = "", *, timeout: float = 30.0, retries: int = 6):
        self._transport = Transport(url, token, timeout=timeout)
        self._retries = retries

    @classmethod
    def find(cls) -> MandrakeClient:
        """A client of the Jupyter server this process belongs to; see :func:`find_server`."""
        server = find_server()
        return cls(server.url, server.token)

    @property
    def url(self) -> str:
        return str(self._transport.address)

    def __repr__(self) -> str:
        return f"MandrakeClient({self.url!r})"

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Any call of wire.md; `path` is what follows ``mandrake/``. Returns the JSON, None for 204."""
        return self._transport.call(method, path, body, dict(headers or {}))

    def health(self) -> JSON:
        return self.request("GET", "health")

    def readiness(self) -> JSON:
        """What keeps the server from being used, as findings with reason and remedy; none when it is ready."""
        return self._transport.call("GET", "health/ready", also=(503,))

    def cleanup(self, *, dry_run: bool = False) -> JSON:
        """One look of the cullers, now: what was culled, kept and why; with `dry_run` nothing is ended."""
        return self.request("POST", f"cleanup?{urlencode({'dry_run': str(dry_run).lower()})}", {})

    def mcp_servers(self, workspace: str | None = None) -> list[JSON]:
        """The MCP servers of all projects, or of one."""
        return self.request(
            "GET", "mcp-servers" if workspace is None else f"{_workspace(workspace)}/mcp-servers"
        )

    def models(self, workspace: str = "default") -> JSON:
        """The catalogue of models, with the active one."""
        return self.request("GET", f"{_workspace(workspace)}/models")

    def workspaces(self) -> list[JSON]:
        return self.request("GET", "workspaces")

    def sessions(
        self, workspace: str | None = "default", *, name: str | None = None, notebook: str | None = None
    ) -> list[JSON]:
        """The chats of a project, newest first; of all projects with ``workspace=None``. All of them, or
        those with exactly this name, or of this notebook.
        """
        path = "sessions" if workspace is None else f"{_workspace(workspace)}/sessions"
        wanted = {"limit": "1000", "name": name, "notebook": notebook}
        return self._transport.pages(path, {key: value for key, value in wanted.items() if value is not None})

    def search(self, query: str, *, workspace: str | None = None, limit: int = 20) -> JSON:
        """The chats in which these words are, best first, each with its best hits."""
        asked = {"q": query, "limit": limit, **({} if workspace is None else {"workspace": workspace})}
        return self.request("GET", f"search?{urlencode(asked)}")

    def create_session(
        self,
        name: str | None = None,
        *,
        model: str | None = None,
        notebook: str | None = None,
        workspace: str = "default",
    ) -> JSON:
        """A new chat; with `notebook` (a path) that notebook's own chat, made at first use."""
        fields = {"name": name, "model": model, "notebook": notebook}
        return self.request(
            "POST", f"{_workspace(workspace)}/sessions", {k: v for k, v in fields.items() if v is not None}
        )

    def session(self, session_id: str, *, workspace: str = "default") -> JSON:
        return self.request("GET", _session(workspace, session_id))

    def update_session(self, session_id: str, *, workspace: str = "default", **fields: Any) -> JSON:
        """Change `name` or `model`."""
        return self.request("PATCH", _session(workspace, session_id), fields)

    def delete_session(self, session_id: str, *, workspace: str = "default") -> None:
        self.request("DELETE", _session(workspace, session_id))

    def messages(self, session_id: str, *, workspace: str = "default") -> list[JSON]:
        """The history of a chat, oldest first."""
        return self.request("GET", f"{_session(workspace, session_id)}/messages")

    def send(
        self,
        session_id: str,
        content: str,
        *,
        attachments: Sequence[Mapping[str, Any]] = (),
        model: str | None = None,
        idempotency_key: str | None = None,
        notebook: str | None = None,
        workspace: str = "default",
    ) -> EventStream:
        """Send a message and iterate over the events of its run, up to the terminal one.

        Nothing is sent before the first event is asked for. A lost connection is taken up again by itself,
        without repeated events and without a second run. Leaving the iterator does not cancel the run.
        """
        path = _session(workspace, session_id)
        body = _message(content, attachments, model, notebook)
        headers = {**NDJSON, "Idempotency-Key": idempotency_key or uuid.uuid4().hex}

        def open_at(run_id: str, after: int) -> Reply:
            if run_id:
                return self._events(path, run_id, after)
            return self._transport.open("POST", f"{path}/messages", body, headers)

        return EventStream(open_at, retries=self._retries)

    def send_and_wait(
        self,
        session_id: str,
        content: str,
        *,
        attachments: Sequence[Mapping[str, Any]] = (),
        model: str | None = None,
        idempotency_key: str | None = None,
        notebook: str | None = None,
        wait: float | None = None,
        workspace: str = "default",
    ) -> JSON:
        """Send a message and return one JSON object.

        That is the finished assistant message (it has ``role``; a failed one has ``error``), or the run (it
        has ``state``) when a person must approve or `wait` seconds are over. ``wait=0`` returns the run at
        once.
        """
        body = _message(content, attachments, model, notebook)
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        if wait == 0:
            headers["Prefer"] = "respond-async"
        elif wait is not None:
            body["wait"] = wait
        patient = self._transport.waiting((wait or 30.0) + 15.0)
        return patient.call("POST", f"{_session(workspace, session_id)}/messages", body, headers)

    def run(self, session_id: str, run_id: str, *, workspace: str = "default") -> JSON:
        return self.request("GET", f"{_session(workspace, session_id)}/runs/{quote(run_id, safe='')}")

    def events(
        self, session_id: str, run_id: str, *, after: int = 0, workspace: str = "default"
    ) -> EventStream:
        """The events of a run after the seq `after`, then live ones up to the terminal one."""
        path = _session(workspace, session_id)
        return EventStream(
            lambda _run, seq: self._events(path, run_id, seq),
            run_id=run_id,
            after=after,
            retries=self._retries,
        )

    def cancel(self, session_id: str, run_id: str, *, workspace: str = "default") -> None:
        """Stop a run; harmless when it has ended. What was said so far is kept."""
        self.request("POST", f"{_session(workspace, session_id)}/runs/{quote(run_id, safe='')}/cancel", {})

    def approve(
        self,
        session_id: str,
        run_id: str,
        call_id: str,
        decision: str,
        *,
        arguments: Mapping[str, Any] | None = None,
        reason: str | None = None,
        workspace: str = "default",
    ) -> JSON:
        """Decide a tool call that waits: ``once``, ``session``, ``workspace`` or ``deny``. Returns the tool
        part.

        `arguments` replace the model's for this call; `reason` is told to the model with ``deny``. Raises
        with the code ``already_decided`` when someone else was first.
        """
        body: JSON = {"decision": decision}
        if arguments is not None:
            body["arguments"] = dict(arguments)
        if reason:
            body["reason"] = reason
        run = f"{_session(workspace, session_id)}/runs/{quote(run_id, safe='')}"
        return self.request("POST", f"{run}/approvals/{quote(call_id, safe='')}", body)

    def answer(
        self,
        session_id: str,
        run_id: str,
        question_id: str,
        action: str,
        *,
        content: Mapping[str, Any] | None = None,
        workspace: str = "default",
    ) -> JSON:
        """Answer a question that an MCP server asks in the middle of a call: ``accept`` (a form with its
        `content`), ``decline`` or ``cancel``. Raises with the code ``already_answered`` when someone else
        was first.
        """
        run = f"{_session(workspace, session_id)}/runs/{quote(run_id, safe='')}"
        body: JSON = {"action": action}
        if content is not None:
            body["content"] = dict(content)
        return self.request("POST", f"{run}/questions/{quote(question_id, safe='')}", body)

    def _events(self, session_path: str, run_id: str, after: int) -> Reply:
        query = f"?{urlencode({'after': after})}" if after else ""
        return self._transport.open(
            "GET", f"{session_path}/runs/{quote(run_id, safe='')}/events{query}", None, NDJSON
        )


def _workspace(workspace: str) -> str:
    return f"workspaces/{quote(workspace, safe='')}"


def _session(workspace: str, session_id: str) -> str:
    return f"{_workspace(workspace)}/sessions/{quote(session_id, safe='')}"


def _message(
    content: str, attachments: Sequence[Mapping[str, Any]], model: str | None, notebook: str | None
) -> JSON:
    body: JSON = {"content": content}
    if attachments:
        body["attachments"] = [dict(attachment) for attachment in attachments]
    if model is not None:
        body["model"] = model
    if notebook is not None:
        body["notebook"] = notebook
    return body
