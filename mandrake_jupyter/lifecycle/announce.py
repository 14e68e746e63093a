"""What happens to resources, told once, as values: the registry's hub carries each to streams, events, metrics and logs.

Announced by whoever makes it happen (registry, sessions, servers), after it happened; a sink never raises and never waits.
No announcement carries what a user or a model wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..values import Usage
from .phases import Phase

Kind = Literal["session", "mcp_server", "workspace"]
#: Why a thing was culled or evicted, in the order in which a policy asks.
Why = Literal["dead", "stuck", "over_limit", "memory", "idle", "evicted"]
What = Literal["created", "changed", "deleted"]


@dataclass(frozen=True)
class Moved:
    """A resource went from one phase to another, in which it had been for `seconds`. `id`: session id, MCP server's name,
    workspace id. `session_id` where it is the MCP server of one chat only."""

    kind: Kind
    workspace_id: str
    id: str
    old: Phase
    new: Phase
    reason: str = ""
    seconds: float = 0.0
    session_id: str = ""


@dataclass(frozen=True)
class Culled:
    """A resource is being ended by us to free what it holds; its moves to ``stopping`` and ``stopped`` follow."""

    kind: Kind
    workspace_id: str
    id: str
    why: Why
    reason: str
    idle_seconds: float | None = None
    session_id: str = ""


@dataclass(frozen=True)
class Changed:
    """A resource as it is described is another one than before: made, renamed, deleted, or in use or not."""

    kind: Kind
    workspace_id: str
    id: str
    what: What


@dataclass(frozen=True)
class RunMoved:
    """A run came into `state`, one of ``sessions.run_state``."""

    workspace_id: str
    session_id: str
    run_id: str
    state: str


@dataclass(frozen=True)
class RunEnded:
    """A run is over. `code` is the error's where it failed; times in seconds, without those in which it waited for a person."""

    workspace_id: str
    session_id: str
    run_id: str
    state: str
    code: str | None
    model: str | None
    seconds: float
    first_token_seconds: float | None
    usage: Usage


@dataclass(frozen=True)
class ToolCalled:
    """A tool call is over. `outcome`: ``done``, ``failed``, ``unknown``."""

    workspace_id: str
    session_id: str
    server: str
    transport: str
    outcome: str
    seconds: float


Announcement = Moved | Culled | Changed | RunMoved | RunEnded | ToolCalled
Announce = Callable[[Announcement], None]


def unheard(_: Announcement) -> None:
    """The sink of what nobody listens to."""
