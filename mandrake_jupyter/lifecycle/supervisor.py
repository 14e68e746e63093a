"""Background tasks with an owner: named, strongly held, logged when they fail, ended within a bound.

Plain asyncio tasks, not one shared task group: a failing or cancelled task never ends its siblings. Each runs
in an empty context, so that the request that happened to start it is not carried along. Made lazily, by
whoever composes the parts.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from ..errors import MandrakeError, Unavailable

T = TypeVar("T")

#: What a broken connection leaves behind in a group beside its cause.
_CONSEQUENCES = frozenset({"ClosedResourceError", "BrokenResourceError", "EndOfStream", "BrokenPipeError"})


def cause(exc: BaseException) -> BaseException:
    """The one exception of a (nested) group that helps a user: ours first, then what broke, last what merely
    followed.
    """
    if not isinstance(exc, BaseExceptionGroup):
        return exc
    return min(_leaves(exc), key=_rank)


def _leaves(exc: BaseException) -> list[BaseException]:
    if isinstance(exc, BaseExceptionGroup):
        return [leaf for child in exc.exceptions for leaf in _leaves(child)]
    return [exc]


def _rank(exc: BaseException) -> int:
    if isinstance(exc, MandrakeError):
        return 0
    if not isinstance(exc, Exception):
        return 3
    return 2 if type(exc).__name__ in _CONSEQUENCES else 1


async def first_of(*events: asyncio.Event) -> None:
    """Until one of them is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


class Supervisor:
    """A set of named background tasks of one loop."""

    def __init__(self, log: logging.Logger | logging.LoggerAdapter[Any] | None = None) -> None:
        self._log = log or logging.getLogger("mandrake_jupyter")
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    @property
    def tasks(self) -> frozenset[asyncio.Task[Any]]:
        """The tasks at work."""
        return frozenset(self._tasks)

    @property
    def closed(self) -> bool:
        return self._closed

    def spawn(self, name: str, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `coro` as the task `name`. An exception nobody expected is logged; :class:`Unavailable` after
        `close`.
        """
        if self._closed:
            coro.close()
            raise Unavailable("The Jupyter server is stopping.", reason=name)
        task = asyncio.get_running_loop().create_task(coro, name=name, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (exc := task.exception()) is None:
            return
        why = cause(exc)
        if isinstance(why, MandrakeError):
            self._log.info("%s: %s", task.get_name(), why)
        else:
            self._log.error("%s failed: %r", task.get_name(), why, exc_info=why)

    async def close(self, timeout: float = 5.0) -> list[str]:
        """Cancel all tasks and wait up to `timeout` seconds; returns the names of those that have not ended
        by then.
        """
        self._closed = True
        pending = {task for task in self._tasks if task is not asyncio.current_task()}
        for task in pending:
            task.cancel()
        if pending:
            _, pending = await asyncio.wait(pending, timeout=timeout)
        return sorted(task.get_name() for task in pending)


class SingleFlight(Generic[T]):
    """Makes a thing once per key, however many ask: they share one task, and a cancelled caller cancels only
    its wait.

    A failure reaches everyone who waits and is not kept: who asks next starts anew.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._flights: dict[Hashable, asyncio.Future[T]] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flights

    async def run(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """The result of the flight for `key`; `make` is called only when there is none under way."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.get_running_loop().create_future()
            task = self._supervisor.spawn(f"make {key}", self._fly(key, make, flight))
            self._flights[key] = flight
            task.add_done_callback(lambda _: self._landed(key, flight))
        return await asyncio.shield(flight)

    async def _fly(self, key: Hashable, make: Callable[[], Awaitable[T]], flight: asyncio.Future[T]) -> None:
        try:
            flight.set_result(await make())
        except Exception as exc:
            flight.set_exception(exc)
        finally:
            self._flights.pop(key, None)

    def _landed(self, key: Hashable, flight: asyncio.Future[T]) -> None:
        if self._flights.get(key) is flight:  # cancelled before its first step
            del self._flights[key]
        if not flight.done():
            flight.set_exception(Unavailable("It was stopped before it was ready.", reason=str(key)))
        flight.exception()  # read once: nobody may be waiting any more
