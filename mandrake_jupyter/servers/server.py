"""One configured MCP server over its whole life: phases, one start for all who ask, calls, a crash and the
next start.

Its connection is opened and closed by one owner task of the supervisor. Whether it may run at all (trust) is
decided by the manager, which also hands it changed configuration.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from ..errors import MandrakeError, MCPError, ServerGone, StopTimeout, Unavailable
from ..lifecycle.announce import Announce, Changed, Moved, unheard
from ..lifecycle.leases import Leases
from ..lifecycle.phases import ALIVE, Lifecycle, Phase, State
from ..lifecycle.supervisor import SingleFlight, Supervisor
from ..provisioners.base import LogSink, Provisioner
from ..values import MCPServerEntry, ServerKey, ToolSpec
from .catalogue import Catalogue, Known
from .connection import Connection
from .endings import ended_by_itself, gone_in_call, never_asked
from .logs import Level, LogRing
from .pauses import Pauses
from .pausing import Pausing
from .record import Record
from .seams import FORCE_AFTER, Admit, Timeouts, admitted
from .secrets import Secrets
from .serving import serve

_NOT_READY = 'The MCP server "{}" was stopped before it was ready.'


class MCPServer:
    """`make` builds the provisioner for the entry as it is now; `starts` bounds how many start at once."""

    def __init__(
        self,
        key: ServerKey,
        entry: MCPServerEntry,
        record: Record,
        *,
        make: Callable[[MCPServerEntry, LogSink], Awaitable[tuple[Provisioner, Secrets]]],
        catalogue: Catalogue,
        supervisor: Supervisor,
        starts: asyncio.Semaphore,
        timeouts: Timeouts,
        announce: Announce = unheard,
        admit: Admit = admitted,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key = key
        self.entry = entry
        self.record = record
        self.logs = LogRing(into=record.logs) if entry.sharing == "session" else record.logs
        self.leases = Leases(clock)
        self.chats: set[str] = set()  #: ids of the sessions that used it and are still open
        self.error: MandrakeError | None = None
        self._make = make
        self.catalogue = catalogue
        self._supervisor = supervisor
        self._starts = starts
        self._pauses = Pauses(clock)
        self._was_ready = False
        self._timeouts = timeouts
        self._announce = announce
        self._admit = admit
        self.life = Lifecycle(f"MCP server {key.name}", self._moved, clock=clock)
        self._flights: SingleFlight[None] = SingleFlight(supervisor)
        self.pausing = Pausing(self, supervisor, self._flights)
        self.connection: Connection | None = None
        self._provisioner: Provisioner | None = None
        self._secrets = Secrets()
        self._owner: asyncio.Task[None] | None = None
        self._entering: asyncio.Task[Any] | None = None  #: the task that waits for a place for it
        self._stop = asyncio.Event()

    @property
    def phase(self) -> Phase:
        return self.life.phase

    @property
    def running(self) -> Provisioner | None:
        """Where it runs, while it does."""
        return self._provisioner if self.phase in ALIVE else None

    @property
    def known(self) -> Known | None:
        """What this connection or an earlier one saw of it; None when it never ran."""
        return self.catalogue.get(self.entry.hash, self.key.name)

    @property
    def tools(self) -> tuple[ToolSpec, ...] | None:
        return known.tools if (known := self.known) else None

    @property
    def call_timeout(self) -> float:
        return self.entry.call_timeout or self._timeouts.call

    def _moved(self, old: State, new: State) -> None:
        level: Level = "error" if new.phase is Phase.FAILED else "info"
        own = self.key.session_id and self.logs is not self.record.logs
        chat = f" (chat {self.key.session_id})" if own else ""
        self.logs.add("mandrake", f"{new.phase.value}{chat}{': ' + new.reason if new.reason else ''}", level)
        key, phases = self.key, (old.phase, new.phase, new.reason, new.at - old.at)
        self._announce(Moved("mcp_server", key.workspace_id, key.name, *phases, key.session_id))

    async def start(self, *, at_once: bool = False) -> None:
        """Ready when it returns, resumed if it was paused. Raises MCPError; Unavailable too soon after a failure that may pass
        or after crashes, unless `at_once`.
        """
        await self.pausing.resume()
        while self.phase is Phase.STOPPING or (self.phase is Phase.READY and self.connection is None):
            await self._over()
        if self.phase is not Phase.READY:
            if at_once:
                self._pauses.clear()
            self._pauses.check()
            await self._flights.run(self.key.name, self._begin)

    def forget_failure(self) -> None:
        self.error = None
        self._pauses.clear()

    async def learn(self) -> None:
        """Started for a look at it: one that each chat has for itself is ended again. Raises as `start`."""
        await self.start()
        if self.entry.sharing == "session" and not self.leases.busy:
            await self.stop()

    async def _begin(self) -> None:
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stop = asyncio.Event()
        self._entering = asyncio.current_task()
        try:
            await self._admit(self.key)
        except asyncio.CancelledError:  # stopped while it waited for a place
            raise Unavailable(_NOT_READY.format(self.key.name)) from None
        finally:
            self._entering = None
        self.error = None
        self.life.to(Phase.STARTING)
        owner = self._supervisor.spawn(f"MCP server {self.key.name}", self._own(ready, self._stop))
        owner.add_done_callback(lambda task: self._owned(task, ready))
        self._owner = owner
        await asyncio.shield(ready)

    async def _own(self, ready: asyncio.Future[None], stop: asyncio.Event) -> None:
        """The life of one connection, from start to end, in one task."""
        entry = self.entry
        try:
            async with AsyncExitStack() as stack:
                async with self._starts:
                    await asyncio.to_thread(importlib.import_module, "mcp")
                    connection = await self._connect(entry)
                    await connection.provisioner.prepare(self._timeouts.pull)
                    timeout = entry.start_timeout or self._timeouts.start
                    await stack.enter_async_context(connection.open(timeout))
                self.catalogue.remember(entry.hash, connection.tools, connection.protocol)
                self.connection = connection
                self._pauses.ready()
                self.record.started(again=self._was_ready)
                self._was_ready = True
                self.leases.touch()
                self.life.to(Phase.READY)
                ready.set_result(None)
                await serve(connection, entry.hash, stop, self.catalogue, self._outdated)
                self.connection = None
            if not stop.is_set():
                raise ended_by_itself(self.key.name, self._provisioner, self._secrets.clean)
            self._pauses.ended()
        except MandrakeError as exc:
            if not ready.done():
                self.catalogue.forget_protocol(entry.hash)
            self._fail(exc, ready)
        except Exception as exc:
            why = self._secrets.clean(repr(exc))
            self._fail(MCPError(f'The MCP server "{self.key.name}" failed: {why}'), ready)
            raise

    async def _connect(self, entry: MCPServerEntry) -> Connection:
        self._provisioner, self._secrets = made = await self._make(entry, self.logs.add)
        self._provisioner.progress = self._progressed
        known = self.catalogue.get(entry.hash, self.key.name)
        legacy = known is not None and known.protocol != "" and known.protocol < "2026"
        grace = self._timeouts.stop_grace
        return Connection(
            self.key.name, *made, self.logs, grace=grace, legacy=legacy, outdated=self._outdated
        )

    def _progressed(self, reason: str) -> None:
        if self.phase is Phase.STARTING:
            self.life.because(reason)
            self._outdated()

    def _outdated(self) -> None:
        self._announce(Changed("mcp_server", self.key.workspace_id, self.key.name, "changed"))

    def _fail(self, error: MandrakeError, ready: asyncio.Future[None]) -> None:
        self.connection = None
        if self.phase is Phase.STOPPING:
            return  # it was to end anyway: `_owned`
        self.error = error
        self.record.failed(error, was_ready=ready.done())
        self.life.to(Phase.FAILED, str(error))
        if ready.done():
            self._pauses.crashed(error)
        else:
            self._pauses.start_failed(error)
            ready.set_exception(error)

    def _owned(self, owner: asyncio.Task[None], ready: asyncio.Future[None]) -> None:
        """The owner has ended, however it did: nothing of its connection is left."""
        if self._owner is owner:
            self._rest()
        if not ready.done():
            ready.set_exception(Unavailable(_NOT_READY.format(self.key.name)))
        ready.exception()

    def _rest(self) -> None:
        self.connection = None
        if self.phase in (Phase.STARTING, Phase.READY, Phase.PAUSED):
            self.life.to(Phase.STOPPING)
        if self.phase is Phase.STOPPING:
            self.life.to(Phase.STOPPED, self.life.reason)

    async def stop(self) -> None:
        """Ended when it returns, with everything it started; calls at work end as unknown. Bounded, idempotent."""
        self.begin_stop()
        if self.phase is Phase.STOPPING:
            await self._over()

    def begin_stop(self, reason: str = "") -> None:
        """Its phase is ``stopping`` when this returns, if there is anything to stop; waiting for a place ends, too."""
        if self._entering is not None:
            self._entering.cancel()
        if self.phase in (Phase.STARTING, Phase.READY, Phase.PAUSED):
            if self.phase is Phase.STARTING and self._owner is not None:
                self._owner.cancel()
            self.life.to(Phase.STOPPING, reason)
            self._stop.set()

    async def gone(self) -> None:
        """Until nothing of its connection is left; cancelling ends only the wait."""
        if (owner := self._owner) is not None and not owner.done():
            await self._settled(owner)

    async def restart(self) -> None:
        await self.stop()
        await self.start(at_once=True)

    async def _over(self) -> None:
        owner = self._owner
        if owner is None:
            return
        for force in (self.kill, owner.cancel, None):
            if await self._settled(owner):
                return
            if force is not None:
                force()
        waited = 3 * (self._timeouts.stop_grace + FORCE_AFTER)
        raise StopTimeout(name=self.key.name, seconds=f"{waited:g}")

    async def _settled(self, owner: asyncio.Task[None]) -> bool:
        """Waits for the end of that task, the owner or an earlier one; False when it takes too long."""
        await asyncio.wait([owner], timeout=self._timeouts.stop_grace + FORCE_AFTER)
        await asyncio.sleep(0)  # its done-callback, which moves the phase, runs after those who waited first
        return owner.done()

    def kill(self) -> None:
        """End its processes at once; the owner task notices."""
        if self.running is not None:
            self.running.kill()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        """Started if need be, in use until the block ends. Raises the errors of a start; ServerGone says what became of it."""
        with self.leases.work():
            await self.start()
            connection, owner = self.connection, self._owner
            if connection is None or owner is None:
                raise never_asked(self.key.name)
            try:
                if connection.provisioner.ended.is_set():
                    raise never_asked(self.key.name)
                yield connection
            except ServerGone as gone:
                connection.provisioner.ended.set()  # a remote one is not seen to end
                await self._settled(owner)
                raise gone_in_call(self.key.name, self.life.state, gone) from gone
