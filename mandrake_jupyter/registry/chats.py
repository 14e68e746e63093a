"""The open sessions of one Jupyter server: each a coordinator over its store, made at first use, put away when idle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Any

from ..lifecycle.announce import Why
from ..lifecycle.culling import Seen
from ..lifecycle.leases import Leases
from ..values import SessionKey, WorkspaceKey, utcnow
from .entry import Entry
from .pool import Pool

if TYPE_CHECKING:
    import asyncio

    from ..sessions.session import SessionCoordinator


class Chats(Pool[SessionKey, "SessionCoordinator"]):
    """`open_chat` builds a coordinator that keeps the leases it is given. The ``Subjects`` of the session culler."""

    kind = "session"
    what = "chats"
    way_out = "ServiceRegistry.max_sessions"
    memory_over = 0

    def __init__(
        self,
        *,
        open_chat: Callable[[SessionKey, Leases], Awaitable[SessionCoordinator]],
        detached: Callable[[SessionKey], None],
        limit: Callable[[], int],
        **kwargs: Any,
    ) -> None:
        super().__init__(limit=limit, **kwargs)
        self._open_chat = open_chat
        self._detached = detached
        self._limit = limit

    async def make(self, key: SessionKey, leases: Leases) -> SessionCoordinator:
        return await self._open_chat(key, leases)

    async def close(self, key: SessionKey, service: SessionCoordinator) -> None:
        await service.put_away()

    def ended(self, key: SessionKey) -> None:
        self._detached(key)

    def ids(self, key: SessionKey) -> tuple[str, str]:
        return key.workspace_id, key.session_id

    def name(self, entry: Entry[SessionKey, SessionCoordinator]) -> str:
        return entry.service.row.name if entry.service else entry.key.session_id

    def idle_timeout(self, service: SessionCoordinator) -> float | None:
        return service.row.cull_idle_timeout

    def of(self, workspace: WorkspaceKey) -> list[Entry[SessionKey, SessionCoordinator]]:
        return [e for e in self.entries.values() if e.key.workspace_id == workspace.workspace_id]

    # Subjects of a culler.

    @property
    def count(self) -> int:
        return len(self.entries)

    def tidy(self) -> Iterator[None]:
        """Ends what has waited for a person for too long."""
        now = utcnow()
        for entry in list(self.entries.values()):
            if entry.service is not None:
                entry.service.expire(now)
            yield

    @property
    def limit(self) -> int:
        return self._limit()

    def look_at(self, key: Hashable) -> Seen | None:
        entry = self.entries.get(key)  # type: ignore[call-overload]
        return None if entry is None else self.seen(entry)

    def end(self, key: Hashable, why: Why, reason: str) -> asyncio.Future[None]:
        return self.cull(self.entries[key], why, reason)  # type: ignore[index]
