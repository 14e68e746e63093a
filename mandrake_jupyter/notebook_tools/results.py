"""What earlier tool calls of a chat answered, read on where the model was shown only the beginning."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..errors import BadRequest
from ..values import CallContext, ToolResult

#: The text that a call of a chat answered, by the ids of both; None where that chat has no such call.
Results = Callable[[str, str], Awaitable[str | None]]
#: Characters in one answer: less than what a model is shown of a result, so that none needs a handle of its own.
CHUNK = 30_000


async def none_known(session_id: str, call_id: str) -> None:
    return None


async def read_on(results: Results, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
    """Only what was called in the chat that asks can be read."""
    call, offset = arguments["call_id"], arguments.get("offset", 0)
    text = await results(context.session_id, call) if context.session_id else None
    if text is None:
        raise BadRequest(
            f"There is no result of a call {call!r:.80} in this chat. Pass the id that was shown."
        )
    if offset >= max(len(text), 1):
        raise BadRequest(f"The result has {len(text)} characters. Pass a smaller offset.")
    end = min(offset + CHUNK, len(text))
    head = f"Characters {offset} to {end} of {len(text)}:"
    more = [f"[goes on: pass offset {end}]"] if end < len(text) else []
    return ToolResult(True, "\n".join([head, text[offset:end], *more]), truncated=bool(more))
