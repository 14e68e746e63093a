"""Which chat does a notebook mean: its own, or another by id or title; and which notebook is this at all?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from ..client import MandrakeClient, MandrakeClientError

LIKE_AN_ID = re.compile(r"[\w-]+", re.ASCII)


def notebook_path(environ: Mapping[str, str], namespace: Mapping[str, Any]) -> str:
    """The path of the notebook this kernel was started for; empty where there is none, as in a terminal."""
    return str(environ.get("JPY_SESSION_NAME") or namespace.get("__vsc_ipynb_file__") or "")


class Chats:
    """The chats as one kernel sees them. A kernel without a notebook gets one chat of its own, for its
    life.
    """

    def __init__(self, notebook: str):
        self.notebook = notebook
        self._homeless_chat = ""

    def own(self, client: MandrakeClient) -> dict[str, Any]:
        """The notebook's own chat, made at first use."""
        if self.notebook:
            return client.create_session(notebook=self.notebook)
        if self._homeless_chat:
            try:
                return client.session(self._homeless_chat)
            except MandrakeClientError as exc:
                if exc.status not in (404, 410):
                    raise
        chat = client.create_session()
        self._homeless_chat = str(chat["id"])
        return chat

    def named(self, client: MandrakeClient, wanted: str) -> dict[str, Any]:
        """The chat with this id, or this exact title (the newest of several), else a new one with it."""
        if LIKE_AN_ID.fullmatch(wanted):
            try:
                return client.session(wanted)
            except MandrakeClientError as exc:
                if exc.status != 404:
                    raise
        titled = (chat for chat in client.sessions(name=wanted) if chat.get("titled", True))
        return next(titled, None) or client.create_session(wanted)

    def title(self, chat: Mapping[str, Any]) -> str:
        """What to call `chat` in the cell: its title, or the notebook's file name while it has none."""
        if self.notebook and chat.get("notebook") and not chat.get("titled"):
            return PurePath(self.notebook).name
        return str(chat.get("name") or "untitled")
