"""Gives chats that nobody named a title once they have a first complete answer, in the background: nobody waits for it.

It hears of the end of each run. What goes wrong leaves the name as it is, the first words of the chat: there is one try.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import MandrakeError
from ..lifecycle.announce import Announcement, Changed, RunEnded
from ..values import JSON, SessionKey, WorkspaceKey

if TYPE_CHECKING:
    from .opened import Opened

#: Begins the ids of models that are too small to be asked.
DEMO = "demo/"
log = logging.getLogger("mandrake_jupyter")


class Titles:
    """A sink of the hub, for as long as `opened` is. Only the first answer of a chat is one to ask for; a second request may be
    under way where that was edited meanwhile, and then the first comes to nothing."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._asking: dict[tuple[str, str], asyncio.Task[None]] = {}  #: by chat and run

    def hear(self, announcement: Announcement, told: JSON) -> None:
        match announcement:
            case RunEnded(state="done"):
                self._begin(announcement)
            case Changed(what="deleted", id=session_id):
                for (chat, _), task in self._asking.items():
                    if chat == session_id:
                        task.cancel()

    def _begin(self, ended: RunEnded) -> None:
        supervisor, key = self._opened.services.supervisor, (ended.session_id, ended.run_id)
        wanted = self._opened.registry.title_chats and ended.model and not ended.model.startswith(DEMO)
        if not wanted or supervisor.closed:
            return
        task = supervisor.spawn(f"title of chat {ended.session_id}", self._give(ended))
        self._asking[key] = task
        task.add_done_callback(lambda _: self._asking.pop(key, None))

    async def _give(self, ended: RunEnded) -> None:
        from ..sessions.titles import WITHIN, ask_for_title
        from ..stores import titling

        services = self._opened.services
        try:
            async with asyncio.timeout(WITHIN):
                if (said := await titling.due(services.database, ended.session_id, ended.run_id)) is None:
                    return
                async with self._opened.projects.use(WorkspaceKey(ended.workspace_id)) as project:
                    model = await project.models.resolve(ended.model)
                title = await ask_for_title(model, *said)
            if not title:
                return
            if not await titling.give(services.database, ended.session_id, ended.run_id, title):
                return
        except (MandrakeError, TimeoutError) as exc:
            log.info("Chat %s keeps its first words as its name: %s", ended.session_id, repr(exc))
            return
        key = SessionKey(ended.workspace_id, ended.session_id)
        if (chat := self._opened.chats.peek(key)) is not None:
            chat.row = replace(chat.row, name=title, titled=True)
        changed = Changed("session", ended.workspace_id, ended.session_id, "changed")
        self._opened.registry.hub.announce(changed)
