"""Anthropic Messages: named events, pings, content blocks by index, usage at both ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .sse import Say, event

STOPS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "refusal"}
TYPES = {
    400: ("invalid_request_error", "messages.0.content: Field required"),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "model: claude-sonnet-5-5"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit"),
    500: ("api_error", "Internal server error"),
    503: ("api_error", "Service unavailable"),
    529: ("overloaded_error", "Overloaded"),
}


class Anthropic:
    name, kind, model, path = "anthropic", "anthropic", "claude-sonnet-5-5", "/v1/messages"

    def base(self, url: str) -> str:
        return url

    def answer(self, say: Say) -> bytes:
        return b"".join([*self._blocks(say, whole=True), *self._end(say)])

    def unfinished(self, say: Say) -> bytes:
        return b"".join(self._blocks(say, whole=False))

    def trouble(self) -> bytes:
        return event(
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error"
        )

    def error(self, status: int) -> Any:
        kind, message = TYPES[status]
        return {
            "type": "error",
            "error": {"type": kind, "message": message},
            "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
        }

    def images(self, body: Any) -> list[tuple[str, str]]:
        content = body["messages"][-1]["content"]
        return [(p["source"]["media_type"], p["source"]["data"]) for p in content if p["type"] == "image"]

    def _blocks(self, say: Say, *, whole: bool) -> Iterator[bytes]:
        total, output, cached = say.usage
        usage = {
            "input_tokens": total - cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": cached,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": min(output, 1),
            "service_tier": "standard",
        }
        message = {"model": self.model, "id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant",
                   "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
        yield event({"type": "message_start", "message": message}, "message_start")
        blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
        if say.reasoning or say.signature:
            thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in say.reasoning]
            signed = [{"type": "signature_delta", "signature": say.signature}] if say.signature else []
            blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, [*thoughts, *signed]))
        if say.text:
            deltas = [{"type": "text_delta", "text": piece} for piece in say.text]
            blocks.append(({"type": "text", "text": ""}, deltas))
        for call_id, name, pieces in say.calls:
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces)]
            blocks.append(({"type": "tool_use", "id": call_id, "name": name, "input": {}}, deltas))
        for index, (start, deltas) in enumerate(blocks):
            yield event(
                {"type": "content_block_start", "index": index, "content_block": start}, "content_block_start"
            )
            if not index:
                yield event({"type": "ping"}, "ping")
            for delta in deltas:
                yield event(
                    {"type": "content_block_delta", "index": index, "delta": delta}, "content_block_delta"
                )
            if whole or index + 1 < len(blocks):
                yield event({"type": "content_block_stop", "index": index}, "content_block_stop")

    def _end(self, say: Say) -> Iterator[bytes]:
        delta = {"stop_reason": STOPS[say.finish], "stop_sequence": None}
        usage = {"output_tokens": say.usage[1]}
        yield event({"type": "message_delta", "delta": delta, "usage": usage}, "message_delta")
        yield event({"type": "message_stop"}, "message_stop")
