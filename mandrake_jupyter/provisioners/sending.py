"""What became of one message on its way to an MCP server over HTTP, for whoever sent it.

The SDK sends a message in the context of who asked, but tells him little of an answer that is none: a word for all
statuses. So the HTTP client notes it in that context (`note`), and who asked reads it there (`sending`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """An answer that is none of the protocol, by its HTTP `status`; 0 where there was no connection at all. `where` is
    the address without query and password; of a redirect the one it leads to.
    """

    status: int
    where: str

    @property
    def never_seen(self) -> bool:
        """The MCP server did not look at the message: there was no connection, or it does not know our session."""
        return self.status in (0, 404)


@dataclass
class Sent:
    """`refusal` is that of the last answer, `taken` that it took a message before; `over` when nobody waits any more."""

    refusal: Refusal | None = None
    taken: bool = False
    over: bool = False

    def told(self, refusal: Refusal | None) -> None:
        self.refusal = refusal
        self.taken = self.taken or refusal is None


_sent: ContextVar[Sent | None] = ContextVar("mandrake_mcp_sent", default=None)


@contextmanager
def sending() -> Iterator[Sent]:
    """Around one question or call."""
    sent = Sent()
    token = _sent.set(sent)
    try:
        yield sent
    finally:
        sent.over = True
        _sent.reset(token)


def current() -> Sent | None:
    """That of whoever asked; None for what we ask ourselves, to connect and to listen."""
    return _sent.get()
