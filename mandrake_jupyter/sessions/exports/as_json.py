"""A chat as JSON, with all that was said: what the model read of attachments, reasoning, replaced messages, images.

``{"format": "mandrake-chat", "version": 1, …}``. A newer version may add fields; a changed meaning gets a new number.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ...stores.rows import Message, Part, RunRow, SessionRow
from ...values import isoformat, utcnow

FORMAT, VERSION = "mandrake-chat", 1
#: Of a session and a run, what is no affair of this Jupyter server alone.
SESSION = ("id", "name", "titled", "notebook", "model", "created", "last_activity")
RUN = ("id", "state", "model", "notebook", "created", "finished", "usage", "finish_reason", "error")


def as_json(session: SessionRow, said: Sequence[tuple[Message, RunRow]], images: Mapping[str, bytes]) -> str:
    document = {
        "format": FORMAT,
        "version": VERSION,
        "exported": isoformat(utcnow()),
        "session": _fields(session, SESSION),
        "messages": [_message(message, run, images) for message, run in said],
    }
    return json.dumps(document, indent=1)


def _message(message: Message, run: RunRow, images: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "id": message.id,
        "role": message.role,
        "created": message.created,
        "parts": [_part(part) for part in message.parts],
        "attachments": [_attachment(one, images) for one in message.attachments],
        "replaced_by": run.replaced_by,
        "run": _fields(run, RUN),
    }


def _part(part: Part) -> dict[str, Any]:
    """As it is shown, and what is needed to tell it to a model again."""
    if part.type != "tool":
        return {**part.as_json(), "step": part.step}
    more = {"step": part.step, "call": dict(part.call), "result": part.result}
    return {**part.as_json(), **more}


def _attachment(one: Mapping[str, Any], images: Mapping[str, bytes]) -> dict[str, Any]:
    """With its text as the model read it; an image with its bytes, null where they are too many for one file."""
    if one.get("type") != "image":
        return dict(one)
    data = images.get(str(one.get("id")))
    return {**one, "data": None if data is None else b64encode(data).decode("ascii")}


def _fields(row: SessionRow | RunRow, names: Sequence[str]) -> dict[str, Any]:
    """A notebook outside of the project is named by its file only."""
    fields = {name: getattr(row, name) for name in names}
    if fields["notebook"] and PurePath(fields["notebook"]).is_absolute():
        fields["notebook"] = PurePath(fields["notebook"]).name
    return fields
