"""The processes and connections of one workspace's MCP servers: one for each that is configured or, where a chat must have
its own, one for each chat and one for those who ask without a chat.
"""

from __future__ import annotations

from ..lifecycle.phases import ALIVE
from ..values import ServerKey
from .record import Record
from .server import MCPServer


class Instances:
    """Those that were used at least once, until their entry or their chat is gone. `trials` belong to no entry."""

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id
        self._servers: dict[ServerKey, MCPServer] = {}
        self._records: dict[str, Record] = {}
        self.trials: dict[ServerKey, MCPServer] = {}
        self._left: set[MCPServer] = set()  #: whose chat is gone

    def all(self) -> list[MCPServer]:
        """Trials, too: they take a place."""
        return [*self._servers.values(), *self.trials.values()]

    def configured(self) -> list[MCPServer]:
        return list(self._servers.values())

    def of(self, name: str) -> list[MCPServer]:
        return [server for key, server in self._servers.items() if key.name == name]

    def find(self, name: str, session_id: str = "") -> MCPServer | None:
        return self.at(ServerKey(self._workspace_id, name, session_id))

    def at(self, key: ServerKey) -> MCPServer | None:
        return self._servers.get(key) or self.trials.get(key)

    def add(self, server: MCPServer) -> None:
        self._servers[server.key] = server

    def remove(self, server: MCPServer) -> None:
        if self._servers.get(server.key) is server:
            del self._servers[server.key]

    def leave(self, server: MCPServer) -> None:
        """Its chat is gone: so is it, once nobody is in it and if the chat does not come back before."""
        self._left.add(server)
        self.clear()

    def clear(self) -> None:
        for server in [*self._left]:
            if server.phase in ALIVE or not server.leases.busy:
                self._left.discard(server)
                if server.phase not in ALIVE:
                    self.remove(server)

    def record(self, name: str) -> Record:
        return self._records.setdefault(name, Record())

    def recorded(self, name: str) -> bool:
        return name in self._records

    def forget(self, name: str) -> None:
        """Its entry is gone: who follows its log has read the last line."""
        self.record(name).logs.close()
        del self._records[name]

    @property
    def names(self) -> list[str]:
        return list(self._records)

    def close_logs(self) -> None:
        for record in self._records.values():
            record.logs.close()
