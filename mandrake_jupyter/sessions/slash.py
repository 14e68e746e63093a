"""What a message that begins with ``/`` asks for: a tool called by the user himself, or a prompt of an MCP server.

``/tool SERVER TOOL {json}`` works with any model or none; ``/prompt SERVER PROMPT {json}`` is filled in before the model
is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BadRequest
from ..values import parse_json

USAGE = '/tool MCP-SERVER TOOL {"argument": "value"}'
PROMPT_USAGE = '/prompt MCP-SERVER PROMPT {"argument": "value"}'


@dataclass(frozen=True)
class DirectCall:
    server: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class PromptCall:
    server: str
    prompt: str
    arguments: Mapping[str, str]


def parse_command(content: str) -> DirectCall | PromptCall | None:
    """None when the message is neither a ``/tool`` nor a ``/prompt`` one.

    Raises :class:`BadRequest` that says what to write instead, when it is one but can't be understood.
    """
    words = content.strip().split(maxsplit=3)
    usage = {"/tool": USAGE, "/prompt": PROMPT_USAGE}.get(words[0] if words else "")
    if usage is None:
        return None
    if len(words) < 3:
        raise BadRequest(f"Write {usage}")
    raw = words[3] if len(words) > 3 else "{}"
    try:
        arguments = parse_json(raw)
    except ValueError as exc:
        raise BadRequest(f"The arguments are not valid JSON ({exc}). Write {usage}") from exc
    if not isinstance(arguments, dict):
        raise BadRequest(f"The arguments must be a JSON object. Write {usage}")
    if words[0] == "/tool":
        return DirectCall(words[1], words[2], arguments)
    if not all(isinstance(value, str) for value in arguments.values()):
        raise BadRequest(f"The arguments of a prompt are texts. Write {usage}")
    return PromptCall(words[1], words[2], arguments)
