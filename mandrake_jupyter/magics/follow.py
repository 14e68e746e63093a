"""Reading a run in a thread of its own, and waiting for it without deafening the kernel.

The thread only reads and puts events into a mailbox: who shows them is decided by who empties it. While the
cell runs that is the cell, afterwards (an answer that waits for a decision outlives its cell) a background
thread. Why: ``docs/decisions/magics-block-and-listen.md``.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import threading
import time
from collections.abc import Callable
from typing import Protocol

from ..client import EventStream, MandrakeClientError
from .answer import Answer

TICK = 0.25
GATHER = 0.3
STOP_PATIENCE = 7.0


class View(Protocol):
    """Where an answer is shown. All calls come from one thread at a time."""

    #: Whether it can still be written to when its cell has ended, as widgets can.
    outlives_cell: bool

    def show(self, answer: Answer) -> None:
        """Something may have changed, or a quarter of a second has gone by."""

    def settle(self, answer: Answer, *, ended: bool) -> None:
        """The cell is about to end; with `ended`, the answer too: leave what shall stay in the notebook."""

    def reopen(self) -> None:
        """Another cell goes on with the answer."""


class Following:
    """One run, followed: its stream, the answer that grows from it, the view that shows it."""

    def __init__(self, stream: EventStream, answer: Answer, view: View, cancel: Callable[[], None]):
        self.answer = answer
        self.stream = stream
        self._view = view
        self._cancel = cancel
        self._mail: queue.SimpleQueue[dict[str, object]] = queue.SimpleQueue()
        self._arrived = threading.Event()
        self._notify: Callable[[], object] = self._arrived.set
        self._last_news = self._began = time.monotonic()
        self._reader = threading.Thread(target=self._read, name="mandrake-reader", daemon=True)
        self._background: threading.Thread | None = None
        self._recalled = False

    def run(self) -> None:
        """Show the answer until it ends or waits for a person; Ctrl+C stops the run and keeps what was
        said.
        """
        self._stay()

    def rejoin(self) -> None:
        """Show on, in another cell, what went on in the background."""
        self._recalled = True
        self._arrived.set()
        if self._background is not None:
            self._background.join()
        self._recalled = False
        self._last_news = time.monotonic()
        self._view.reopen()
        self._stay()

    def _stay(self) -> None:
        try:
            self._start_reading()
            while not self._settled():
                self._arrived.wait(TICK)
                self._arrived.clear()
                self._advance()
        except KeyboardInterrupt:
            self._stop_quietly()
        self._leave_cell()

    async def run_async(self) -> None:
        """As :meth:`run`, with the kernel's event loop free to hear the buttons meanwhile."""
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        self._notify = lambda: loop.call_soon_threadsafe(arrived.set)
        try:
            self._start_reading()
            while not self._settled():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(arrived.wait(), TICK)
                arrived.clear()
                self._advance()
        except (KeyboardInterrupt, asyncio.CancelledError):
            self._notify = self._arrived.set
            self._stop_quietly()
        self._notify = self._arrived.set
        self._leave_cell()

    @property
    def outlives_cell(self) -> bool:
        return self._view.outlives_cell

    def _start_reading(self) -> None:
        if self._reader.ident is None:
            self._reader.start()

    def stop(self) -> None:
        """Ask the server to stop the run; its last event ends the answer."""
        self.answer.stopped_here = True
        self._cancel()

    def _settled(self) -> bool:
        if self.answer.ended:
            return True
        quiet = time.monotonic() - self._last_news
        return quiet >= GATHER and (self.answer.status == "waiting" or self.answer.needs_kernel)

    def _advance(self) -> None:
        while True:
            try:
                event = self._mail.get_nowait()
            except queue.Empty:
                break
            self._last_news = time.monotonic()
            self.answer.apply(event)
        if not self.answer.ended or self.answer.seconds is None:
            self.answer.seconds = time.monotonic() - self._began
        self._view.show(self.answer)

    def _stop_quietly(self) -> None:
        """After an interrupt: cancel, and give the run a few seconds to say its last word; a second one
        gives up.
        """
        try:
            threading.Thread(target=self._try_cancel, name="mandrake-stop", daemon=True).start()
            deadline = time.monotonic() + STOP_PATIENCE
            while not self.answer.ended and time.monotonic() < deadline:
                self._arrived.wait(TICK)
                self._arrived.clear()
                self._advance()
        except KeyboardInterrupt:
            pass
        if not self.answer.ended:
            self.stream.close()
            self.answer.stopped_here = True
            self.answer.apply({"type": "cancelled"})

    def _try_cancel(self) -> None:
        try:
            self.stop()
        except MandrakeClientError as exc:
            self._mail.put(_failure(exc))
            self._notify()

    def _leave_cell(self) -> None:
        if self.answer.ended:
            self._view.settle(self.answer, ended=True)
            return
        self._view.settle(self.answer, ended=False)
        context = contextvars.copy_context()
        self._background = threading.Thread(
            target=context.run, args=(self._go_on,), name="mandrake-background", daemon=True
        )
        self._background.start()

    def _go_on(self) -> None:
        while not self.answer.ended:
            self._arrived.wait(TICK)
            self._arrived.clear()
            if self._recalled:
                return
            self._advance()
        self._view.settle(self.answer, ended=True)

    def _read(self) -> None:
        try:
            with self.stream as events:
                for event in events:
                    self._mail.put(event)
                    self._notify()
        except MandrakeClientError as exc:
            self._mail.put(_failure(exc))
        except RuntimeError:
            return  # the kernel's loop is closed: the kernel ends
        try:
            self._notify()
        except RuntimeError:
            return


def _failure(exc: MandrakeClientError) -> dict[str, object]:
    """An error of the connection as the event that ends the answer here."""
    return {
        "type": "error",
        "content": exc.message,
        "code": exc.code,
        "then": exc.then,
        "actions": list(exc.actions),
        "retryable": exc.retryable,
        "retry_after": exc.retry_after,
    }
