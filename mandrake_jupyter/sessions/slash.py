"""``/tool SERVER TOOL {json}``: a tool called by the user himself, with any model or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BadRequest
from ..values import parse_json

USAGE = '/tool MCP-SERVER TOOL {"argument": "value"}'


@dataclass(frozen=True)
class DirectCall:
    server: str
    tool: str
    arguments: Mapping[str, Any]


def parse_direct_call(content: str) -> DirectCall | None:
    """None when the message is not a ``/tool`` one.

    Raises :class:`BadRequest` that says what to write instead, when it is one but can't be understood.
    """
    words = content.strip().split(maxsplit=3)
    if not words or words[0] != "/tool":
        return None
    if len(words) < 3:
        raise BadRequest(f"Write {USAGE}")
    raw = words[3] if len(words) > 3 else "{}"
    try:
        arguments = parse_json(raw)
    except ValueError as exc:
        raise BadRequest(f"The arguments are not valid JSON ({exc}). Write {USAGE}") from exc
    if not isinstance(arguments, dict):
        raise BadRequest(f"The arguments must be a JSON object. Write {USAGE}")
    return DirectCall(words[1], words[2], arguments)
