"""The messages of one chat that wait for their turn, oldest first. They are durable: what is left here is found in the store."""

from __future__ import annotations

from collections import deque

from .run import Run


class Waiting(deque[Run]):
    """`held`: taken from the store, where an ended Jupyter server left them. A queue that nobody is there to see starts
    nothing; who reads on, writes or decides in the chat is there.
    """

    held = False

    def put_back(self, run: Run) -> None:
        self.append(run)
        self.held = True

    def take(self) -> Run | None:
        """The next one, if it may begin."""
        return self.popleft() if self and not self.held else None

    def leave(self) -> list[Run]:
        """Forgets them as they are, and those who read them end; who comes next finds them."""
        left = list(self)
        self.clear()
        for run in left:
            run.ledger.log.detach()
        return left
