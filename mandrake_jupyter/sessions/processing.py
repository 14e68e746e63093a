"""The two calls of the design document, over ``post`` and ``watch``: an answer with callbacks, or as a stream of events.

For other extensions and for scripts inside the Jupyter server; HTTP has its own adapter. Who stops listening ends nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

from ..stores.rows import RunRow
from ..values import JSON, Event

T = TypeVar("T")
#: A plain function or a coroutine function; what it returns is not looked at.
Callback = Callable[[T], object]


class Post(TypedDict, total=False):
    """What a message may have beside its content."""

    attachments: Sequence[Mapping[str, Any]] | None
    model: str | None
    notebook: str | None
    idempotency_key: str | None
    replaces: str | None


class Chat(Protocol):
    """As much of a coordinator as is needed here."""

    async def post(self, content: str, **post: Unpack[Post]) -> RunRow: ...
    async def answer(self, run_id: str) -> JSON: ...
    def watch(self, run_id: str) -> AsyncIterator[Event | None]: ...


async def process_message(
    chat: Chat,
    content: str,
    *,
    on_token: Callback[str] | None = None,
    on_tool_call: Callback[Mapping[str, Any]] | None = None,
    on_tool_result: Callback[Mapping[str, Any]] | None = None,
    on_complete: Callback[JSON] | None = None,
    **post: Unpack[Post],
) -> JSON:
    """Post a message and wait for its answer, the message that is returned; one that failed has its ``error``.

    `on_token` is told each piece of text, `on_tool_call` and `on_tool_result` the fields of those events, `on_complete` the
    message, unless the answer failed or was cancelled. While a person must decide on a call, this waits.
    """
    run = await chat.post(content, **post)
    ended: str | None = None
    async with aclosing(_events(chat, run.id)) as events:
        async for event in events:
            ended = event.type if event.terminal else None
            match event.type:
                case "token":
                    await _tell(on_token, event.data["content"])
                case "toolCall":
                    await _tell(on_tool_call, event.data)
                case "toolResult":
                    await _tell(on_tool_result, event.data)
    message = await chat.answer(run.id)
    if ended == "complete":
        await _tell(on_complete, message)
    return message


async def process_message_stream(
    chat: Chat, content: str, **post: Unpack[Post]
) -> AsyncGenerator[Event, None]:
    """Post a message; the events of its answer as they come: ``token``, ``toolCall``, ``toolResult`` and the few more of
    docs/reference/wire.md, then ``complete``, ``error`` or ``cancelled``, once and last.
    """
    run = await chat.post(content, **post)
    async with aclosing(_events(chat, run.id)) as events:
        async for event in events:
            yield event


async def _events(chat: Chat, run_id: str) -> AsyncGenerator[Event, None]:
    async with aclosing(chat.watch(run_id)) as watched:  # type: ignore[type-var]
        async for event in watched:
            if event is not None:
                yield event


async def _tell(callback: Callback[T] | None, what: T) -> None:
    if callback is not None and inspect.isawaitable(told := callback(what)):
        await told
