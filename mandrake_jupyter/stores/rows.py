"""Frozen rows as rooms above see them, with their wire form (docs/reference/wire.md). No SQL, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..values import JSON, Usage
from ..values.images import Image

#: States of a run; the moves between them stand in ``sessions/run_state.py``.
UNFINISHED = ("queued", "calling_model", "awaiting_approval", "calling_tool")
#: The finish reason of a message that was taken back while it waited: it stays in the store, and out of the history.
WITHDRAWN = "withdrawn"
#: The name of a chat in which nothing was said.
UNTITLED = "New chat"

#: With a moment behind it, in a run that was deleted and may come back until then, in the place of what replaced it.
DELETED = "deleted "

#: The type of what stands beside a ``/prompt`` message for the model: what the MCP server filled in. Not shown.
PROMPT = "prompt"


#: Characters of text that one event of a run holds at most.
PIECE = 100_000


@dataclass(frozen=True)
class WorkspaceRow:
    id: str
    path: str
    name: str
    created: str


@dataclass(frozen=True)
class SessionRow:
    id: str
    workspace_id: str
    name: str
    titled: bool
    notebook: str | None
    model: str | None
    created: str
    last_activity: str
    cull_idle_timeout: int | None = (
        None  #: seconds; 0: never culled for being idle; None: what the culler says
    )
    deleted: str | None = None  #: when its deletion is final: until then it is in no list, and may come back


@dataclass(frozen=True)
class Unfinished:
    """A run that has not ended, as far as lists and recovery need it."""

    workspace_id: str
    session_id: str
    run_id: str
    instance: str
    state: str


#: Of each session by its id, oldest first: run, state, and the instance that works on it.
OpenRuns = dict[str, list[tuple[str, str, str]]]


@dataclass(frozen=True)
class RunRow:
    """One answer's life. `instance` is the uuid of the Jupyter server that works on it."""

    id: str
    session_id: str
    instance: str
    state: str
    user_message_id: str
    message_id: str
    created: str
    model: str | None = None
    notebook: str | None = None
    idempotency_key: str | None = None
    finished: str | None = None
    usage: Mapping[str, Any] | None = None
    finish_reason: str | None = None
    error: Mapping[str, Any] | None = None
    replaced_by: str | None = (
        None  #: the run that took its place: it stays in the store, and out of the history
    )

    @property
    def open(self) -> bool:
        return self.state in UNFINISHED

    @property
    def aside(self) -> bool:
        """It was deleted, and may come back."""
        return (self.replaced_by or "").startswith(DELETED)

    def as_json(self) -> JSON:
        return {
            "id": self.id,
            "session_id": self.session_id,
            "state": self.state,
            "message_id": self.message_id,
            "user_message_id": self.user_message_id,
            "model": self.model,
            "created": self.created,
            "finished": self.finished,
            "usage": dict(self.usage or Usage().as_json()),
            "finish_reason": self.finish_reason,
            "error": self.error,
        }


RUN_FIELDS = tuple(field.name for field in fields(RunRow))


@dataclass(frozen=True)
class Part:
    """A stretch of text or one tool call, at its place in an answer.

    `step` is the model request it came from; `last_seq` the seq of the newest event it holds. For tools, `call` holds what
    does not change (server, tool, title, read_only, needs_approval, choices, input_schema, schema_hash, direct, and as `permit`
    what let it run without a question), `arguments` what runs.
    ``call["kept"]`` is what the provider wants back with it: with reasoning, too, which without text is only there for it.
    """

    part: int
    type: str
    step: int = 0
    content: str = ""
    last_seq: int = 0
    call_id: str | None = None
    call: Mapping[str, Any] = field(default_factory=dict)
    status: str | None = None
    decision: str | None = None
    by: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None

    @property
    def pending(self) -> bool:
        return self.type == "tool" and self.status in ("waiting", "allowed", "running")

    def as_json(self, question: JSON | None = None) -> JSON:
        """`question` is what its MCP server asks, while it does."""
        if self.type != "tool":
            return {"type": self.type, "part": self.part, "content": self.content}
        result = self.result or {}
        return {
            "type": "tool",
            "part": self.part,
            "call_id": self.call_id,
            "server": self.call.get("server"),
            "tool": self.call.get("tool"),
            "title": self.call.get("title"),
            "arguments": self.arguments,
            "read_only": self.call.get("read_only"),
            "needs_approval": bool(self.call.get("needs_approval")),
            "decision": self.decision,
            "by": self.by,
            "status": "running" if self.status == "allowed" else self.status,
            "content": result.get("content"),
            "error": result.get("error"),
            "duration_ms": result.get("duration_ms"),
            "truncated": bool(result.get("truncated")),
            "input_schema": self.call.get("input_schema") if self.status == "waiting" else None,
            "choices": self.call.get("choices") if self.status == "waiting" else None,
            "question": question,
        }


@dataclass(frozen=True)
class Message:
    id: str
    session_id: str
    run_id: str
    role: str
    created: str
    attachments: tuple[Mapping[str, Any], ...] = ()
    parts: tuple[Part, ...] = ()
    images: tuple[Image, ...] = ()  #: to be stored with it; afterwards only their attachments tell of them

    @property
    def text(self) -> str:
        return "".join(p.content for p in self.parts if p.type == "text")

    def as_json(
        self,
        run: RunRow,
        *,
        seq: int | None = None,
        question: Callable[[str | None], JSON | None] = lambda _: None,
        retry: JSON | None = None,
    ) -> JSON:
        """The wire form; `seq` is given for a message that is not finished, `question` tells a call's open one,
        `retry` what its next try waits for."""
        answer = self.role == "assistant"
        return {
            "id": self.id,
            "session_id": self.session_id,
            "run_id": self.run_id,
            "role": self.role,
            "created": self.created,
            "status": _status(run) if answer or run.state == "queued" else "complete",
            "model": run.model if answer else None,
            "parts": [
                part.as_json(question(part.call_id) if part.call_id else None)
                for part in self.parts
                if part.type != "reasoning" or part.content
            ],
            "attachments": [
                {k: v for k, v in a.items() if k != "text"}
                for a in self.attachments
                if a.get("type") != PROMPT
            ],
            "usage": dict(run.usage) if answer and run.usage else None,
            "finish_reason": run.finish_reason if answer else None,
            "error": run.error if answer else None,
            "replaced_by": run.replaced_by,
            "retry": retry,
            "seq": seq if seq is not None or not (answer and run.open) else 0,
        }


def _status(run: RunRow) -> str:
    return {
        "queued": "queued",
        "calling_model": "running",
        "calling_tool": "running",
        "awaiting_approval": "waiting",
        "done": "complete",
    }.get(run.state, run.state)
