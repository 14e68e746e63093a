"""OpenAI chat completions, and servers that speak its language with quirks of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .sse import Say, event

ERRORS = {
    400: ("Invalid 'messages[0].content'.", "invalid_request_error", None),
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    403: ("Project does not have access to the model.", "invalid_request_error", "model_not_allowed"),
    404: (
        "The model does not exist or you do not have access to it.",
        "invalid_request_error",
        "model_not_found",
    ),
    413: ("Request too large.", "invalid_request_error", None),
    429: ("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
    500: ("The server had an error while processing your request.", "server_error", None),
    503: ("The engine is currently overloaded, please try again later.", "server_error", None),
    529: ("Overloaded.", "server_error", None),
}


class OpenAI:
    name, kind, model, path = "openai", "openai", "gpt-5-mini", "/v1/chat/completions"

    def base(self, url: str) -> str:
        return f"{url}/v1"

    def answer(self, say: Say) -> bytes:
        end = self._chunk({}, say.finish)
        return b"".join([*self._deltas(say), end, *self._usage(say), event("[DONE]")])

    def unfinished(self, say: Say) -> bytes:
        return b"".join(self._deltas(say))

    def trouble(self) -> bytes:
        return event(
            {
                "error": {
                    "message": "The server had an error.",
                    "type": "server_error",
                    "param": None,
                    "code": None,
                }
            }
        )

    def error(self, status: int) -> Any:
        message, kind, code = ERRORS[status]
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def images(self, body: Any) -> list[tuple[str, str]]:
        urls = [p["image_url"]["url"] for p in body["messages"][-1]["content"] if p["type"] == "image_url"]
        return [tuple(url.removeprefix("data:").split(";base64,")) for url in urls]  # type: ignore[misc]

    def _head(self) -> dict[str, Any]:
        return {"id": "chatcmpl-CK6g", "object": "chat.completion.chunk", "created": 1759500000, "model": "gpt-5-mini-2025-08-07",
                "service_tier": "default", "system_fingerprint": None}  # fmt: skip

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event({**self._head(), "choices": [choice], "usage": None, "obfuscation": "x7Qp"})

    def _deltas(self, say: Say) -> Iterator[bytes]:
        yield self._chunk({"role": "assistant", "content": "", "refusal": None})
        yield from (self._chunk({"reasoning_content": piece}) for piece in say.reasoning)
        yield from (self._chunk({"content": piece}) for piece in say.text)
        for index, (call_id, name, pieces) in enumerate(say.calls):
            function = {"name": name, "arguments": ""}
            yield self._chunk(
                {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]}
            )
            for piece in pieces:
                yield self._chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})

    def _usage(self, say: Say) -> Iterator[bytes]:
        total, output, cached = say.usage
        usage = {
            "prompt_tokens": total,
            "completion_tokens": output,
            "total_tokens": total + output,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }
        yield event({**self._head(), "choices": [], "usage": usage, "obfuscation": ""})


@dataclass
class Compatible(OpenAI):
    """`field` is where it thinks; `newline` how it ends a line; `keepalive` a comment between events; `begins` with a chunk
    without choices; calls come `whole`, with an id or not (`ids`)."""

    name: str = "compatible"
    field: str = "reasoning_content"
    newline: str = "\n"
    keepalive: bytes = b""
    begins: bool = False
    whole: bool = True
    ids: bool = True
    usage: bool = True
    done: bool = True
    finishes: bool = True
    kind: Any = "openai-compatible"
    model: str = "qwen3"

    def answer(self, say: Say) -> bytes:
        end = [self._chunk({"content": ""}, say.finish)] if self.finishes else []
        told = list(self._usage(say)) if self.usage else []
        return b"".join(
            [*self._deltas(say), *end, *told, *([event("[DONE]", newline=self.newline)] if self.done else [])]
        )

    def error(self, status: int) -> Any:
        """As vLLM has it."""
        return {
            "object": "error",
            "message": ERRORS[status][0],
            "type": "Error",
            "param": None,
            "code": status,
        }

    def _head(self) -> dict[str, Any]:
        return {
            "id": "chatcmpl-140",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": self.model,
            "system_fingerprint": "fp",
        }

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        data = {**self._head(), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return self.keepalive + event(data, newline=self.newline)

    def _deltas(self, say: Say) -> Iterator[bytes]:
        if self.begins:
            yield event({**self._head(), "choices": [], "prompt_filter_results": []}, newline=self.newline)
        yield from (
            self._chunk({"role": "assistant", "content": "", self.field: piece}) for piece in say.reasoning
        )
        yield from (self._chunk({"role": "assistant", "content": piece}) for piece in say.text)
        for index, (call_id, name, pieces) in enumerate(say.calls):
            named = {"id": call_id} if self.ids else {}
            function = {"name": name, "arguments": "".join(pieces)}
            yield self._chunk(
                {
                    "content": "",
                    "tool_calls": [{**named, "index": index, "type": "function", "function": function}],
                }
            )

    def _usage(self, say: Say) -> Iterator[bytes]:
        total, output, _ = say.usage
        usage = {"prompt_tokens": total, "completion_tokens": output, "total_tokens": total + output}
        yield event({**self._head(), "choices": [], "usage": usage}, newline=self.newline)
