"""Lets go, in the background, of what is stored and no longer kept: deleted chats, what is too old, what deletions left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ..errors import StoreUnavailable
from ..lifecycle.announce import Announce, Changed
from ..values import utcnow

if TYPE_CHECKING:
    from ..stores.sessions import SessionStore
    from ..stores.upkeep import Keep

#: Seconds between two looks; a deletion is looked after at once.
EVERY = 60.0
#: Looks between two for what is too old.
RETIRE_EVERY = 60

logger = logging.getLogger("mandrake_jupyter")


class Housekeeping:
    """`held` tells the ids of open chats, which stay. Its task is the supervisor's; the first look is at first use."""

    def __init__(
        self,
        sessions: SessionStore,
        *,
        keep: Callable[[], Keep],
        held: Callable[[], set[str]],
        announce: Announce,
    ) -> None:
        from ..sessions.posting import first_words
        from ..stores.aside import purge_messages
        from ..stores.upkeep import Upkeep

        self._sessions = sessions
        self._upkeep = Upkeep(sessions.database)
        self._purge_messages = partial(purge_messages, rule=first_words)
        self._keep = keep
        self._held = held
        self._announce = announce
        self._looks = 0

    async def run(self) -> None:
        deleted = self._sessions.database.deleted
        while True:
            deleted.clear()
            try:
                await self.look()
            except StoreUnavailable as exc:
                logger.info("What is stored was not looked after: %s", exc)
            except Exception:
                logger.exception("What is stored could not be looked after")
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await deleted.wait()

    def due(self) -> None:
        """The next look is for what is too old, too."""
        self._looks = 0

    async def look(self) -> None:
        """Raises :class:`StoreUnavailable`; what was not done then is done by the next look."""
        if self._sessions.database.refusal is not None:
            return
        await self._sessions.purge(utcnow())
        for workspace_id, session_id, renamed in await self._purge_messages(
            self._sessions.database, utcnow()
        ):
            if renamed:
                self._announce(Changed("session", workspace_id, session_id, "changed"))
        if self._looks % RETIRE_EVERY == 0:
            for workspace_id, session_id in await self._upkeep.retire(utcnow(), self._keep(), self._held()):
                self._announce(Changed("session", workspace_id, session_id, "deleted"))
            await self._upkeep.drop_backups()
        self._looks += 1
        await self._upkeep.wipe()
