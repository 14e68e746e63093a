"""Frozen values shared by rooms: keys, tools, events, usage. They do no I/O; anyone may import them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

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
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("it holds half of a character (a lone surrogate)") from None
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
    """One tool as its MCP server describes it. The hints are the server's claims: None where it says nothing."""

    server: str
    name: str
    title: str = ""
    description: str = ""
    input_schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None

    @property
    def schema_hash(self) -> str:
        return content_hash([self.server, self.name, self.description, dict(self.input_schema)])

    def as_json(self) -> JSON:
        return {**asdict(self), "input_schema": dict(self.input_schema)}

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
class ResourceLimits:
    """What one MCP server may take: 0 is no limit, None is for another to say.

    Of a process, `memory_mb` (MiB of private, writable memory) and `open_files` hold for each of those it starts,
    `processes` for all of them together, `cpus` for none. Of a container all hold for the whole of it.
    """

    memory_mb: int | None = None
    open_files: int | None = None
    processes: int | None = None
    cpus: float | None = None

    def over(self, general: ResourceLimits) -> ResourceLimits:
        """These; what they leave open is as in `general`."""
        return replace(general, **{name: value for name, value in vars(self).items() if value is not None})

    def as_json(self) -> dict[str, float]:
        """Those that are set."""
        return {name: value for name, value in vars(self).items() if value is not None}


NO_LIMITS = ResourceLimits(0, 0, 0, 0)


@dataclass(frozen=True)
class Mount:
    """A file or folder that a container sees. `source` is relative to the project; `outside`: it may lie elsewhere."""

    source: str
    target: str
    writable: bool = False
    outside: bool = False


@dataclass(frozen=True)
class Container:
    """What an entry with an image says beside command, arguments and limits; the defaults are the hard ones.

    `user` "" is one who is nobody special; `cap_add` are Linux capabilities; `writable`: its root file system may be
    written to. `pull`: when the image is fetched.
    """

    image: str
    pull: Literal["missing", "never", "always"] = "missing"
    network: str = "none"
    user: str = ""
    mounts: tuple[Mount, ...] = ()
    cap_add: tuple[str, ...] = ()
    writable: bool = False


#: ``${NAME}``, ``${NAME:-default}``, ``${secret:NAME}``, ``${input:ID}``: groups 1 and 2, or 3 and 4.
REFERENCE = re.compile(r"\$\{(?:(secret|input):([A-Za-z0-9_.-]+)|([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?)\}")


@dataclass(frozen=True)
class Reference:
    """One ``${…}`` of an entry. `default` is that of a variable, None where it has none."""

    kind: Literal["variable", "secret", "input"]
    name: str
    default: str | None = None

    @classmethod
    def of(cls, found: re.Match[str]) -> Reference:
        kind, name, variable, default = found.groups()
        return cls(kind, name) if kind else cls("variable", variable, default)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Input:
    """A value that a file asks the user for, as VS Code's ``inputs`` do; used as ``${input:ID}``."""

    id: str
    description: str = ""
    password: bool = False
    options: tuple[str, ...] | None = None
    default: str | None = None


@dataclass(frozen=True)
class MCPServerEntry:
    """One MCP server as configured. `env` and `headers` may hold secrets: never in `repr`, never on the wire.

    `hash` covers what would run (command, args, env names and values, url); `trusted` is the user's word on that hash.
    `origin` is the file it came from, relative to the workspace (the user's own: absolute), or ``builtin``. `env_files` are
    read at launch only.
    """

    name: str
    transport: Literal["stdio", "http", "sse", "docker", "builtin"] = "stdio"
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    origin: str = ""
    hash: str = ""
    trusted: bool = False
    disabled: bool = False
    start_timeout: float | None = None
    call_timeout: float | None = None
    cull_idle_timeout: float | None = (
        None  #: seconds; 0: never culled for being idle; None: what the culler says
    )
    limits: ResourceLimits = ResourceLimits()
    sharing: Literal["workspace", "session"] = "workspace"  #: one process for all chats, or one for each
    env_files: tuple[str, ...] = ()
    questions: tuple[Input, ...] = ()  #: those its ``${input:…}`` ask
    container: Container | None = None  #: only with the transport ``docker``

    @property
    def texts(self) -> tuple[str, ...]:
        """All that may hold a ``${…}``; what is sent or run first."""
        settings = (*self.env.values(), *self.headers.values())
        return (self.command, *self.args, self.url, self.cwd or "", *settings)

    @property
    def references(self) -> tuple[Reference, ...]:
        """Each ``${…}`` once, but for that of the folder itself."""
        return references(self.texts)


def references(texts: Iterable[str]) -> tuple[Reference, ...]:
    """Each ``${…}`` of `texts` once, but for ``${workspaceFolder}``."""
    found = (Reference.of(match) for text in texts for match in REFERENCE.finditer(text))
    return tuple(dict.fromkeys(one for one in found if one.name != "workspaceFolder"))


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
