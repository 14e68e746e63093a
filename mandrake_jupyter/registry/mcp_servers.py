"""The MCP servers of all workspaces together: places for them, and what their culler looks after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..lifecycle.announce import Announce, Culled, Why
from ..lifecycle.culling import Seen
from ..lifecycle.leases import Leases
from ..lifecycle.limits import Room
from ..lifecycle.phases import ALIVE, Phase
from ..lifecycle.supervisor import Supervisor
from ..servers.sweeps import Sweeps
from ..values import ServerKey
from .entry import EVICTED

if TYPE_CHECKING:
    from ..servers.manager import MCPServerManager
    from ..servers.server import MCPServer

CONTAINERS = frozenset({"docker"})


class Servers:
    """`managers` gives those that are open, by workspace id. The ``Subjects`` of the MCP server culler."""

    def __init__(
        self,
        managers: Callable[[], Mapping[str, MCPServerManager]],
        *,
        supervisor: Supervisor,
        announce: Announce,
        limit: Callable[[], int],
        container_limit: Callable[[], int],
        memory_over: Callable[[], int],
    ) -> None:
        self._managers = managers
        self._supervisor = supervisor
        self._announce = announce
        self._limit = limit
        self._memory_over = memory_over
        self.sweeps = Sweeps(supervisor)
        self.room = Room("MCP servers", "ServiceRegistry.max_mcp_servers", limit, self._places)
        self.container_room = Room(
            "containers", "ServiceRegistry.max_containers", container_limit, lambda: self._places(CONTAINERS)
        )

    def all(self) -> list[MCPServer]:
        """Those that were used at least once."""
        return [server for manager in self._managers().values() for server in manager.servers]

    def alive(self) -> list[MCPServer]:
        return [server for server in self.all() if server.phase in ALIVE]

    def containers(self) -> list[MCPServer]:
        return [server for server in self.alive() if server.entry.transport in CONTAINERS]

    def _places(self, transports: frozenset[str] | None = None) -> Iterator[_Place]:
        return (
            _Place(server, self)
            for server in self.all()
            if not transports or server.entry.transport in transports
        )

    async def admit(self, key: ServerKey) -> None:
        """Until there is a place for one more; the MCP server starts before its next await. Raises TooMany."""
        server = self._find(key)
        rooms = [self.room]
        if server is not None and server.entry.transport in CONTAINERS:
            rooms.append(self.container_room)
        while any([await room.make() for room in rooms]):
            pass

    def _find(self, key: Hashable) -> MCPServer | None:
        assert isinstance(key, ServerKey)
        manager = self._managers().get(key.workspace_id)
        return manager and manager.find(key.name, key.session_id)

    def cull(self, server: MCPServer, why: Why, reason: str) -> asyncio.Task[None]:
        """Begin to end it: no call reaches it any more when this returns. The next one starts it again."""
        key = server.key
        idle = server.leases.unused_seconds
        self._announce(Culled("mcp_server", key.workspace_id, key.name, why, reason, idle, key.session_id))
        server.begin_stop(reason)
        return self._supervisor.spawn(f"end of MCP server {key.name}", server.stop())

    # Subjects of a culler.

    @property
    def limit(self) -> int:
        return self._limit()

    @property
    def memory_over(self) -> int:
        return self._memory_over()

    @property
    def count(self) -> int:
        return len(self.alive())

    def tidy(self) -> Iterator[None]:
        """What dead owners left goes at the culler's pace; an engine that hangs holds up no look."""
        self.sweeps.again()
        return iter(())

    def look(self, without: frozenset[str] = frozenset()) -> Iterator[Seen]:
        """What only a chat of `without` uses ends with it."""
        return (seen(one, without) for one in self.alive() if one.key.session_id not in without)

    def look_at(self, key: Hashable) -> Seen | None:
        server = self._find(key)
        return None if server is None or server.phase not in ALIVE else seen(server)

    def end(self, key: Hashable, why: Why, reason: str) -> asyncio.Future[None]:
        server = self._find(key)
        assert server is not None
        return self.cull(server, why, reason)

    def pause(self, key: Hashable, reason: str) -> asyncio.Future[None]:
        server = self._find(key)
        assert server is not None
        return server.pausing.begin(reason)


class _Place:
    """An MCP server as a ``Resident``; chats attached to it keep it from the culler, not from making room."""

    def __init__(self, server: MCPServer, servers: Servers) -> None:
        self._server = server
        self._servers = servers

    @property
    def name(self) -> str:
        return self._server.key.name

    @property
    def phase(self) -> Phase:
        return self._server.phase

    @property
    def leases(self) -> Leases:
        return self._server.leases

    @property
    def held(self) -> bool:
        return False

    @property
    def stays(self) -> bool:
        return self._server.entry.cull_idle_timeout == 0

    def evict(self) -> None:
        self._servers.cull(self._server, "evicted", EVICTED)

    async def gone(self) -> None:
        await self._server.gone()


def seen(server: MCPServer, without: frozenset[str] = frozenset()) -> Seen:
    """A chat that used it and is still open is attached to it, but for those `without`."""
    leases, running = server.leases, server.running
    return Seen(
        server.key,
        server.key.name,
        server.phase,
        server.life.seconds,
        leases.unused_seconds if leases.used is not None else server.life.seconds,
        leases.busy_seconds,
        leases.busy,
        len(server.chats - without),
        server.entry.cull_idle_timeout,
        running.usage()["memory"] if running else None,
        server.phase in (Phase.READY, Phase.PAUSED) and running is not None and running.poll() is not None,
        used=leases.used,
        can_pause=server.pausing.possible,
    )
