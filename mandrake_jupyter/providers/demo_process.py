"""The life of the demo model's child process: started by the first use, ended when idle, begun anew after a
crash.

At most one per Jupyter server, under a guardian, reached over a unix socket. Never loads the model in
this process.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ..errors import ProviderTimeout, ProviderTrouble
from ..lifecycle.environment import clean_environment
from ..lifecycle.processes import GuardedProcess
from ..lifecycle.sampling import Meter
from ..lifecycle.supervisor import SingleFlight, Supervisor
from ..values import JSON
from . import demo_child
from .demo_room import Room
from .guarded import spawned
from .keys import VARIABLES

IDLE_TIMEOUT = 600.0
START_TIMEOUT = 60.0
NAME = "The demo model"
#: Keys of other models are none of its business.
SECRET = VARIABLES
#: Lines of its stderr that are kept.
TAIL = 20

log = logging.getLogger("mandrake_jupyter")


class Child:
    """One running process and the room its socket lies in."""

    def __init__(self, process: GuardedProcess, room: Room) -> None:
        self.process = process
        self.socket = room.socket
        self._room = room
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._listening = asyncio.ensure_future(self._listen())

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    @property
    def tail(self) -> str:
        return " ".join(self._tail)[-300:]

    async def ready(self) -> None:
        """Raises :class:`ProviderTrouble` when it ends instead."""
        if await self.process.stdout.readline() != b"ready\n":
            code = await self.process.wait()
            await asyncio.wait([self._listening])
            raise ProviderTrouble(
                provider=NAME, reason=f"Its process ended with code {code}. {self.tail}".strip()
            )

    async def gone_within(self, seconds: float) -> bool:
        """Whether it has ended, or does so within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self.process.wait()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        try:
            await self.process.stop(grace=1.0)
        finally:
            self._listening.cancel()
            await asyncio.wait([self._listening])
            self._room.close()

    async def _listen(self) -> None:
        async for line in self.process.stderr:
            self._tail.append(line.decode(errors="replace").strip())


class DemoProcess:
    """`clock` is monotonic seconds; `idle_timeout` 0 keeps the process for ever."""

    def __init__(
        self,
        supervisor: Supervisor,
        model: Callable[[], Path],
        *,
        idle_timeout: float = IDLE_TIMEOUT,
        start_timeout: float = START_TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.idle_timeout = idle_timeout
        self._start_timeout = start_timeout
        self._model = model
        self._clock = clock
        self._flights: SingleFlight[Child] = SingleFlight(supervisor)
        self._starting: asyncio.Task[object] | None = None
        self._child: Child | None = None
        self._users = 0
        self._last_used = clock()
        self._meter = Meter(lambda: self._child.process.stats() if self._child else {}, clock=clock)

    def usage(self) -> JSON:
        """``{memory, cpu}`` of the child: bytes, percent of one core; None where there is none."""
        return self._meter.look()

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.process.child_pid if self._child and self._child.alive else None

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Child]:
        """The running child, started where there is none; it is not stopped for idleness meanwhile.

        Raises ProviderTimeout or ProviderTrouble when it does not start. A cancelled caller cancels only
        its wait.
        """
        self._users += 1
        try:
            child = self._child
            if child is None or not child.alive:
                child = await self._flights.run("the demo model", self._start)
            yield child
        finally:
            self._users -= 1
            self._last_used = self._clock()

    async def stop_if_idle(self, now: float) -> bool:
        """Stop the child when nobody has used it for `idle_timeout` seconds; whether it was stopped."""
        idle = now - self._last_used
        if not self.pid or self._users or not 0 < self.idle_timeout <= idle:
            return False
        log.info("The demo model was not used for %.0f s and is stopped.", idle)
        await self.stop()
        return True

    async def stop(self) -> None:
        """End the child and what is starting. Idempotent; answers under way break off."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        child, self._child = self._child, None
        if child is not None:
            await child.stop()

    async def _start(self) -> Child:
        self._starting = asyncio.current_task()
        try:
            old, self._child = self._child, None
            if old is not None:
                await old.stop()
            self._child = await self._launch()
            return self._child
        finally:
            self._starting = None

    async def _launch(self) -> Child:
        room = await asyncio.to_thread(Room)
        try:
            # -P: this folder's modules must not stand before the standard library's.
            argv = [sys.executable, "-P", demo_child.__file__, str(self._model()), room.socket]
            env = {name: value for name, value in clean_environment().items() if name not in SECRET}
            process = await spawned("the demo model", argv, env=env)
        except BaseException:
            room.close()
            raise
        child = Child(process, room)
        try:
            async with asyncio.timeout(self._start_timeout):
                await child.ready()
        except TimeoutError as exc:
            await child.stop()
            raise ProviderTimeout(provider=NAME, seconds=f"{self._start_timeout:g}") from exc
        except BaseException:
            await child.stop()
            raise
        return child
