"""How an MCP server is configured: its entry, what that asks for, its container and its limits. Frozen, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

#: Whose word a configuration file is: from the whole system's to the one project's.
Level = Literal["system", "environment", "user", "workspace"]


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
#: Of a container, where neither its entry nor the settings say: MiB, files, processes, processors.
CONTAINER_LIMITS = ResourceLimits(512, 1024, 128, 1.0)


@lru_cache(maxsize=64)  # asked at every call
def usual_limits(settings: ResourceLimits, container: bool) -> ResourceLimits:
    """What holds where an entry says nothing: the settings; in a container also what they leave open is bounded."""
    if not container:
        return settings
    return ResourceLimits(**{name: most for name, most in vars(settings).items() if most}).over(
        CONTAINER_LIMITS
    )


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
    level: Level = "workspace"

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
