"""Addresses below ``mandrake/``, and the body of a message; what callers give is quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

JSON = dict[str, Any]


def workspace_path(workspace: str) -> str:
    return f"workspaces/{quote(workspace, safe='')}"


def session_path(workspace: str, session_id: str) -> str:
    return f"{workspace_path(workspace)}/sessions/{quote(session_id, safe='')}"


def message_body(
    content: str,
    attachments: Sequence[Mapping[str, Any]] | None,
    model: str | None,
    notebook: str | None,
    replaces: str | None,
) -> JSON:
    """Nothing is sent of what is left out: an answer that is asked for again has no content of its own."""
    body: JSON = {} if replaces and not content else {"content": content}
    if replaces:
        body["replaces"] = replaces
    if attachments or (replaces and attachments is not None):
        body["attachments"] = [dict(attachment) for attachment in attachments]
    if model is not None:
        body["model"] = model
    if notebook is not None:
        body["notebook"] = notebook
    return body
