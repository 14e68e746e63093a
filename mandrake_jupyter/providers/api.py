"""Models behind HTTP APIs: Anthropic, OpenAI, Google, and whatever speaks OpenAI's language (Ollama, vLLM,
llama.cpp).

Speaks through pydantic-ai's direct streaming API; the run loop, approvals and history are ours. One HTTP
client per request, closed with it; no retries inside, so that errors are ours and quick.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from ..errors import ProviderError, ProviderStalled, ProviderTimeout
from ..values import Usage
from .base import Finished, ModelEvent, ModelRequest, ReasoningDelta, ReasoningEnded, Spent, TextDelta
from .endpoint import Endpoint
from .faults import Attempt, merely_stopped, provider_errors
from .sdks import http_client, load, model_of

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
    from pydantic_ai.settings import ModelSettings

FIRST_TOKEN_TIMEOUT = 60.0
STALL_TIMEOUT = 60.0
#: Kinds whose list prices are known.
PRICED = {
    "anthropic": "api.anthropic.com",
    "openai": "api.openai.com",
    "google": "generativelanguage.googleapis.com",
}


class ApiProvider:
    """An :class:`~mandrake_jupyter.providers.base.LLMProvider` for one endpoint. Holds nothing open between
    requests.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def __repr__(self) -> str:
        return f"<ApiProvider {self.endpoint.name!r} at {self.endpoint.host}>"

    async def load(self) -> None:
        """Import what a request needs, which takes seconds the first time. Every request does so itself."""
        await asyncio.to_thread(load, self.endpoint)

    async def stream(
        self,
        request: ModelRequest,
        *,
        first_token_timeout: float = FIRST_TOKEN_TIMEOUT,
        stall_timeout: float = STALL_TIMEOUT,
        spent: Spent = lambda _: None,
    ) -> AsyncGenerator[ModelEvent]:
        """One model request. Timeouts are seconds: until the first event, and between any two after it.

        Raises :class:`~mandrake_jupyter.errors.ProviderError` kinds only. Tool calls come whole, after
        the text. `spent` as of :class:`~mandrake_jupyter.providers.base.LLMProvider`.
        """
        await self.load()
        from .translate import messages_of, parameters_of

        messages, parameters = messages_of(request), parameters_of(request.tools)
        attempt = Attempt(self.endpoint, request.model, any(turn.images for turn in request.messages))
        with provider_errors(attempt):
            async with AsyncExitStack() as stack:
                async with self._deadline(first_token_timeout, ProviderTimeout):
                    http = await stack.enter_async_context(http_client(attempt))
                    model = await asyncio.to_thread(model_of, self.endpoint, request.model, http)
                    opening = _open(model, messages, parameters, request.settings)
                    answer = await stack.enter_async_context(opening)
                    stack.callback(_tell_spent, attempt, answer, spent)
                    events = aiter(answer)
                    event = await anext(events, None)
                    attempt.answered = event is not None
                while event is not None:
                    if (delta := _delta(event, request.model)) is not None:
                        yield delta
                    async with self._deadline(stall_timeout, ProviderStalled):
                        event = await anext(events, None)
                ending = _ending(answer, request, attempt)
                attempt.ended = True
                for last in ending:
                    yield last

    @asynccontextmanager
    async def _deadline(self, seconds: float, error: type[ProviderError]) -> AsyncIterator[None]:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                yield
        except TimeoutError as exc:
            if not limit.expired():
                raise
            raise error(provider=self.endpoint.name, seconds=f"{seconds:g}") from exc


@asynccontextmanager
async def _open(
    model: Model[Any],
    messages: Sequence[ModelMessage],
    parameters: ModelRequestParameters,
    settings: Mapping[str, Any],
) -> AsyncIterator[StreamedResponse]:
    from pydantic_ai.direct import model_request_stream

    async with model_request_stream(
        model,
        messages,
        model_settings=cast("ModelSettings", dict(settings)) or None,
        model_request_parameters=parameters,
        instrument=False,
    ) as answer:
        try:
            yield answer
        finally:
            events = aiter(answer)
            if isinstance(events, AsyncGenerator):
                await events.aclose()


def _delta(event: Any, model: str) -> ModelEvent | None:
    from pydantic_ai import messages as theirs

    from .translate import kept_of

    match event:
        case theirs.PartStartEvent(part=theirs.TextPart(content=text)) if text:
            return TextDelta(text)
        case theirs.PartDeltaEvent(delta=theirs.TextPartDelta(content_delta=text)) if text:
            return TextDelta(text)
        case theirs.PartStartEvent(part=theirs.ThinkingPart(content=text)) if text:
            return ReasoningDelta(text)
        case theirs.PartDeltaEvent(delta=theirs.ThinkingPartDelta(content_delta=str(text))) if text:
            return ReasoningDelta(text)
        case theirs.PartEndEvent(part=theirs.ThinkingPart() as part) if kept := kept_of(part, model):
            return ReasoningEnded(kept)
    return None


def _tell_spent(attempt: Attempt, answer: StreamedResponse, spent: Spent) -> None:
    from .translate import finished_of

    if not attempt.ended:
        usage = finished_of(answer.get(), priced=_priced(attempt.endpoint)).usage
        if usage != Usage():
            spent(usage)


def _priced(endpoint: Endpoint) -> bool:
    return PRICED.get(endpoint.kind) == endpoint.host


def _ending(answer: StreamedResponse, request: ModelRequest, attempt: Attempt) -> list[ModelEvent]:
    """The calls and the end of a stream that came to its end; see `merely_stopped` for one that has none."""
    from .translate import calls_of, finished_of

    response = answer.get()
    if response.finish_reason is None and not (response.provider_details or {}).get("finish_reason"):
        raise merely_stopped(attempt, "the stream ended without a finish reason")
    known = {call.call_id for turn in request.messages for call in turn.calls}
    finished: Finished = finished_of(response, priced=_priced(attempt.endpoint))
    calls = list(calls_of(response, known, request.model))
    if calls and finished.reason == "stop":  # some never say why
        finished = Finished("tool_calls", finished.usage)
    elif finished.reason == "tool_calls" and not calls:
        finished = Finished("other", finished.usage)
    return [*calls, finished]
