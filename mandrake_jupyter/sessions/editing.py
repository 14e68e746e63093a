"""What a person changes of a chat that is there: its name, a message that is asked anew or in other words, or deleted.

Whatever is edited stays in the store, replaced by the run that took its place; a delete is for good.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..errors import BadRequest, Unavailable
from ..stores import aside
from ..stores.replacing import Place
from ..stores.rows import PROMPT, UNTITLED, WITHDRAWN, SessionRow
from .posting import first_words
from .seams import Seams

Attachments = Sequence[Mapping[str, Any]]


class Editing(ABC):
    """The part of a session's coordinator that runs nothing."""

    row: SessionRow
    _seams: Seams
    _closing: bool

    def _check_open(self) -> None:
        if self._closing:
            raise Unavailable("This chat is being closed.", retry_after=1)

    @abstractmethod
    async def _mine(self) -> None:
        """Raises RunningElsewhere, Unavailable; `row` is as others left it."""

    async def change(self, **values: Any) -> None:
        """Set columns of the session's row: name, titled, model, cull_idle_timeout. Raises RunningElsewhere."""
        await self._mine()
        await self._seams.sessions.change(self.row.id, **values)
        self.row = replace(self.row, **values)

    async def _asked(
        self, replaces: str | None, content: str, attachments: Attachments | None
    ) -> tuple[SessionRow, Place | None, str, Attachments]:
        """What is posted, as it is or instead of a message of this chat; see `asked_again`. Raises MessageNotFound."""
        if replaces is None:
            return self.row, None, content, attachments or ()
        place = await self._seams.runs.place(self.row.id, replaces)
        row, content, attached = asked_again(self.row, place, content, attachments)
        return row, place, content, attached

    async def remove(self, message_id: str, until: datetime | None = None) -> None:
        """Delete a question with its answer, by the id of either: for good, or until then (UTC) so that it can be restored.

        Raises MessageNotFound, Busy, RunningElsewhere."""
        await self._mine()
        place = await self._seams.runs.place(self.row.id, message_id)
        name = None
        if _named_by(self.row, place):  # its words do not stay as the chat's name
            history = await self._seams.runs.history(self.row.id)
            others = (pair for pair in history if pair[1].id != place.run.id)
            left = (one.text for one, run in others if one.role == "user" and run.finish_reason != WITHDRAWN)
            name = first_words(next(left, UNTITLED))
        if until is None:
            await self._seams.runs.remove(self.row.id, message_id, name, first_words)
        else:
            await aside.put_aside(self._seams.runs.database, self.row.id, message_id, until, name)
        self.row = await self._seams.sessions.get(self.row.workspace_id, self.row.id)

    async def restore(self, message_id: str, now: datetime) -> None:
        """Take a delete back that is not final by `now` (UTC). Raises MessageNotFound, RunningElsewhere."""
        await self._mine()
        await aside.restore(self._seams.runs.database, self.row.id, message_id, now, first_words)
        self.row = await self._seams.sessions.get(self.row.workspace_id, self.row.id)


def asked_again(
    row: SessionRow, place: Place, content: str, attachments: Attachments | None
) -> tuple[SessionRow, str, Attachments]:
    """(row, content, attachments) of the question that replaces the one at `place`.

    A question is edited: `content` is its new text, its attachments stay as they were read then, unless others are given
    (None: none are). An answer is asked for again: with the same question. `row` is as a new message finds it: without a
    name that came from the replaced words, with the notebook that was open then. Raises BadRequest.
    """
    kept: Attachments = place.question.attachments
    if place.role == "assistant":
        if content or attachments is not None:
            raise BadRequest("An answer is asked for again as it was: leave content and attachments out.")
        content = place.question.text
    else:
        if not content.strip():
            raise BadRequest("The message is empty.")
        kept = [one for one in kept if one.get("type") != PROMPT] if attachments is None else attachments
    if _named_by(row, place):
        row = replace(row, name=UNTITLED)
    row = replace(row, notebook=place.run.notebook or row.notebook)
    return row, content, kept


def _named_by(row: SessionRow, place: Place) -> bool:
    return not row.titled and row.name == first_words(place.question.text)
