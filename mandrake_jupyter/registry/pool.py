"""Services that live by key: made once at first use, lent out, put away, never more than there is room for.

Knows no kind of service; subclasses say how one is made and ended. There is no await between finding a service and leasing it,
nor between deciding to end one and its phase ``stopping``; who comes during an end waits for it and gets a new one.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Generic, TypeVar

from ..errors import Busy, ReleaseTimeout, Unavailable
from ..lifecycle.announce import Announce, Culled, Kind, Moved, Why
from ..lifecycle.backoff import Backoff
from ..lifecycle.culling import Seen
from ..lifecycle.leases import Leases
from ..lifecycle.limits import Room
from ..lifecycle.phases import Phase, State
from ..lifecycle.supervisor import Supervisor
from .entry import Entry

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
#: How many keys are remembered with the reason why they were put away.
REMEMBERED = 1000
STOPPING = "The Jupyter server is stopping."
RELEASED = "It was shut down."


class Pool(ABC, Generic[K, T]):
    """At most `limit()` entries are starting, ready or stopping at any time; an end takes at most `stop_timeout()` seconds."""

    kind: ClassVar[Kind]
    what: ClassVar[str]
    way_out: ClassVar[str]

    def __init__(
        self,
        *,
        supervisor: Supervisor,
        clock: Callable[[], float],
        announce: Announce,
        limit: Callable[[], int],
        stop_timeout: Callable[[], float],
    ) -> None:
        self.entries: dict[K, Entry[K, T]] = {}
        self.room = Room(self.what, self.way_out, limit, self.entries.values)
        self.backoff = Backoff(clock)
        self._supervisor = supervisor
        self._clock = clock
        self._announce = announce
        self._stop_timeout = stop_timeout
        self._reasons: OrderedDict[K, str] = OrderedDict()
        self._late: set[asyncio.Future[Any]] = set()
        self._closed = False

    # What a kind of service says of itself.

    @abstractmethod
    async def make(self, key: K, leases: Leases) -> T:
        """Open the service; it keeps `leases`. Raises what its callers are to see."""

    @abstractmethod
    async def close(self, key: K, service: T) -> None:
        """End it; what it stores comes back with the next ``make``."""

    def ended(self, key: K) -> None:
        """Called when it is gone, however its end went."""

    @abstractmethod
    def ids(self, key: K) -> tuple[str, str]:
        """(workspace id, id) as they are announced."""

    def name(self, entry: Entry[K, T]) -> str:
        """For people."""
        return self.ids(entry.key)[1]

    def held(self, entry: Entry[K, T]) -> bool:
        """It must not go now, beyond what its leases say."""
        return False

    def idle_timeout(self, service: T) -> float | None:
        """Its own idle timeout in seconds; None: the culler's."""
        return None

    # Use.

    def peek(self, key: K) -> T | None:
        """The service if it is ready; makes none."""
        entry = self.entries.get(key)
        return entry.service if entry is not None and entry.phase is Phase.READY else None

    def reason(self, key: K) -> str | None:
        """Why it was put away; None when it was not, or that is long ago."""
        return self._reasons.get(key)

    async def get(self, key: K) -> T:
        """The service, not leased: for a look. Raises what ``make`` does, TooMany, Unavailable."""
        entry = await self._found(key)
        entry.leases.touch()
        return _service(entry)

    @asynccontextmanager
    async def use(self, key: K) -> AsyncIterator[T]:
        """The service, leased until the block ends."""
        entry = await self._found(key)
        entry.leases.begin()
        try:
            yield _service(entry)
        finally:
            entry.leases.end()

    async def _found(self, key: K) -> Entry[K, T]:
        while True:
            if self._closed:
                raise Unavailable(STOPPING)
            entry = self.entries.get(key) or self._begin(key)
            if entry.phase is Phase.READY:
                return entry
            if entry.ending is not None:
                await entry.gone()
                continue
            entry.waiting += 1
            try:
                await asyncio.shield(entry.ready)
            finally:
                entry.waiting -= 1

    def _begin(self, key: K) -> Entry[K, T]:
        self.backoff.check(key)
        self.entries[key] = entry = Entry(key, self, self._clock)
        entry.ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())
        entry.making = self._supervisor.spawn(
            f"start of {self.kind} {self.ids(key)[1]}", self._bring_up(entry)
        )
        entry.making.add_done_callback(lambda _: self._settle(entry))
        return entry

    async def _bring_up(self, entry: Entry[K, T]) -> None:
        try:
            await self.room.make()
            entry.life.to(Phase.STARTING)
            entry.service = await self.make(entry.key, entry.leases)
        except Exception as exc:
            if entry.ending is None:
                self._forget(entry)
                self.backoff.failed(entry.key, exc)
                if entry.phase is Phase.STARTING:
                    entry.life.to(Phase.FAILED, str(exc))
            if not entry.ready.done():
                entry.ready.set_exception(exc)
            return
        if entry.ending is None:
            self.backoff.clear(entry.key)
            self._reasons.pop(entry.key, None)
            entry.leases.touch()
            entry.life.to(Phase.READY)
            entry.ready.set_result(None)

    def _settle(self, entry: Entry[K, T]) -> None:
        """However its making went, nobody waits for it for ever."""
        if not entry.ready.done():
            entry.ready.set_exception(
                Unavailable(f"{entry.title} was put away before it was ready.", retry_after=1)
            )
        if entry.ending is None and entry.service is None:
            self._forget(entry)

    # Ends.

    async def release(
        self, key: K, *, force: bool = False, work: Callable[[T], Coroutine[Any, Any, None]] | None = None
    ) -> bool:
        """End what is held for `key`; False when nothing was. `work` replaces ``close``. Raises Busy unless `force`."""
        entry = self.entries.get(key)
        if entry is None:
            return False
        if entry.ending is not None:
            await entry.gone()
            return False
        if not force and (entry.leases.busy or entry.held):
            raise Busy(what=entry.title)
        await asyncio.shield(self.begin_end(entry, RELEASED, work))
        return True

    def cull(self, entry: Entry[K, T], why: Why, reason: str) -> asyncio.Task[None]:
        """Begin to end it to free what it holds; said to whoever listens, and remembered."""
        if entry.ending is None:
            workspace_id, id = self.ids(entry.key)
            self._announce(Culled(self.kind, workspace_id, id, why, reason, entry.leases.unused_seconds))
        return self.begin_end(entry, reason)

    def begin_end(
        self, entry: Entry[K, T], reason: str, work: Callable[[T], Coroutine[Any, Any, None]] | None = None
    ) -> asyncio.Task[None]:
        """Its phase is ``stopping`` when this returns; the task raises what its end raised, after it is gone."""
        if entry.ending is None:
            if entry.phase is not Phase.NEW:
                entry.life.to(Phase.STOPPING, reason)
            name = f"end of {self.kind} {self.ids(entry.key)[1]}"
            entry.ending = self._supervisor.spawn(name, self._end(entry, reason, work))
        return entry.ending

    async def _end(
        self, entry: Entry[K, T], reason: str, work: Callable[[T], Coroutine[Any, Any, None]] | None
    ) -> None:
        problem: BaseException | None = None
        try:
            if entry.making is not None and not entry.making.done():
                entry.making.cancel()
                problem = await self._bounded(entry, entry.making)
            if entry.service is not None:
                closing = work(entry.service) if work else self.close(entry.key, entry.service)
                problem = await self._bounded(entry, asyncio.ensure_future(closing))
                if problem and work:  # nothing of it may stay at work all the same
                    await self._bounded(entry, asyncio.ensure_future(self.close(entry.key, entry.service)))
        finally:
            self._forget(entry)
            self.ended(entry.key)
            self._remember(entry.key, reason)
            if entry.phase is Phase.STOPPING:
                entry.life.to(Phase.FAILED if problem else Phase.STOPPED, str(problem or reason))
        if problem is not None:
            raise problem

    async def _bounded(self, entry: Entry[K, T], task: asyncio.Future[Any]) -> BaseException | None:
        """Waits for `task` as long as an end may take, then cancels it; what went wrong."""
        timeout = self._stop_timeout()
        try:
            await asyncio.wait({task}, timeout=timeout)
        finally:
            if not task.done():
                task.cancel()
                self._late.add(task)
                task.add_done_callback(self._late.discard)
        if not task.done():
            return ReleaseTimeout(what=entry.title, seconds=f"{timeout:g}")
        return None if task.cancelled() else task.exception()

    def _forget(self, entry: Entry[K, T]) -> None:
        if self.entries.get(entry.key) is entry:
            del self.entries[entry.key]

    def _remember(self, key: K, reason: str) -> None:
        self._reasons[key] = reason
        self._reasons.move_to_end(key)
        if len(self._reasons) > REMEMBERED:
            self._reasons.popitem(last=False)

    async def stop(
        self, timeout: float, work: Callable[[T], Coroutine[Any, Any, None]] | None = None
    ) -> list[str]:
        """End all of them at once, within `timeout` seconds; no further use. What did not end well, in words."""
        self._closed = True
        ends = {self.begin_end(entry, STOPPING, work): entry for entry in list(self.entries.values())}
        if not ends:
            return []
        names = {task: self.name(entry) for task, entry in ends.items()}
        done, late = await asyncio.wait(ends, timeout=timeout)
        for task in late:
            task.cancel()
        problems = [
            f"{names[task]}: {exc}" for task in done if not task.cancelled() and (exc := task.exception())
        ]
        return problems + [f"{names[task]}: not stopped within {timeout:.1f} s" for task in late]

    # Looks.

    def moved(self, entry: Entry[K, T], old: State, new: State) -> None:
        workspace_id, id = self.ids(entry.key)
        seconds = max(0.0, new.at - old.at)
        self._announce(Moved(self.kind, workspace_id, id, old.phase, new.phase, new.reason, seconds))

    def look(self, without: frozenset[str] = frozenset()) -> Iterator[Seen]:
        return (self.seen(entry) for entry in list(self.entries.values()))

    def seen(self, entry: Entry[K, T]) -> Seen:
        leases, service = entry.leases, entry.service
        return Seen(
            entry.key,
            self.name(entry),
            entry.life.phase,
            entry.life.seconds,
            leases.unused_seconds,
            leases.busy_seconds,
            leases.busy + entry.waiting,
            leases.connections,
            None if service is None else self.idle_timeout(service),
            used=leases.used,
        )


def _service(entry: Entry[K, T]) -> T:
    assert entry.service is not None
    return entry.service
