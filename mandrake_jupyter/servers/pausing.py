"""Pausing one MCP server where it runs, and resuming it at its next use.

It is ``paused`` before it is told to pause, in the same breath in which nobody was seen to use it: whoever comes meanwhile
resumes it. What no engine answered stays ``paused``, as nobody knows: the next use asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import Conflict, EngineOff, MandrakeError, MCPError, RequestTimeout
from ..lifecycle.phases import Phase
from .endings import never_asked
from .several import each

if TYPE_CHECKING:
    from ..lifecycle.supervisor import SingleFlight, Supervisor
    from ..provisioners.base import Provisioner
    from .server import MCPServer

#: Seconds either may take, where its provisioner has no deadline of its own.
TIMEOUT = 10.0


class Pausing:
    """Of one MCP server; `flights` are its own."""

    def __init__(self, server: MCPServer, supervisor: Supervisor, flights: SingleFlight[None]) -> None:
        self._server = server
        self._supervisor = supervisor
        self._flights = flights
        self._task: asyncio.Task[None] | None = None

    @property
    def possible(self) -> bool:
        """Whether it lives where it can be paused."""
        return self._server.running is not None and self._server.running.can_pause

    def begin(self, reason: str = "") -> asyncio.Task[None]:
        """It is ``paused`` when this returns, and does nothing any more when the task is done. Raises Conflict, of which
        nothing came. The task raises MCPError where it could not be paused: then it is ready.
        """
        server, name = self._server, self._server.key.name
        if server.phase is Phase.PAUSED and self._task is not None:
            return self._task
        running = server.running
        if server.phase is not Phase.READY or running is None or server.connection is None:
            raise Conflict(f'The MCP server "{name}" is not running, so there is nothing to pause.')
        if not running.can_pause:
            raise Conflict(
                f'The MCP server "{name}" can\'t be paused where it runs.',
                then="Those in containers can. Stop it instead: its next use starts it again.",
            )
        if server.leases.busy:
            raise Conflict(f'The MCP server "{name}" is at work.', then="Pause it when it has finished.")
        server.life.to(Phase.PAUSED, reason)
        self._task = self._supervisor.spawn(f"pause of MCP server {name}", self._freeze(running))
        return self._task

    async def _freeze(self, running: Provisioner) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                await running.pause()
        except (EngineOff, TimeoutError):
            pass  # it may have been: whoever uses it next resumes it
        except MandrakeError as exc:
            if self._is_paused(running):
                self._server.life.to(Phase.READY, str(exc))
            raise

    def _is_paused(self, running: Provisioner) -> bool:
        return self._server.phase is Phase.PAUSED and self._server.running is running

    async def resume(self) -> None:
        """Ready when it returns, if it was paused. Raises EngineOff and RequestTimeout, after which it is still paused;
        ServerGone when it is not there any more.
        """
        if self._server.phase is Phase.PAUSED:
            await self._flights.run("resume", self._thaw)

    async def _thaw(self) -> None:
        server, running = self._server, self._server.running
        if self._task is not None:
            await asyncio.wait([self._task])
        if running is None or not self._is_paused(running):
            return
        try:
            async with asyncio.timeout(TIMEOUT):
                await running.resume()
        except TimeoutError:
            raise RequestTimeout(name=server.key.name, what="going on", seconds=f"{TIMEOUT:g}") from None
        except EngineOff:
            raise
        except MCPError as exc:
            running.ended.set()  # what can't go on is of no use: its next use starts another one
            await server.gone()
            raise never_asked(server.key.name) from exc
        if self._is_paused(running):
            server.leases.touch()
            server.life.to(Phase.READY)


async def pause(name: str, servers: Sequence[MCPServer]) -> None:
    """All of one entry that are ready; none of them runs when it returns. Raises Conflict."""
    living = [server for server in servers if server.phase in (Phase.READY, Phase.PAUSED)]
    if not living:
        raise Conflict(f'The MCP server "{name}" is not running, so there is nothing to pause.')
    await each(_done(server.pausing.begin()) for server in living)


async def resume(name: str, servers: Sequence[MCPServer]) -> None:
    """All of one entry that are paused. Raises Conflict where none is, or runs."""
    living = [server for server in servers if server.phase in (Phase.READY, Phase.PAUSED)]
    if not living:
        raise Conflict(f'The MCP server "{name}" is not paused.', then="Start it.")
    await each(server.pausing.resume() for server in living)


async def _done(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)
