"""A conversation made fit for providers, in our own values: calls paired with results, or words only.
Imports no SDK.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from .base import ChatMessage, ToolResultPart

UNKNOWN_OUTCOME = "It is not known whether this call finished."


def paired(messages: Sequence[ChatMessage]) -> Iterator[ChatMessage]:
    """Every call followed by its result, every result after its call: providers refuse anything else."""
    waiting: dict[str, str] = {}
    for turn in messages:
        results = tuple(result for result in turn.results if waiting.pop(result.call_id, None) is not None)
        if waiting and (turn.role != "tool" or not results):
            yield _lost(waiting)
            waiting = {}
        if turn.role == "assistant":
            waiting = {call.call_id: call.name for call in turn.calls}
        yield replace(turn, results=results)
    if waiting:
        yield _lost(waiting)


def _lost(waiting: Mapping[str, str]) -> ChatMessage:
    parts = (ToolResultPart(call_id, name, UNKNOWN_OUTCOME, ok=False) for call_id, name in waiting.items())
    return ChatMessage("tool", results=tuple(parts))


def flattened(messages: Sequence[ChatMessage]) -> Iterator[ChatMessage]:
    """The conversation in words only, for a request without tools: calls become what they answered."""
    for turn in messages:
        if turn.role != "tool":
            yield ChatMessage(turn.role, turn.text, images=turn.images)
            continue
        said = (
            f"The tool {part.name} {'answered' if part.ok else 'failed'}:\n{part.content}"
            for part in turn.results
        )
        yield ChatMessage("user", "\n\n".join(said))
