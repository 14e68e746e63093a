"""Who waits for an answer of an MCP server: what is to be told to him, and his own answers to its questions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..values import Answer, Asker, Question

_log = logging.getLogger("mandrake_jupyter")


class Deadline:
    """A deadline that stands still while a person is asked: his time is not the MCP server's."""

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout
        self._asked = 0
        self._left = 0.0

    @contextmanager
    def stands_still(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        when = self._timeout.when()
        if not self._asked and when is not None:
            self._left = when - loop.time()
            self._reschedule(None)
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1
            if not self._asked and when is not None:
                self._reschedule(loop.time() + self._left)

    def _reschedule(self, when: float | None) -> None:
        with suppress(RuntimeError):  # the call is over, or its time was up in this very moment
            self._timeout.reschedule(when)


class Caller:
    """For one call or question of ours, from before it is sent until it is answered. `notes` are words for its caller."""

    def __init__(self, asker: Asker | None) -> None:
        self.asker = asker
        self.notes: list[str] = []
        self.deadline: Deadline | None = None
        self._asking: set[asyncio.Future[Answer]] = set()
        self._one_by_one = asyncio.Lock()
        self._left = False

    @property
    def chat(self) -> str:
        """The id of the session; empty where it is of none."""
        return self.asker.chat if self.asker else ""

    def note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)

    async def ask(self, question: Question) -> Answer:
        """What the person says; ``cancel`` when the call ends before. Several questions come one after the other."""
        if self.asker is None or self._left:
            return Answer("cancel")
        asking = asyncio.ensure_future(self._ask(self.asker, question))
        self._asking.add(asking)
        asking.add_done_callback(_seen)
        try:
            await asyncio.wait({asking})
        finally:
            self._asking.discard(asking)
            asking.cancel()
        if asking.cancelled():
            return Answer("cancel")
        if (exc := asking.exception()) is not None:
            _log.warning("The question of the MCP server %s was not answered: %r", question.server, exc)
            return Answer("cancel")
        return asking.result()

    async def _ask(self, asker: Asker, question: Question) -> Answer:
        async with self._one_by_one:
            if self.deadline is None:
                return await asker.ask(question)
            with self.deadline.stands_still():
                return await asker.ask(question)

    def leave(self) -> None:
        """The call is over: nobody is asked any more."""
        self._left = True
        for asking in self._asking:
            asking.cancel()


def _seen(asking: asyncio.Future[Answer]) -> None:
    """Who waits for it may be gone by the time it ends."""
    if not asking.cancelled():
        asking.exception()
