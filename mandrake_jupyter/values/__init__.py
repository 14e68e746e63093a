"""Frozen values shared by rooms: keys, tools, events, usage. They do no I/O; anyone may import them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar, Literal

from .mcp import (
    CONTAINER_LIMITS,
    NO_LIMITS,
    REFERENCE,
    Container,
    Input,
    Level,
    MCPServerEntry,
    Mount,
    Reference,
    ResourceLimits,
    references,
    usual_limits,
)
from .sendable import DEEPEST, why_not

__all__ = [
    "CONTAINER_LIMITS",
    "JSON",
    "NO_LIMITS",
    "REFERENCE",
    "Answer",
    "Asker",
    "CallContext",
    "Container",
    "Decision",
    "Event",
    "Input",
    "Level",
    "MCPServerEntry",
    "Mount",
    "Question",
    "Reference",
    "ResourceLimits",
    "ServerKey",
    "SessionKey",
    "ToolResult",
    "ToolSpec",
    "Usage",
    "WorkspaceKey",
    "content_hash",
    "isoformat",
    "parse_json",
    "references",
    "usual_limits",
    "utcnow",
]

JSON = dict[str, Any]
Decision = Literal["once", "session", "workspace", "deny"]


def utcnow() -> datetime:
    return datetime.now(UTC)


def isoformat(moment: datetime) -> str:
    """ISO-8601 with microseconds and ``Z``, as core Jupyter writes times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def content_hash(value: Any) -> str:
    """sha256 of the canonical JSON of `value`, as hex."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def parse_json(text: str | bytes) -> Any:
    """The value of strict JSON that can be written again as UTF-8; ``ValueError`` in words for anything else."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError(f"parts of it are nested more than {DEEPEST} levels deep") from None
    if why := why_not(value):
        raise ValueError(f"parts of it {why}")
    return value


@dataclass(frozen=True)
class WorkspaceKey:
    workspace_id: str


@dataclass(frozen=True)
class SessionKey:
    workspace_id: str
    session_id: str


@dataclass(frozen=True)
class ServerKey:
    """`session_id` only where each chat has one of its own, and then "" for those who ask without a chat."""

    workspace_id: str
    name: str
    session_id: str = ""


@dataclass(frozen=True)
class Usage:
    """What one model request, or the sum of several, cost. Tokens; `cost` in US dollars, None where unknown."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        known = [c for c in (self.cost, other.cost) if c is not None]
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            sum(known) if known else None,
        )

    def as_json(self) -> JSON:
        return asdict(self)


@dataclass(frozen=True)
class ToolSpec:
    """One tool as its MCP server describes it. The hints are the server's claims: None where it says nothing.

    `given_by` is the hash of that MCP server's entry: another program of the same name gives another tool."""

    server: str
    name: str
    title: str = ""
    description: str = ""
    input_schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None
    given_by: str = field(default="", repr=False)

    @property
    def schema_hash(self) -> str:
        """What a decision on the tool is bound to."""
        what = [self.server, self.name, self.description, dict(self.input_schema)]
        return content_hash([*what, self.given_by] if self.given_by else what)

    def as_json(self) -> JSON:
        wire = {**asdict(self), "input_schema": dict(self.input_schema)}
        del wire["given_by"]
        return wire

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> ToolSpec:
        return cls(**{name: value[name] for name in cls.__dataclass_fields__ if name in value})


@dataclass(frozen=True)
class ToolResult:
    """What a tool answered. `content` is text; `structured` the tool's JSON where it gave one."""

    ok: bool
    content: str
    structured: Any = None
    duration_ms: int = 0
    truncated: bool = False

    def as_json(self) -> JSON:
        return asdict(self)


@dataclass(frozen=True)
class CallContext:
    """Who calls a tool, for servers of our own: the chat, and the notebook open in the user's browser."""

    workspace_id: str = ""
    session_id: str = ""
    notebook: str | None = None


@dataclass(frozen=True)
class Question:
    """What an MCP server asks a person in the middle of a call. `schema` is that of a form's answer, `url` a page to open:
    one of the two, by `mode`."""

    server: str
    message: str
    mode: Literal["form", "url"] = "form"
    schema: Mapping[str, Any] | None = None
    url: str | None = None


@dataclass(frozen=True)
class Answer:
    """`content` is there where a form is accepted, and is never shown, logged or stored."""

    action: Literal["accept", "decline", "cancel"]
    content: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Asker:
    """Whom the questions of one call go to: `ask` waits for what a person says in `chat` (a session's id), and is cancelled
    when the call ends."""

    chat: str
    ask: Callable[[Question], Awaitable[Answer]]


@dataclass(frozen=True)
class Event:
    """One event of a run, as the wire table of docs/reference/wire.md has it; `data` holds the fields of its type."""

    type: str
    seq: int
    run_id: str
    time: str
    data: Mapping[str, Any] = field(default_factory=dict)

    TERMINAL: ClassVar[frozenset[str]] = frozenset({"complete", "error", "cancelled"})

    @property
    def terminal(self) -> bool:
        return self.type in self.TERMINAL

    def as_json(self) -> JSON:
        return {"type": self.type, "seq": self.seq, "run_id": self.run_id, "time": self.time, **self.data}

    @cached_property
    def line(self) -> str:
        """Its JSON in one line, made once for all who read it."""
        return json.dumps(self.as_json())
