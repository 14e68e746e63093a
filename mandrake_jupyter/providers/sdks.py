"""A model of pydantic-ai for an endpoint, over one HTTP client of ours: what each SDK is told, and what it must not add."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..errors import ModelExtraMissing
from .endpoint import Endpoint, Kind
from .faults import Attempt

if TYPE_CHECKING:
    from httpx2 import AsyncClient
    from pydantic_ai.models import Model

CONNECT_TIMEOUT = 10.0
_HEAVY = {"anthropic": "pydantic_ai.models.anthropic", "google": "pydantic_ai.models.google"}


def installed(kind: Kind) -> bool:
    """Whether a model of that kind could be asked; imports nothing heavy."""
    return kind != "google" or (find_spec("google") is not None and find_spec("google.genai") is not None)


def load(endpoint: Endpoint) -> None:
    """Import what a request needs. Raises ModelExtraMissing."""
    if not installed(endpoint.kind):
        raise ModelExtraMissing(provider=endpoint.name, extra=endpoint.kind)
    for name in ("httpx2", "pydantic_ai.direct", _HEAVY.get(endpoint.kind, "pydantic_ai.models.openai")):
        importlib.import_module(name)
    importlib.import_module(f"{__package__}.translate")


def http_client(attempt: Attempt) -> AsyncClient:
    import httpx2

    endpoint = attempt.endpoint

    async def going_out(request: httpx2.Request) -> None:
        request.extensions["timeout"] = limits.as_dict()  # an SDK may have put its own there
        if endpoint.keyless:  # the SDKs insist on a key; none is pretended to the server
            request.headers.pop("authorization", None)

    async def coming_in(response: httpx2.Response) -> None:
        attempt.opened = response.status_code < 300
        attempt.streams = "event-stream" in response.headers.get("content-type", "event-stream").lower()

    # The stream's silence is watched by our own deadlines; a redirect would carry the chat to another host.
    limits = httpx2.Timeout(None, connect=CONNECT_TIMEOUT, pool=CONNECT_TIMEOUT)
    return httpx2.AsyncClient(
        timeout=limits,
        transport=httpx2.AsyncHTTPTransport(uds=endpoint.socket) if endpoint.socket else None,
        trust_env=not endpoint.local,
        follow_redirects=False,
        event_hooks={"request": [going_out], "response": [coming_in]},
    )


def model_of(endpoint: Endpoint, name: str, http: AsyncClient) -> Model[Any]:
    if endpoint.kind == "anthropic":
        return _anthropic(endpoint, name, http)
    if endpoint.kind == "google":
        return _google(endpoint, name, http)
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


def _google(endpoint: Endpoint, name: str, http: AsyncClient) -> Model[Any]:
    from google.genai.client import Client
    from google.genai.types import HttpOptions
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    # The environment may want Google Cloud, or another key: it is told neither.
    client = Client(
        vertexai=False,
        api_key=endpoint.key or "none",
        http_options=HttpOptions(
            base_url=endpoint.base_url, headers=dict(endpoint.headers), httpx_async_client=http
        ),
    )
    # It would close itself in tasks of its own once it is collected; what they would close is ours, and closed by us.
    client.aio.aclose = client._api_client.aclose = None  # type: ignore[method-assign, assignment]
    return GoogleModel(name, provider=GoogleProvider(client=client))
