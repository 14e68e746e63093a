"""Gemini: whole objects as events, thoughts as parts, calls in one piece with a signature, errors with a status word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .sse import Say, event

STOPS = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
ERRORS = {
    400: ("INVALID_ARGUMENT", "Invalid value at 'contents[0]'."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    403: ("PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key."),
    404: ("NOT_FOUND", "models/gemini-3.8-flash is not found for API version v1beta."),
    413: ("INVALID_ARGUMENT", "Request payload size exceeds the limit."),
    429: ("RESOURCE_EXHAUSTED", "You exceeded your current rate limit."),
    500: ("INTERNAL", "An internal error has occurred."),
    503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
    529: ("UNAVAILABLE", "Overloaded."),
}


class Google:
    name, kind, model = "google", "google", "gemini-3.8-flash"
    path = "/v1beta/models/gemini-3.8-flash:streamGenerateContent"

    def base(self, url: str) -> str:
        return url

    def answer(self, say: Say) -> bytes:
        end = self._chunk([{"text": ""}] if not (say.text or say.calls) else [], say, STOPS[say.finish])
        return b"".join([*self._parts(say), end])

    def unfinished(self, say: Say) -> bytes:
        return b"".join(self._parts(say))

    def trouble(self) -> bytes:
        return event(self.error(503), newline="\r\n")

    def error(self, status: int) -> Any:
        word, message = ERRORS[status]
        return {"error": {"code": status, "message": message, "status": word}}

    def images(self, body: Any) -> list[tuple[str, str]]:
        parts = [part["inlineData"] for part in body["contents"][-1]["parts"] if "inlineData" in part]
        # Its JSON takes names in either case, and base64 in either alphabet.
        found = [(part.get("mimeType") or part["mime_type"], part["data"]) for part in parts]
        return [(kind, data.translate(str.maketrans("-_", "+/"))) for kind, data in found]

    def _parts(self, say: Say) -> Iterator[bytes]:
        for piece in say.reasoning:
            yield self._chunk([{"text": piece, "thought": True}], say)
        for piece in say.text:
            yield self._chunk([{"text": piece}], say)
        for number, (call_id, name, pieces) in enumerate(say.calls):
            raw = "".join(pieces) or "{}"
            if not raw.endswith("}"):  # it broke off in a call: these come whole, or not at all
                return
            call = {"functionCall": {"id": call_id, "name": name, "args": json.loads(raw)}}
            signed = {"thoughtSignature": say.signature} if say.signature and not number else {}
            yield self._chunk([{**call, **signed}], say)

    def _chunk(self, parts: list[Any], say: Say, finish: str | None = None) -> bytes:
        total, output, cached = say.usage
        content = {"content": {"parts": parts, "role": "model"}} if parts else {}
        ended = {"finishReason": finish} if finish else {}
        usage = {
            "promptTokenCount": total,
            "cachedContentTokenCount": cached,
            "candidatesTokenCount": output if finish else 1,
            "totalTokenCount": total + output,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}],
        }
        candidate = {**content, **ended, "index": 0}
        data = {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": self.model,
            "responseId": "mAitaLmk",
        }
        return event(data, newline="\r\n")
