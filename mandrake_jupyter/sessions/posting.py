"""What a posted message becomes: its question, its run, and what it changes in its session. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from ..errors import BadRequest
from ..stores.rows import UNTITLED, Message, Part, RunRow, SessionRow
from ..values import isoformat, utcnow
from .images import kept_apart
from .run import Run
from .run_state import RunState
from .seams import Seams
from .slash import parse_command

LONGEST_NAME = 60


def draft(
    session: SessionRow,
    seams: Seams,
    content: str,
    attachments: Sequence[Mapping[str, Any]],
    model: str | None,
    notebook: str | None,
    idempotency_key: str | None,
    by: str = "user",
) -> tuple[Run, Message, dict[str, Any]]:
    """A queued run, its question with the bytes of its images, and the columns of the session that the message sets.

    Raises :class:`BadRequest` for a message that can't be taken, in words."""
    if not content.strip():
        raise BadRequest("The message is empty.")
    if len(content) > seams.bounds.message:
        raise BadRequest(
            f"The message is longer than {seams.bounds.message:,} characters; attach a file instead."
        )
    command = parse_command(content)
    now, run_id = isoformat(utcnow()), str(uuid4())
    text = Part(0, "text", content=content, by=by)
    question = kept_apart(Message(str(uuid4()), session.id, run_id, "user", now, tuple(attachments), (text,)))
    row = RunRow(
        run_id,
        session.id,
        seams.instance,
        RunState.QUEUED.value,
        question.id,
        str(uuid4()),
        now,
        model=model or session.model,
        notebook=notebook or session.notebook,
        idempotency_key=idempotency_key,
    )
    values: dict[str, Any] = {"last_activity": now}
    if not session.titled and session.name == UNTITLED:
        values["name"] = first_words(content)
    without_bytes = replace(question, images=())
    run = Run(row, without_bytes, seams, session.workspace_id, command=command, by=by)
    return run, question, values


def first_words(content: str) -> str:
    """A name for a chat that nobody named."""
    words = " ".join(content.split())
    return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1].rstrip()}…"
