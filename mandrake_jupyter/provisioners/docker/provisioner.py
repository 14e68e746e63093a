"""MCP servers in containers of a Docker engine, each attached to over its stdin and stdout and gone with it.

The container ends with its launch: politely, then by the engine, and by its guardian where Jupyter itself was killed.
What even that leaves is swept by its labels, once its owner is known to be dead.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import EngineOff, EngineRefused, MandrakeError
from ...lifecycle.resource_limits import Over
from ...lifecycle.sweep import Alive
from ..base import LaunchSpec, LogSink, Provisioner, Swept
from ..stdio import talk
from . import images, ownership
from .engine import Engine
from .events import Told, listen
from .guarding import Guard
from .profile import create_options
from .stats import Stats
from .stream import Attached, attach

if TYPE_CHECKING:
    from docker import APIClient
    from mcp.client._transport import Transport, TransportStreams

#: Seconds between SIGTERM and SIGKILL, and those in which a forced end is waited for.
TERM_GRACE, FORCED = 1.0, 5.0
#: Seconds between two looks for one that the engine is removing.
LOOK_AGAIN = 0.03
#: Seconds after the end of its stdout in which the engine tells why; and those for the rest of its log.
WHY = 1.5
#: Seconds in which a container is paused or goes on.
PAUSE = 5.0
#: Seconds for which the engine may tell the state before the last change, and those until it is asked again.
SETTLED_WITHIN, ASK_AGAIN = 1.0, 0.05


class DockerProvisioner(Provisioner):
    """One container, made and removed by one `launch`."""

    can_pause: ClassVar[bool] = True
    shared: ClassVar[bool] = True

    def __init__(self, spec: LaunchSpec, log: LogSink) -> None:
        super().__init__(spec, log)
        self._id = ""
        self._name = f"mandrake-{secrets.token_hex(8)}"
        self._engine = Engine(spec.name)
        self._told = Told()
        self._guard: Guard | None = None
        self._fault: MandrakeError | None = None
        self._paused = False
        self._prepared = False
        self._stats: Stats | None = None

    @property
    def container(self) -> str | None:
        return self._id or None

    def poll(self) -> int | None:
        return self._told.code

    @property
    def fault(self) -> MandrakeError | None:
        return self._fault

    @property
    def over(self) -> Over | None:
        return Over("memory_mb", self.spec.limits.memory_mb or 0, whole=True) if self._told.oom else None

    def stats(self) -> Mapping[str, float]:
        return self._stats.look() if self._stats and not self._told.ended.is_set() else {}

    def kill(self) -> None:
        if self._guard is not None:
            self._guard.kill()

    async def pause(self) -> None:
        self._paused = True  # also where no answer comes: then it may be
        try:
            await self._turn("pause the container", lambda api: api.pause(self._id), "is already paused")
        except EngineRefused:
            self._paused = False
            raise

    async def resume(self) -> None:
        await self._turn("resume the container", lambda api: api.unpause(self._id), "is not paused")
        self._paused = False

    async def _turn(self, what: str, ask: Callable[[Any], object], so_already: str) -> None:
        """Done also where the engine says that it is so already: a pause that was never answered was none, somebody else paused
        it. Only, of two changes in a row the engine may hear of the first one last, and for a moment tell that one: it is asked
        again for so long.
        """
        until = time.monotonic() + SETTLED_WITHIN
        while True:
            try:
                await self._engine.call(what, ask, timeout=PAUSE)
                return
            except EngineRefused as exc:
                if so_already not in exc.fields["why"]:
                    raise
                if time.monotonic() >= until:
                    return
            await asyncio.sleep(ASK_AGAIN)

    @classmethod
    async def sweep(cls, place: str, alive: Alive) -> int:
        """Those of all dead owners on this engine, whatever they were for: their own marks say whether one lives, as an
        owner may have another data directory than ours.
        """
        swept = await cls.sweep_all()
        return swept.ended if swept else 0

    @classmethod
    async def sweep_all(cls) -> Swept | None:
        return await ownership.sweep(Engine("*"))

    async def prepare(self, timeout: float) -> None:
        try:
            await images.have(self._engine, self.spec, self.log, self.progress, timeout)
        except BaseException:
            self._engine.close()
            raise
        self._prepared = True

    def launch(self, grace: float) -> Transport:
        return self._launch(grace)

    @asynccontextmanager
    async def _launch(self, grace: float) -> AsyncIterator[TransportStreams]:
        async with AsyncExitStack() as stack:
            stack.callback(self._engine.close)
            if not self._prepared:
                await self.prepare(images.PULL_TIMEOUT)
            attached = await self._start(stack, grace)
            assert self._guard is not None
            async with talk(
                self.spec.name,
                attached,
                attached.writer,
                self.log,
                ended=self._why,
                end=lambda: self._end(attached, grace),
                force=lambda: None,
            ) as streams:
                yield streams

    async def _start(self, stack: AsyncExitStack, grace: float) -> Attached:
        """Made, attached and started, in this order, so that nothing of it is missed; `stack` removes it."""
        self._guard = guard = await Guard.spawn(self._engine, self._name, grace)
        stack.push_async_callback(guard.close)
        stack.push_async_callback(self._remove)
        made = await self._engine.call(
            "make the container",
            lambda api: api.create_container(
                **create_options(self.spec, api.create_host_config), name=self._name
            ),
        )
        self._id = made["Id"]
        self._stats = Stats(self.spec.name, self._id)
        stack.push_async_callback(self._stats.close)
        for warning in made.get("Warnings") or ():
            self.log("mandrake", f"Docker: {warning}")
        ready = asyncio.Event()
        listening = asyncio.create_task(
            listen(self._engine, self._id, self._told, ready), name=f"end of {self.spec.name}"
        )
        stack.push_async_callback(_over, listening)
        attached = await attach(self._engine, self._id, self.log)
        stack.callback(attached.close)
        await asyncio.gather(ready.wait(), guard.here())
        await self._engine.call("start the container", lambda api: api.start(self._id))
        return attached

    async def _why(self) -> None:
        """It stopped talking: the engine says a moment later why, unless it is the engine that went."""
        await asyncio.wait([asyncio.ensure_future(self._told.ended.wait())], timeout=WHY)
        if self._told.code is None:
            try:
                await self._engine.call("answer", lambda api: api.ping(), timeout=WHY)
            except MandrakeError as exc:
                self._fault = exc
        self.ended.set()

    async def _end(self, attached: Attached, grace: float) -> None:
        """Politely, as far as there is time; `_remove` is the end in any case."""
        if self._told.code is not None:
            return
        if self._paused:
            await self._remove()  # the engine thaws it for that; politeness would wait for ever
            return
        attached.end_input()
        if not await self._ended_within(grace):
            with contextlib.suppress(MandrakeError):
                await self._engine.call("end the container", lambda api: api.kill(self._id, "SIGTERM"))
            await self._ended_within(TERM_GRACE)

    async def _ended_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._told.ended.wait()
        return self._told.ended.is_set()

    async def _remove(self) -> None:
        """By force, where it is still there. The guardian does it where this is cut short."""
        assert self._guard is not None
        try:
            await self._engine.call(
                "remove the container",
                lambda api: api.remove_container(self._name, force=True, v=True),
                timeout=FORCED,
            )
        except EngineRefused as exc:
            if self._id and exc.fields["engine_status"] in (404, 409):  # gone, or going
                await self._removed()
                self._guard.done()
            else:
                self._guard.kill()
        except EngineOff:
            self._guard.kill()
        except asyncio.CancelledError:
            self._guard.kill()
            raise
        else:
            self._guard.done()

    async def _removed(self) -> None:
        """The engine is removing it by itself; that may take it a moment."""

        def look(api: APIClient) -> None:
            inspect: Callable[[str], Any] = api.inspect_container
            inspect(self._id)

        with contextlib.suppress(MandrakeError, TimeoutError):  # EngineRefused: it is gone
            async with asyncio.timeout(FORCED):
                while True:
                    await self._engine.call("look for the container", look, timeout=FORCED)
                    await asyncio.sleep(LOOK_AGAIN)


async def _over(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
