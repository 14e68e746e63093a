"""The one seam between runs and models: a request of frozen values in, typed events out.

A provider knows nothing of sessions, stores or HTTP handlers. It raises
:class:`~mandrake_jupyter.errors.ProviderError` kinds only, and is called by ``sessions``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ..values import Usage


@dataclass(frozen=True)
class ToolDefinition:
    """A tool as the model sees it; `name` matches ``[a-zA-Z0-9_-]{1,64}``."""

    name: str
    description: str
    input_schema: Mapping[str, Any]


@dataclass(frozen=True)
class ToolCallPart:
    """`kept` is what the provider gave with the call and wants back with it."""

    call_id: str
    name: str
    arguments: Mapping[str, Any]
    kept: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ToolResultPart:
    call_id: str
    name: str
    content: str
    ok: bool = True


@dataclass(frozen=True)
class ReasoningPart:
    """What the model thought before the character `at` of its text; `kept` as of a call."""

    text: str
    kept: Mapping[str, Any] = field(repr=False)
    at: int = 0


@dataclass(frozen=True)
class ImagePart:
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class ChatMessage:
    """One turn of history. A user turn has text and images; an assistant turn text, calls and reasoning; a tool turn the results
    of those calls.
    """

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[ToolCallPart, ...] = ()
    results: tuple[ToolResultPart, ...] = ()
    images: tuple[ImagePart, ...] = ()
    reasoning: tuple[ReasoningPart, ...] = ()


@dataclass(frozen=True)
class ModelRequest:
    model: str
    instructions: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolDefinition, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TextDelta:
    text: str


@dataclass(frozen=True)
class ReasoningDelta:
    text: str


@dataclass(frozen=True)
class ReasoningEnded:
    """A stretch of reasoning is whole, which may have had no text; `kept` is to be given back with it."""

    kept: Mapping[str, Any]


@dataclass(frozen=True)
class ToolCallRequested:
    """The model asks for a tool. `arguments` is None when what it wrote is no JSON object; `raw` is what it
    wrote; `kept` is to be given back with it.
    """

    call_id: str
    name: str
    arguments: Mapping[str, Any] | None
    raw: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Finished:
    """The last event of a request; `reason` is one of stop, tool_calls, length, content_filter, other."""

    reason: str
    usage: Usage


ModelEvent = TextDelta | ReasoningDelta | ReasoningEnded | ToolCallRequested | Finished
Spent = Callable[[Usage], None]


class LLMProvider(Protocol):
    """Streams one model request. Closing the iterator early (``aclosing``) ends the request at the provider.

    Silence ends in :class:`~mandrake_jupyter.errors.ProviderTimeout` after `first_token_timeout` seconds
    before the first event, in :class:`~mandrake_jupyter.errors.ProviderStalled` after `stall_timeout` seconds
    between any two after it. `spent` is told what a request used that did not come to its ``Finished``.
    """

    def stream(
        self,
        request: ModelRequest,
        *,
        first_token_timeout: float = 60.0,
        stall_timeout: float = 60.0,
        spent: Spent = lambda _: None,
    ) -> AsyncGenerator[ModelEvent]: ...
