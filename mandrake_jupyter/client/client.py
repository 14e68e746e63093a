"""The REST API as plain blocking calls, with the standard library only; notebooks, scripts and the magics
use it.

It holds an address and a token, no connection and no state of a chat. What it returns are the JSON objects
of ``docs/reference/wire.md``, as dicts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlencode

from .discovery import find_server
from .paths import JSON, message_body, session_path, workspace_path
from .stream import EventStream
from .transport import Reply, Transport

NDJSON = {"Accept": "application/x-ndjson"}
EXPORT_LIMIT = 512 * 1024 * 1024


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
            "GET", "mcp-servers" if workspace is None else f"{workspace_path(workspace)}/mcp-servers"
        )

    def models(self, workspace: str = "default") -> JSON:
        """The catalogue of models, with the active one."""
        return self.request("GET", f"{workspace_path(workspace)}/models")

    def workspaces(self) -> list[JSON]:
        return self.request("GET", "workspaces")

    def audit(
        self, workspace: str = "default", *, session_id: str | None = None, limit: int = 100
    ) -> list[JSON]:
        """The newest tool calls of a project's chats, or of one: what was decided, by whom, what came of it."""
        query = {"limit": limit} | ({"session": session_id} if session_id else {})
        return self.request("GET", f"{workspace_path(workspace)}/audit?{urlencode(query)}")

    def sessions(
        self, workspace: str | None = "default", *, name: str | None = None, notebook: str | None = None
    ) -> list[JSON]:
        """The chats of a project, newest first; of all projects with ``workspace=None``. All of them, or
        those with exactly this name, or of this notebook.
        """
        path = "sessions" if workspace is None else f"{workspace_path(workspace)}/sessions"
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
            "POST",
            f"{workspace_path(workspace)}/sessions",
            {k: v for k, v in fields.items() if v is not None},
        )

    def session(self, session_id: str, *, workspace: str = "default") -> JSON:
        return self.request("GET", session_path(workspace, session_id))

    def update_session(self, session_id: str, *, workspace: str = "default", **fields: Any) -> JSON:
        """Change `name` or `model`."""
        return self.request("PATCH", session_path(workspace, session_id), fields)

    def delete_session(self, session_id: str, *, undo: int = 0, workspace: str = "default") -> None:
        """Delete a chat; for `undo` seconds :meth:`restore_session` can bring it back."""
        self.request("DELETE", f"{session_path(workspace, session_id)}?{urlencode({'undo': undo})}")

    def restore_session(self, session_id: str, *, workspace: str = "default") -> JSON:
        return self.request("POST", f"{session_path(workspace, session_id)}/restore", {})

    def messages(
        self, session_id: str, *, replaced: bool = False, last: int | None = None, workspace: str = "default"
    ) -> list[JSON]:
        """The history of a chat, oldest first, or the `last` messages of it (at most 1,000); with `replaced` also what was
        edited or asked again.
        """
        asked = {"replaced": "true" if replaced else None, "limit": last}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        path = f"{session_path(workspace, session_id)}/messages"
        return self.request("GET", f"{path}?{query}" if query else path)

    def delete_message(self, session_id: str, message_id: str, *, workspace: str = "default") -> None:
        """Delete a question and its answer, by the id of either, for good."""
        path = f"{session_path(workspace, session_id)}/messages/{quote(message_id, safe='')}"
        self.request("DELETE", path)

    def export(
        self, session_id: str, format: str = "markdown", *, workspace: str = "default"
    ) -> tuple[str, bytes]:
        """The chat as a file, ``markdown``, ``json`` or ``notebook``: its name and its content."""
        path = f"{session_path(workspace, session_id)}/export?{urlencode({'format': format})}"
        with self._transport.open("GET", path) as reply:
            name = reply.header("Content-Disposition").partition("filename*=UTF-8''")[2]
            return unquote(name) or "chat", reply.body(EXPORT_LIMIT)

    def send(
        self,
        session_id: str,
        content: str,
        *,
        attachments: Sequence[Mapping[str, Any]] | None = None,
        model: str | None = None,
        idempotency_key: str | None = None,
        notebook: str | None = None,
        replaces: str | None = None,
        workspace: str = "default",
    ) -> EventStream:
        """Send a message and iterate over the events of its run, up to the terminal one.

        `replaces` is the id of a question that this is the edited one of, or of an answer that is asked for
        again (then `content` is ``""``): it and all that came after leave the history.

        Nothing is sent before the first event is asked for. A lost connection is taken up again by itself,
        without repeated events and without a second run. Leaving the iterator does not cancel the run.
        """
        path = session_path(workspace, session_id)
        body = message_body(content, attachments, model, notebook, replaces)
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
        attachments: Sequence[Mapping[str, Any]] | None = None,
        model: str | None = None,
        idempotency_key: str | None = None,
        notebook: str | None = None,
        replaces: str | None = None,
        wait: float | None = None,
        workspace: str = "default",
    ) -> JSON:
        """Send a message and return one JSON object.

        That is the finished assistant message (it has ``role``; a failed one has ``error``), or the run (it
        has ``state``) when a person must approve or `wait` seconds are over. ``wait=0`` returns the run at
        once.
        """
        body = message_body(content, attachments, model, notebook, replaces)
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        if wait == 0:
            headers["Prefer"] = "respond-async"
        elif wait is not None:
            body["wait"] = wait
        patient = self._transport.waiting((wait or 30.0) + 15.0)
        return patient.call("POST", f"{session_path(workspace, session_id)}/messages", body, headers)

    def run(self, session_id: str, run_id: str, *, workspace: str = "default") -> JSON:
        return self.request("GET", f"{session_path(workspace, session_id)}/runs/{quote(run_id, safe='')}")

    def events(
        self, session_id: str, run_id: str, *, after: int = 0, workspace: str = "default"
    ) -> EventStream:
        """The events of a run after the seq `after`, then live ones up to the terminal one."""
        path = session_path(workspace, session_id)
        return EventStream(
            lambda _run, seq: self._events(path, run_id, seq),
            run_id=run_id,
            after=after,
            retries=self._retries,
        )

    def cancel(self, session_id: str, run_id: str, *, workspace: str = "default") -> None:
        """Stop a run; harmless when it has ended. What was said so far is kept."""
        self.request(
            "POST", f"{session_path(workspace, session_id)}/runs/{quote(run_id, safe='')}/cancel", {}
        )

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
        run = f"{session_path(workspace, session_id)}/runs/{quote(run_id, safe='')}"
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
        run = f"{session_path(workspace, session_id)}/runs/{quote(run_id, safe='')}"
        body: JSON = {"action": action}
        if content is not None:
            body["content"] = dict(content)
        return self.request("POST", f"{run}/questions/{quote(question_id, safe='')}", body)

    def _events(self, session_path: str, run_id: str, after: int) -> Reply:
        query = f"?{urlencode({'after': after})}" if after else ""
        return self._transport.open(
            "GET", f"{session_path}/runs/{quote(run_id, safe='')}/events{query}", None, NDJSON
        )
