"""Which MCP servers a workspace has at the moment, and which of them may run.

Holds one `MCPServer` per configured name, or one per chat of it. An entry that was edited, removed or is no longer trusted never
runs on: its process is ended before the next use.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from ..errors import Conflict, MCPServerNotFound, NotTrusted, Unavailable
from ..lifecycle.announce import Announce, unheard
from ..lifecycle.phases import ALIVE
from ..lifecycle.supervisor import Supervisor
from ..providers.references import References
from ..provisioners.base import find_provisioner
from ..values import JSON, NO_LIMITS, MCPServerEntry, ResourceLimits, ServerKey, WorkspaceKey
from .catalogue import Catalogue
from .configured import hash_of, may_run_on
from .describe import counts, describe, describe_servers
from .instances import Instances
from .launch import PROVISIONERS, Launcher
from .logs import LogRing
from .record import Record
from .seams import NOBODY, Admit, Entries, Owner, Timeouts, admitted
from .server import MCPServer
from .sweeps import Sweeps

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
        sweeps: Sweeps,
        admit: Admit = admitted,
        owner: Owner = NOBODY,
        limits: ResourceLimits = NO_LIMITS,
        references: References | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key = key
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
        self._references = references or References(key.workspace_id)
        self._launcher = Launcher(
            key.workspace_id, root, owner, self._references, limits, timeouts.start, self.configured
        )
        self._clock = clock
        self._sweeps = sweeps
        self._instances = Instances(key.workspace_id)
        self._closed = False

    @property
    def servers(self) -> list[MCPServer]:
        """Those that were used at least once; where each chat has its own, all of them."""
        return self._instances.all()

    async def close(self, timeout: float) -> list[str]:
        """No further use, and nothing that waits for a place starts; ends all within `timeout` seconds, by force where
        need be. The names of those that did not end.
        """
        self._closed = True
        self._instances.close_logs()
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

    def find(self, name: str, session_id: str = "") -> MCPServer | None:
        """The server of that name, where it was used before; `session_id` where each chat has its own."""
        return self._instances.find(name, session_id)

    def of(self, name: str) -> list[MCPServer]:
        """All processes of that name."""
        return self._instances.of(name)

    def record(self, name: str) -> Record:
        return self._instances.record(name)

    def detach(self, session_id: str) -> None:
        """That chat is not open any more: what only it used ends, what it used with others may go when it is idle."""
        for server in self._instances.configured():
            server.chats.discard(session_id)
            if server.key.session_id == session_id and not self._supervisor.closed:
                server.begin_stop("Its chat was put away.")
                self._supervisor.spawn(f"end of MCP server {server.key.name}", self._end(server))

    async def _end(self, server: MCPServer) -> None:
        try:
            await server.stop()
        finally:
            self._instances.leave(server)

    def configured(self, only: Collection[str] | None = None) -> dict[str, MCPServerEntry]:
        """The entries as they are now, or those of them with the names `only`, each with a hash."""
        found: dict[str, MCPServerEntry] = {}
        for entry in self._entries(only):
            if entry.name not in self._reserved and entry.transport != "builtin":
                found.setdefault(entry.name, entry if entry.hash else replace(entry, hash=hash_of(entry)))
        return found

    def entry(self, name: str) -> MCPServerEntry:
        """One of them. Raises MCPServerNotFound, naming the known ones."""
        return self._named(name, self.configured())

    def _named(self, name: str, configured: Mapping[str, MCPServerEntry]) -> MCPServerEntry:
        if name not in configured:
            known = ", ".join([*self._reserved, *configured]) or "none"
            raise MCPServerNotFound(name=name, known=known)
        return configured[name]

    async def permitted(self, name: str, session_id: str = "") -> MCPServer:
        """The server of that name for that chat, if it may run. Raises MCPServerNotFound, NotTrusted, Conflict (switched
        off).
        """
        configured = self.configured({name, *self._instances.names})
        entry = self._named(name, configured if name in configured else self.configured())
        self.tidy(configured)
        server = await self.current(entry, session_id)
        if not entry.trusted:
            raise NotTrusted(name=name)
        if entry.disabled:
            raise Conflict(
                f'The MCP server "{name}" is switched off in {entry.origin or "its configuration"}.'
            )
        return server

    async def current(self, entry: MCPServerEntry, session_id: str = "") -> MCPServer:
        """The server for `entry`, not running with any other configuration. To be called after `tidy`."""
        if self._closed:
            raise Unavailable(CLOSED, retry_after=1)
        key = ServerKey(self._key.workspace_id, entry.name, session_id if entry.sharing == "session" else "")
        server = self._instances.at(key)
        if server is None:
            server = self._new(key, entry, self.record(entry.name), self._catalogue)
            self._instances.add(server)
        elif server.entry != entry:
            if not may_run_on(server.entry, entry):
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
        self._instances.clear()
        for server in self._instances.configured():
            entry = configured.get(server.key.name)
            if entry is None:
                self._instances.remove(server)
            if entry and may_run_on(server.entry, entry):
                continue
            server.begin_stop()
            if server.phase in ALIVE:
                name = f"end of MCP server {server.key.name}"
                ending.append(self._supervisor.spawn(name, server.stop()))
        for name in self._instances.names:
            if name not in configured:
                self._instances.forget(name)
        return ending

    def _new(
        self,
        key: ServerKey,
        entry: MCPServerEntry,
        record: Record,
        catalogue: Catalogue,
        *,
        told: bool = True,
    ) -> MCPServer:
        return MCPServer(
            key,
            entry,
            record,
            make=self._launcher.make if told else self._launcher.make_apart,
            catalogue=catalogue,
            supervisor=self._supervisor,
            starts=self._starts,
            timeouts=self._timeouts,
            announce=self._announce if told else unheard,
            admit=self._place,
            clock=self._clock,
        )

    @asynccontextmanager
    async def trial(self, entry: MCPServerEntry) -> AsyncIterator[MCPServer]:
        """One for `entry`, apart from all that is configured: nothing of it is told or kept. It has a place as any other,
        and has ended when the block has, also where who asked is gone.
        """
        if self._closed:
            raise Unavailable(CLOSED, retry_after=1)
        key = ServerKey(self._key.workspace_id, entry.name, f"trial {uuid4().hex}")
        entry = replace(entry, hash=entry.hash or hash_of(entry), trusted=True, sharing="workspace")
        server = self._new(key, entry, Record(), Catalogue(None), told=False)
        self._instances.trials[key] = server
        try:
            yield server
        finally:
            await asyncio.shield(
                self._supervisor.spawn(f"end of a trial of {entry.name}", self._over(server))
            )

    async def _over(self, server: MCPServer) -> None:
        try:
            await server.stop()
        finally:
            del self._instances.trials[server.key]

    def log(self, entry: MCPServerEntry) -> LogRing:
        """Of the server for `entry`, whether or not it may run; of all its processes."""
        if self._closed and not self._instances.recorded(entry.name):
            raise Unavailable(CLOSED, retry_after=1)
        return self.record(entry.name).logs

    async def _place(self, key: ServerKey) -> None:
        """A place for one more; what a killed Jupyter server left of this workspace is ended first, also
        what has no entry any more.
        """
        server = self._instances.at(key)
        kind = PROVISIONERS.get(server.entry.transport) if server else None
        if server and kind:
            logs, runs = server.logs, find_provisioner(kind)
            if runs.shared:
                await self._sweeps.first(runs, lambda words: logs.add("mandrake", words))
            elif swept := await runs.sweep(key.workspace_id, self._owner.alive):
                logs.add("mandrake", f"ended what a killed Jupyter server had left: {swept} processes")
        await self._admit(key)
        if self._closed:
            raise Unavailable(CLOSED, retry_after=1)

    def describe(self, entry: MCPServerEntry) -> JSON:
        """The wire's MCP server for `entry`. Starts and stops nothing."""
        needs = {"needs": self._references.needs(entry) if entry.trusted else []}
        if servers := self.of(entry.name):
            return describe_servers(servers, entry, self._limits) | needs
        key = ServerKey(self._key.workspace_id, entry.name)
        known = counts(self.record(entry.name)) if self._instances.recorded(entry.name) else {}
        return describe(key, entry, self._limits, tools=self._catalogue.count(entry.hash), **known, **needs)
