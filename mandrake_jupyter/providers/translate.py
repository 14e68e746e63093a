"""Our frozen values to and from pydantic-ai's messages. Imports pydantic-ai, so it is itself imported late.

History is built anew from our own values at every request; nothing of a library's own history is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from pydantic_ai import messages as theirs
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition as TheirTool

from ..values import Usage
from ..values.sendable import whole
from .base import ChatMessage, Finished, ModelRequest, ToolCallRequested, ToolDefinition
from .turns import flattened, paired

REASONS = {
    "stop": "stop",
    "tool_call": "tool_calls",
    "length": "length",
    "content_filter": "content_filter",
}


def messages_of(request: ModelRequest) -> list[theirs.ModelMessage]:
    """The whole conversation as pydantic-ai has it, instructions on its last request."""
    turns = paired(request.messages) if request.tools else flattened(request.messages)
    found: list[theirs.ModelMessage] = []
    for turn in turns:
        before = found[-1] if found else None
        if turn.role == "assistant":
            parts = list(_assistant_parts(turn, request.model))
            if isinstance(before, theirs.ModelResponse):  # many models want turns that alternate
                before.parts = [*before.parts, *parts]
            elif parts:
                found.append(theirs.ModelResponse(parts=parts))
        else:
            asked = list(_request_parts(turn))
            if isinstance(before, theirs.ModelRequest):
                before.parts = [*before.parts, *asked]
            elif asked:
                found.append(theirs.ModelRequest(parts=asked))
    last = found[-1] if found else None
    if not isinstance(last, theirs.ModelRequest):
        last = theirs.ModelRequest(parts=[theirs.UserPromptPart("Continue.")])
        found.append(last)
    last.instructions = request.instructions or None
    return found


def parameters_of(tools: Sequence[ToolDefinition]) -> ModelRequestParameters:
    return ModelRequestParameters(function_tools=[_tool(tool) for tool in tools])


def _tool(tool: ToolDefinition) -> TheirTool:
    # Providers refuse an object schema without `properties`; MCP servers leave it out where there are none.
    schema: dict[str, Any] = {"type": "object", "properties": {}, **tool.input_schema}
    return TheirTool(
        name=tool.name, parameters_json_schema=schema, description=tool.description or None, strict=False
    )


def _assistant_parts(turn: ChatMessage, model: str) -> Iterator[theirs.ModelResponsePart]:
    """Text and reasoning in the order in which they came; reasoning of another model is left out."""
    told = 0
    for thought in turn.reasoning:
        if thought.kept.get("model") == model:
            if turn.text[told : thought.at].strip():
                yield theirs.TextPart(turn.text[told : thought.at])
            told = max(told, thought.at)
            yield theirs.ThinkingPart(thought.text, **_given(thought.kept))
    if turn.text[told:].strip():
        yield theirs.TextPart(turn.text[told:])
    for call in turn.calls:
        given = _given(call.kept) if call.kept.get("model") == model else {}
        yield theirs.ToolCallPart(
            call.name,
            dict(call.arguments),
            call.call_id,
            provider_name=given.get("provider_name"),
            provider_details=given.get("provider_details"),
        )


def kept_of(part: theirs.ThinkingPart | theirs.ToolCallPart, model: str) -> dict[str, Any]:
    """What the provider wants back with `part` when it goes on, as JSON; empty where that is nothing."""
    signature = part.signature if isinstance(part, theirs.ThinkingPart) else None
    own = part.id if isinstance(part, theirs.ThinkingPart) and part.id != "content" else None
    found = {
        "signature": signature,
        "id": own,
        "provider_details": part.provider_details or None,
        "provider_name": part.provider_name,
    }
    if not any((signature, own, part.provider_details)):
        return {}
    kept = {"model": model, **{name: value for name, value in found.items() if value is not None}}
    return dict(json.loads(whole(json.dumps(kept, default=str, ensure_ascii=False))))


def _given(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name != "model"}


def _request_parts(turn: ChatMessage) -> Iterator[theirs.ModelRequestPart]:
    for result in turn.results:
        yield theirs.ToolReturnPart(
            result.name, result.content, result.call_id, outcome="success" if result.ok else "failed"
        )
    words = [turn.text] if turn.text.strip() else []
    if turn.images:
        shown = (theirs.BinaryContent(image.data, media_type=image.media_type) for image in turn.images)
        yield theirs.UserPromptPart([*words, *shown])
    elif words:
        yield theirs.UserPromptPart(turn.text)


def calls_of(response: theirs.ModelResponse, known: set[str], model: str) -> Iterator[ToolCallRequested]:
    """The tool calls of a whole response. An id that is empty or was used before is replaced, so that ids
    are unique.
    """
    for part in response.parts:
        if not isinstance(part, theirs.ToolCallPart):
            continue
        call_id = part.tool_call_id
        if not call_id or call_id in known:
            call_id = f"call_{uuid4().hex}"
        known.add(call_id)
        yield ToolCallRequested(call_id, whole(part.tool_name), *_arguments(part.args), kept_of(part, model))


def _arguments(args: str | Mapping[str, Any] | None) -> tuple[Mapping[str, Any] | None, str]:
    """What they are, None where they are no JSON object, and as they were written."""
    try:
        raw = args if isinstance(args, str) else json.dumps(dict(args or {}))
        value = json.loads(raw) if raw.strip() else {}
    except (TypeError, ValueError, RecursionError):
        return None, whole(args) if isinstance(args, str) else ""
    return (value if isinstance(value, dict) else None), whole(raw)


def finished_of(response: theirs.ModelResponse, *, priced: bool) -> Finished:
    """The end of the response; `priced` says whether its provider's list prices apply."""
    usage = response.usage
    cost = _cost(response) if priced else None
    spent = Usage(usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, cost)
    return Finished(REASONS.get(response.finish_reason or "", "other"), spent)


def _cost(response: theirs.ModelResponse) -> float | None:
    try:
        return float(response.cost().total_price)
    except (LookupError, ValueError, AssertionError):
        return None
