"""From the SDK's tools and results to our values. What is no text is described in words; nothing is dropped
silently.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..values import ToolResult, ToolSpec
from ..values.sendable import why_not

if TYPE_CHECKING:
    from mcp_types import CallToolResult, Tool

#: Bytes of a tool result that are kept.
RESULT_LIMIT = 1_000_000


def tool_spec(server: str, tool: Tool) -> ToolSpec:
    """Hints are None where the MCP server says nothing."""
    hints = tool.annotations
    return ToolSpec(
        server=server,
        name=tool.name,
        title=tool.title or (hints.title if hints else None) or "",
        description=tool.description or "",
        input_schema={"type": "object", **tool.input_schema},
        read_only=hints.read_only_hint if hints else None,
        destructive=hints.destructive_hint if hints else None,
        idempotent=hints.idempotent_hint if hints else None,
        open_world=hints.open_world_hint if hints else None,
    )


def tool_result(
    result: CallToolResult, duration_ms: int, limit: int = RESULT_LIMIT, *, notes: Sequence[str] = ()
) -> ToolResult:
    """Text joined by newlines, cut at `limit` bytes; `structured` is kept whole or, when larger than that
    or no JSON, left out. `notes` are words of ours that follow the text.
    """
    structured = result.structured_content
    text = "\n".join(in_words(block) for block in result.content)
    truncated = False
    if structured is not None:
        as_text = json.dumps(structured, ensure_ascii=False)
        text = text or as_text
        if why_not(structured):  # what JSON has no word for, no client could read
            structured = None
        if len(as_text.encode()) > limit:
            structured, truncated = None, True
    raw = text.encode()
    if len(raw) > limit:
        text, truncated = raw[:limit].decode(errors="ignore"), True
    text = "\n".join([part for part in (text, *(f"[{note}]" for note in notes)) if part])
    return ToolResult(not result.is_error, text, structured, duration_ms, truncated)


def in_words(block: Any) -> str:
    """One content block: its text, or what it is."""
    match block.type:
        case "text":
            return str(block.text)
        case "image" | "audio":
            article = "an" if block.type[0] in "ai" else "a"
            return f"[{article} {block.type}, {block.mime_type}, {_size(block.data)}]"
        case "resource_link":
            about = f": {block.description}" if block.description else ""
            return f"[a link to {block.title or block.name}, {block.uri}{about}]"
        case "resource":
            resource = block.resource
            if (text := getattr(resource, "text", None)) is not None:
                return f"[{resource.uri}]\n{text}"
            return (
                f"[a file, {resource.uri}, {resource.mime_type or 'of unknown type'}, {_size(resource.blob)}]"
            )
    return f"[something of the type {block.type}]"


def _size(base64: str) -> str:
    size = len(base64) * 3 // 4
    return f"{size} bytes" if size < 10_000 else f"{size // 1000} kB"
