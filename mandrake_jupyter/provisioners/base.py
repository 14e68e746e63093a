"""Where an MCP server runs: the promise every provisioner keeps, and how one is found.

A provisioner runs one MCP server once: `launch` starts it and yields its two message streams, leaving
`launch` ends it with everything it started. It knows nothing about phases, tools or who asks. Other packages
add their own through the entry-point group `mandrake_jupyter.mcp_provisioners`, as kernel provisioners do.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, ClassVar

from ..errors import MandrakeError, MCPError
from ..lifecycle.resource_limits import Over
from ..lifecycle.sampling import Meter
from ..lifecycle.sweep import Alive
from ..values import JSON, NO_LIMITS, Container, ResourceLimits
from .sending import Refusal

if TYPE_CHECKING:
    from mcp.client._transport import Transport

GROUP = "mandrake_jupyter.mcp_provisioners"

#: Ours, there also when the package runs from a folder it was not installed from. An entry point comes first.
_OWN = {
    "docker": "mandrake_jupyter.provisioners.docker.provisioner:DockerProvisioner",
    "local": "mandrake_jupyter.provisioners.local:LocalProvisioner",
    "http": "mandrake_jupyter.provisioners.remote:HTTPProvisioner",
    "sse": "mandrake_jupyter.provisioners.remote:SSEProvisioner",
}

#: Takes a line a server wrote: the stream (``stderr``, ``stdout`` for what is no message, ``mandrake``) and
#: the text.
LogSink = Callable[[str, str], None]


@dataclass(frozen=True)
class LaunchSpec:
    """What to run, all variables expanded. Holds secrets: `env`, `headers` and `args` are not in its `repr`.

    `env` is what the entry adds to the environment. `marker` names place and owner, for what is
    left after a crash; `limits` are for each process it starts, as far as the platform can. `root` is the
    workspace's folder; `container` is there for what runs in one.
    """

    name: str
    command: str = ""
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    marker: str = ""
    limits: ResourceLimits = NO_LIMITS
    root: str = ""
    container: Container | None = None


@dataclass(frozen=True)
class Swept:
    """What dead owners had left and was ended, and what was left because it can't be told from here whether its owner lives."""

    ended: int = 0
    left: int = 0


class Provisioner(ABC):
    """Runs `spec` once. The task that enters `launch` leaves it; all else may be called from any task."""

    #: Whether `pause` and `resume` do anything.
    can_pause: ClassVar[bool] = False
    #: Whether all of it runs on one thing that others share: then `sweep_all` is asked for, not `sweep`.
    shared: ClassVar[bool] = False

    def __init__(self, spec: LaunchSpec, log: LogSink) -> None:
        self.spec = spec
        self.log = log
        #: Set when the server ended, or stopped talking, without being asked to.
        self.ended = asyncio.Event()
        #: Why its last answer was none, where that can be told.
        self.refusal: Refusal | None = None
        #: Told in words what takes long before it starts.
        self.progress: Callable[[str], None] = lambda reason: None
        self._meter = Meter(self.stats)

    async def prepare(self, timeout: float) -> None:  # noqa: B027
        """Get what a start needs, in `timeout` seconds that don't count as its start. Called before `launch`. Raises
        MCPError.
        """

    @abstractmethod
    def launch(self, grace: float) -> Transport:
        """Start it; the streams of its messages. Leaving ends it, politely for `grace` seconds, then by
        force.

        Called once, by the server's owner task. Raises our own MCP errors when it can't be started here; what an
        address elsewhere answers comes as it is, for the caller to take secrets out of. ``tests/contract`` tries it.
        """

    @property
    def pid(self) -> int | None:
        """The server's process, where it has one on this machine."""
        return None

    @property
    def container(self) -> str | None:
        """The engine's id of the container it runs in, where it has one."""
        return None

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs or where there is none."""
        return None

    def kill(self) -> None:  # noqa: B027
        """End it at once; `launch` is still to be left. Called when a polite stop took too long."""

    async def pause(self) -> None:
        raise MCPError(f'The MCP server "{self.spec.name}" can\'t be paused where it runs.')

    async def resume(self) -> None:
        raise MCPError(f'The MCP server "{self.spec.name}" can\'t be paused where it runs.')

    def stats(self) -> Mapping[str, float]:
        """What it and all it started use at the moment: `memory_bytes`, `cpu_seconds`; empty where unknown. Never
        wakes it. Called at most every two seconds, when somebody looks.
        """
        return {}

    @property
    def fault(self) -> MandrakeError | None:
        """What ended it from outside, where that is known: the engine it ran on went away. Asked after its end."""
        return None

    @property
    def over(self) -> Over | None:
        """The limit it reached, where that can be told. Asked after its end."""
        return None

    def usage(self) -> JSON:
        """``{memory, cpu}`` from `stats`: bytes, and percent of one core since the look before; None where unknown."""
        return self._meter.look()

    @classmethod
    async def sweep(cls, place: str, alive: Alive) -> int:
        """End what dead owners left of `place` and below it; how many were ended. Called before one starts there.

        What runs carries ``LaunchSpec.marker``, which names place and owner (``lifecycle.sweep.marker``); what an
        owner that is `alive` has is never touched.
        """
        return 0

    @classmethod
    async def sweep_all(cls) -> Swept | None:
        """End what dead owners left of all places, where it is `shared`; None when that could not be asked. Called at its
        first use and then now and again; bounded.
        """
        return None


def find_provisioner(kind: str) -> type[Provisioner]:
    """The provisioner registered as `kind`. :class:`MCPError` naming the known ones when there is none."""
    own = [EntryPoint(name, value, GROUP) for name, value in _OWN.items()]
    found = {point.name: point for point in [*own, *entry_points(group=GROUP)]}
    if kind not in found:
        raise MCPError(f"No way to run MCP servers is called {kind!r}; known: {', '.join(sorted(found))}.")
    loaded: type[Provisioner] = found[kind].load()
    return loaded
