"""Which MCP servers a workspace has at the moment, and which of them may run.

Holds one `MCPServer` per configured name. An entry that was edited, removed or is no longer trusted never
runs on: its process is ended before the next use. The only place that makes provisioners, and only for
trusted entries.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import Conflict, MCPError, MCPServerNotFound, NotTrusted, Unavailable
from ..lifecycle.announce import Announce
from ..lifecycle.environment import clean_environment
from ..lifecycle.phases import ALIVE
from ..lifecycle.supervisor import Supervisor
from ..lifecycle.sweep import marker
from ..provisioners.base import LogSink, Provisioner, find_provisioner
from ..values import JSON, NO_LIMITS, MCPServerEntry, ResourceLimits, ServerKey, WorkspaceKey, content_hash
from .catalogue import Catalogue
from .describe import describe, describe_server
from .expand import expanded_values, launch_spec
from .logs import LogRing
from .seams import NOBODY, Admit, Entries, Owner, Timeouts, admitted
from .secrets import Secrets
from .server import MCPServer

#: Which provisioner runs which transport.
PROVISIONERS = {"stdio": "local", "http": "http", "sse": "sse"}


CLOSED = "The project was put away, or the Jupyter server is stopping."


class Roster:
    """`reserved` names (those of built-in servers) are never taken by an entry."""

    def __init__(
        self,
        key: WorkspaceKey,
        root: Path,
        entries: Entries,
        *,
        reserved: Collection[str],
        catalogue: Catalogue,
        supervisor: Supervisor,
        timeouts: Timeouts,
        starts: int,
        announce: Announce,
        admit: Admit = admitted,
        owner: Owner = NOBODY,
        limits: ResourceLimits = NO_LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key = key
        self._root = root
        self._entries = entries
        self._reserved = reserved
        self._catalogue = catalogue
        self._supervisor = supervisor
        self._timeouts = timeouts
        self._starts = asyncio.Semaphore(starts)
        self._announce = announce
        self._admit = admit
        self._owner = owner
        self._limits = limits
        self._clock = clock
        self._servers: dict[str, MCPServer] = {}
        self._closed = False

    @property
    def servers(self) -> list[MCPServer]:
        """Those that were used at least once."""
        return list(self._servers.values())

    async def close(self, timeout: float) -> list[str]:
        """No further use, and nothing that waits for a place starts; ends all within `timeout` seconds, by force where
        need be. The names of those that did not end.
        """
        self._closed = True
        for server in self.servers:
            server.logs.close()
        alive = [server for server in self.servers if server.phase in ALIVE]
        for server in self.servers:
            if server.phase not in ALIVE:
                server.begin_stop()
        stops = {asyncio.create_task(server.stop(), name=server.key.name): server for server in alive}
        if not stops:
            return []
        _, pending = await asyncio.wait(stops, timeout=timeout * 0.75)
        for task in pending:
            stops[task].kill()
        if pending:
            _, pending = await asyncio.wait(pending, timeout=timeout * 0.25)
        for task in pending:
            task.cancel()
        await asyncio.gather(*stops, return_exceptions=True)
        return sorted(task.get_name() for task in pending)

    def find(self, name: str) -> MCPServer | None:
        """The server of that name, where it was used before."""
        return self._servers.get(name)

    def configured(self, only: Collection[str] | None = None) -> dict[str, MCPServerEntry]:
        """The entries as they are now, or those of them with the names `only`, each with a hash."""
        found: dict[str, MCPServerEntry] = {}
        for entry in self._entries(only):
            if entry.name not in self._reserved and entry.transport != "builtin":
                found.setdefault(entry.name, entry if entry.hash else replace(entry, hash=_hash(entry)))
        return found

    def entry(self, name: str) -> MCPServerEntry:
        """One of them. Raises MCPServerNotFound, naming the known ones."""
        return self._named(name, self.configured())

    def _named(self, name: str, configured: Mapping[str, MCPServerEntry]) -> MCPServerEntry:
        if name not in configured:
            known = ", ".join([*self._reserved, *configured]) or "none"
            raise MCPServerNotFound(name=name, known=known)
        return configured[name]

    async def permitted(self, name: str) -> MCPServer:
        """The server of that name, if it may run. Raises MCPServerNotFound, NotTrusted, Conflict (switched
        off).
        """
        configured = self.configured({name, *self._servers})
        entry = self._named(name, configured if name in configured else self.configured())
        self.tidy(configured)
        server = await self.current(entry)
        if not entry.trusted:
            raise NotTrusted(name=name)
        if entry.disabled:
            raise Conflict(
                f'The MCP server "{name}" is switched off in {entry.origin or "its configuration"}.'
            )
        return server

    async def current(self, entry: MCPServerEntry) -> MCPServer:
        """The server for `entry`, not running with any other configuration. To be called after `tidy`."""
        if self._closed:
            raise Unavailable(CLOSED, retry_after=1)
        server = self._servers.get(entry.name)
        if server is None:
            server = self._new(entry)
        elif server.entry != entry:
            if not _may_run_on(server.entry, entry):
                await server.stop()
                server.forget_failure()
            server.entry = entry
        return server

    def tidy(self, configured: Mapping[str, MCPServerEntry]) -> list[asyncio.Task[None]]:
        """Begins to end what may not run on: removed, changed, untrusted, switched off. The tasks that do.

        `configured` is what it says now: asking costs a look at the disk, so who uses many asks once.
        """
        ending: list[asyncio.Task[None]] = []
        if self._closed:
            return ending
        for name, server in list(self._servers.items()):
            entry = configured.get(name)
            if entry is None:
                del self._servers[name]
                server.logs.close()
            if entry and _may_run_on(server.entry, entry):
                continue
            server.begin_stop()
            if server.phase in ALIVE:
                ending.append(self._supervisor.spawn(f"end of MCP server {name}", server.stop()))
        return ending

    def _new(self, entry: MCPServerEntry) -> MCPServer:
        self._servers[entry.name] = server = MCPServer(
            ServerKey(self._key.workspace_id, entry.name),
            entry,
            make=self._provisioner,
            catalogue=self._catalogue,
            supervisor=self._supervisor,
            starts=self._starts,
            timeouts=self._timeouts,
            announce=self._announce,
            admit=self._place,
            clock=self._clock,
        )
        return server

    def log(self, entry: MCPServerEntry) -> LogRing:
        """Of the server for `entry`, whether or not it may run: it is made, not started."""
        server = self._servers.get(entry.name)
        if server is None and self._closed:
            raise Unavailable(CLOSED, retry_after=1)
        return (server or self._new(entry)).logs

    async def _place(self, key: ServerKey) -> None:
        """A place for one more; what a killed Jupyter server left of this workspace is ended first, also
        what has no entry any more.
        """
        server = self._servers.get(key.name)
        kind = PROVISIONERS.get(server.entry.transport) if server else None
        if server and kind:
            swept = await find_provisioner(kind).sweep(key.workspace_id, self._owner.alive)
            if swept:
                server.logs.add("mandrake", f"ended what a killed Jupyter server had left: {swept} processes")
        await self._admit(key)
        if self._closed:
            raise Unavailable(CLOSED, retry_after=1)

    def _provisioner(self, entry: MCPServerEntry, log: LogSink) -> tuple[Provisioner, Secrets]:
        """Called when a trusted entry starts: only here its variables are expanded."""
        if not entry.trusted:
            raise NotTrusted(name=entry.name)
        kind = PROVISIONERS.get(entry.transport)
        if kind is None:
            raise MCPError(f'The MCP server "{entry.name}" has an unknown transport: {entry.transport!r}.')
        mark = marker(f"{self._key.workspace_id}/{entry.name}", self._owner.id)
        variables = clean_environment()
        spec = launch_spec(entry, variables, str(self._root), mark, self._limits)
        secrets = Secrets(spec, expanded_values(entry, variables))
        provisioner = find_provisioner(kind)(spec, lambda stream, text: log(stream, secrets.mask(text)))
        return provisioner, secrets

    def describe(self, entry: MCPServerEntry) -> JSON:
        """The wire's MCP server for `entry`. Starts and stops nothing."""
        server = self._servers.get(entry.name)
        if server is not None:
            return describe_server(server, entry)
        known = self._catalogue.get(entry.hash, entry.name)
        key = ServerKey(self._key.workspace_id, entry.name)
        return describe(key, entry, tools=len(known.tools) if known else None)


def _may_run_on(running: MCPServerEntry, entry: MCPServerEntry) -> bool:
    same = (running.hash, running.limits) == (entry.hash, entry.limits)
    return same and entry.trusted and not entry.disabled


def _hash(entry: MCPServerEntry) -> str:
    """Of what would run, for an entry that came without."""
    what = [
        entry.transport,
        entry.command,
        entry.args,
        dict(entry.env),
        entry.cwd,
        entry.url,
        dict(entry.headers),
    ]
    return content_hash(what)
