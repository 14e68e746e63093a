"""Turns what the SDKs, the HTTP client and the network raise into our typed errors: the one seam that does.

No key leaves through an error: texts are cleaned of the endpoint's secrets, and a cause that holds one
is dropped.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import (
    KeyMissing,
    KeyRefused,
    MandrakeError,
    ModelNotAvailable,
    ModelTakesNoImages,
    ProviderError,
    ProviderRejected,
    ProviderTrouble,
    RateLimited,
    StreamBroken,
    Unreachable,
)
from .endpoint import Endpoint

#: Characters of a provider's own words that a person is shown.
MAX_WHY = 300
#: How servers say that a model has no eyes: vLLM, llama.cpp, Ollama, OpenAI and those that pass on for others.
NO_EYES = re.compile(
    r"(?=.*(image|vision|multi-?modal))(.*(not support|n't support|unsupported|not a multi|not enabled|no endpoints|mmproj))",
    re.IGNORECASE | re.DOTALL,
)


@dataclass
class Attempt:
    """How far one request has come: `opened` by a status that is no error, `answered` by the first event,
    `ended` by the last one.
    `images`: whether it shows any. `streams`: whether what was opened says that it is a stream.
    """

    endpoint: Endpoint
    model: str
    images: bool = False
    opened: bool = False
    streams: bool = True
    answered: bool = False
    ended: bool = False

    def clean(self, text: str) -> str:
        for secret in self.endpoint.secrets:
            text = text.replace(secret, "…")
        text = " ".join(text.split())
        return text if len(text) <= MAX_WHY else text[: MAX_WHY - 1] + "…"


@contextmanager
def provider_errors(attempt: Attempt) -> Iterator[None]:
    """Everything foreign raised inside comes out as a :class:`ProviderError`; ours and cancellation pass."""
    try:
        yield
        return
    except MandrakeError:
        raise
    except Exception as exc:
        caught = exc
    ours = as_ours(caught, attempt)
    if any(secret in "".join(traceback.format_exception(caught)) for secret in attempt.endpoint.secrets):
        raise ours from None
    raise ours from caught


def as_ours(exc: Exception, attempt: Attempt) -> ProviderError:
    """The typed error for `exc`, whatever it is."""
    import httpx2
    from pydantic_ai import exceptions as theirs

    provider = attempt.endpoint.name
    why = attempt.clean(_words(exc))
    if isinstance(exc, theirs.ModelConnectionError):
        return _connection(exc, attempt)
    if isinstance(exc, httpx2.StreamError | httpx2.TransportError):
        # The SDKs wrap these until the answer has begun.
        return StreamBroken(reason=attempt.clean(_root(exc)))
    if attempt.images and isinstance(exc, theirs.ModelHTTPError) and NO_EYES.match(why):
        return ModelTakesNoImages(model=attempt.model, reason=why)
    if attempt.answered and (getattr(exc, "in_stream", False) or not isinstance(exc, theirs.ModelHTTPError)):
        return StreamBroken(reason=why)
    match exc:
        case theirs.ModelAuthenticationError():
            return _auth(attempt, why)
        case theirs.ModelRateLimitError():
            return _rate_limited(provider, exc.retry_after, why)
        case theirs.ModelNotFoundError():
            if attempt.endpoint.key:
                return ModelNotAvailable(model=attempt.model, reason=why)
            message = f'The model "{attempt.model}" is not available at {attempt.endpoint.host}.'
            return ModelNotAvailable(message, model=attempt.model, reason=why)
        case theirs.ModelHTTPError(status_code=408 | 425):  # it gave up waiting, or does not take it yet
            return ProviderTrouble(provider=provider, retry_after=exc.retry_after, reason=why)
        case theirs.ModelServerError() | theirs.ModelUnavailableError():
            return ProviderTrouble(provider=provider, retry_after=exc.retry_after, reason=why)
        case theirs.ModelRequestRejectedError() | theirs.ModelQuotaExceededError() | theirs.ModelHTTPError():
            return ProviderRejected(provider=provider, why=why, reason=why)
        case theirs.UnexpectedModelBehavior():
            return merely_stopped(attempt, why)
        case theirs.ModelAPIError():
            return _no_model(attempt, why)
    if _is_status(exc, 300):
        location = attempt.clean(exc.response.headers.get("location", ""))  # type: ignore[attr-defined]
        return ProviderRejected(
            provider=provider, why=f"it redirects to {location}. Enter that address.", reason=why
        )
    return ProviderRejected(provider=provider, why=why, reason=type(exc).__name__)


def merely_stopped(attempt: Attempt, why: str) -> ProviderError:
    """For an answer without an end. A page of a proxy, or of another program, never was one: it is so the next time, too."""
    return StreamBroken(reason=why) if attempt.answered or attempt.streams else _no_model(attempt, why)


def _no_model(attempt: Attempt, why: str) -> ProviderError:
    provider = attempt.endpoint.name
    message = f"{provider} answered with something that is not a model's answer. Check the address."
    return ProviderRejected(message, provider=provider, reason=why)


def _connection(exc: Any, attempt: Attempt) -> ProviderError:
    detail = attempt.clean(_root(exc))
    if attempt.opened:
        return StreamBroken(reason=detail)
    if exc.phase == "read":
        # It took the request and hung up without a word: it is there, but not well.
        return ProviderTrouble(provider=attempt.endpoint.name, reason=detail)
    return Unreachable(host=attempt.endpoint.host, reason=detail)


def _auth(attempt: Attempt, why: str) -> ProviderError:
    kind = KeyMissing if attempt.endpoint.keyless else KeyRefused
    return kind(provider=attempt.endpoint.name, reason=why)


def _rate_limited(provider: str, seconds: float | None, why: str) -> ProviderError:
    if seconds is None:
        return RateLimited(provider=provider, reason=why, then="Your message is kept. Try again in a moment.")
    return RateLimited(provider=provider, seconds=f"{seconds:g}", retry_after=seconds, reason=why)


def _is_status(exc: Exception, hundred: int) -> bool:
    status = getattr(exc, "status_code", None)
    return isinstance(status, int) and hundred <= status < hundred + 100 and hasattr(exc, "response")


def _words(exc: BaseException) -> str:
    """What the provider itself said, out of the error body where there is one."""
    body = getattr(exc, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, str):
            return inner
        message = inner.get("message") if isinstance(inner, dict) else None
        return str(message) if message else json.dumps(body, default=str)
    if isinstance(body, str) and body.strip() and "<" not in body:
        return body
    status = getattr(exc, "status_code", None)
    return f"status {status}" if status else str(exc) or type(exc).__name__


def _root(exc: BaseException) -> str:
    """The innermost cause's words: what the operating system or TLS said."""
    while (deeper := exc.__cause__ or exc.__context__) is not None:
        exc = deeper
    return str(exc) or type(exc).__name__
