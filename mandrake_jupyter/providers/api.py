"""Models behind HTTP APIs: Anthropic, OpenAI, and whatever speaks OpenAI's language (Ollama, vLLM,
llama.cpp).

Speaks through pydantic-ai's direct streaming API; the run loop, approvals and history are ours. One HTTP
client per request, closed with it; no retries inside, so that errors are ours and quick.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from ..errors import ProviderError, ProviderStalled, ProviderTimeout, StreamBroken
from ..values import Usage
from .base import Finished, ModelEvent, ModelRequest, ReasoningDelta, ReasoningEnded, Spent, TextDelta
from .endpoint import Endpoint
from .faults import Attempt, provider_errors

if TYPE_CHECKING:
    from httpx2 import AsyncClient
    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
    from pydantic_ai.settings import ModelSettings

FIRST_TOKEN_TIMEOUT = 60.0
STALL_TIMEOUT = 60.0
CONNECT_TIMEOUT = 10.0
#: Kinds whose list prices are known.
PRICED = {"anthropic": "api.anthropic.com", "openai": "api.openai.com"}
_HEAVY = {"anthropic": "pydantic_ai.models.anthropic"}


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
        await asyncio.to_thread(_load, self.endpoint.kind)

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
                    http = await stack.enter_async_context(_http_client(attempt))
                    model = _model(self.endpoint, request.model, http)
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
                ending = _ending(answer, request, self.endpoint)
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


def _load(kind: str) -> None:
    for name in ("httpx2", "pydantic_ai.direct", _HEAVY.get(kind, "pydantic_ai.models.openai")):
        importlib.import_module(name)
    importlib.import_module(f"{__package__}.translate")


def _http_client(attempt: Attempt) -> AsyncClient:
    import httpx2

    endpoint = attempt.endpoint
    keyless = not endpoint.key and "authorization" not in {name.lower() for name in endpoint.headers}

    async def going_out(request: httpx2.Request) -> None:
        if keyless:  # the SDKs insist on a key; none is pretended to the server
            request.headers.pop("authorization", None)

    async def coming_in(response: httpx2.Response) -> None:
        attempt.opened = response.status_code < 300

    # The stream's silence is watched by our own deadlines; a redirect would carry the chat to another host.
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT, pool=CONNECT_TIMEOUT),
        transport=httpx2.AsyncHTTPTransport(uds=endpoint.socket) if endpoint.socket else None,
        trust_env=not endpoint.local,
        follow_redirects=False,
        event_hooks={"request": [going_out], "response": [coming_in]},
    )


def _model(endpoint: Endpoint, name: str, http: AsyncClient) -> Model[Any]:
    if endpoint.kind == "anthropic":
        return _anthropic(endpoint, name, http)
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.profiles.openai import OpenAIModelProfile

    client = AsyncOpenAI(
        api_key=endpoint.key or "none",
        base_url=endpoint.base_url,
        http_client=http,
        max_retries=0,
        timeout=http.timeout,
        default_headers=_openai_headers(endpoint),
    )
    # A stream that just ends was cut by somebody on the way: never take it for a whole answer.
    profile = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
    return OpenAIChatModel(name, provider=_openai_provider(endpoint, client), profile=profile)


def _openai_provider(endpoint: Endpoint, client: Any) -> Any:
    if endpoint.kind == "ollama":
        from pydantic_ai.providers.ollama import OllamaProvider

        return OllamaProvider(openai_client=client)
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIProvider(openai_client=client)


def _openai_headers(endpoint: Endpoint) -> Mapping[str, Any]:
    """Our headers over the SDK's own; the account ids in the user's environment stay with OpenAI."""
    from openai import Omit

    if endpoint.kind == "openai":
        return endpoint.headers
    return {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit(), **endpoint.headers}


def _anthropic(endpoint: Endpoint, name: str, http: AsyncClient) -> Model[Any]:
    from anthropic import AsyncAnthropic
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    client = AsyncAnthropic(
        api_key=endpoint.key or "none",
        base_url=endpoint.base_url,
        http_client=http,
        max_retries=0,
        timeout=http.timeout,
        default_headers=dict(endpoint.headers),
    )
    return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))


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


def _ending(answer: StreamedResponse, request: ModelRequest, endpoint: Endpoint) -> list[ModelEvent]:
    """The calls and the end of a stream that came to its end; StreamBroken when it merely stopped."""
    from .translate import calls_of, finished_of

    response = answer.get()
    if response.finish_reason is None and not (response.provider_details or {}).get("finish_reason"):
        raise StreamBroken(reason="the stream ended without a finish reason")
    known = {call.call_id for turn in request.messages for call in turn.calls}
    finished: Finished = finished_of(response, priced=_priced(endpoint))
    return [*calls_of(response, known, request.model), finished]
