"""What one MCP server is handed by its manager, beside its entry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..lifecycle.sweep import Alive, all_live
from ..values import MCPServerEntry, ServerKey

#: Seconds beyond the polite grace after which a stop goes over to force.
FORCE_AFTER = 5.0

#: Returns when there is a place for one more; it starts before its next await. Raises TooMany.
Admit = Callable[[ServerKey], Awaitable[None]]


class Entries(Protocol):
    """The configuration as it is now, `trusted` set; each entry costs a look at the disk, so that one may ask for some."""

    def __call__(self, only: Collection[str] | None = None) -> Sequence[MCPServerEntry]: ...


@dataclass(frozen=True)
class Timeouts:
    """Seconds; an entry's own come first."""

    start: float
    call: float
    stop_grace: float
    pull: float = 600.0


@dataclass(frozen=True)
class Owner:
    """The run of Jupyter whose processes these are, and how it is told whether another one lives."""

    id: str
    alive: Alive


#: Where no run has a name: sweeps nothing.
NOBODY = Owner("", all_live)


async def admitted(_: ServerKey) -> None:
    """Where nothing is limited."""
