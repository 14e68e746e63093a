"""What a script for the scripted server is made of: turns, tool calls, and what was asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """A tool call the model makes; a `str` for `arguments` goes out as it is, well-formed or not."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    call_id: str = ""


@dataclass
class Turn:
    """What the server does with one request.

    `tokens` stream one chunk each, then `calls`, then `finish`. Before token i the server waits for
    ``gates[i]`` where there is one (``gates[len(tokens)]`` holds back the end), then `delay` seconds.
    `fault`: ``hang`` (nothing is ever sent), ``stall`` (the tokens, then silence), ``cut`` (the tokens,
    then the connection is cut), ``end`` (the tokens, then a clean end of the body without a finish
    reason), ``garbage`` (the tokens, then no JSON), ``error`` (the tokens, then an error object in the
    stream). A `status` above 299 answers with an error instead of a stream.
    """

    tokens: Sequence[str] = ()
    calls: Sequence[Call] = ()
    reasoning: Sequence[str] = ()
    finish: str | None = None
    usage: tuple[int, int] | None = (10, 5)
    gates: Mapping[int, asyncio.Event] = field(default_factory=dict)
    delay: float = 0.0
    fault: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] | str | None = None


@dataclass
class Recorded:
    """A request as it came in; `headers` have lower-case names."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Brain = Callable[[dict[str, Any]], Turn]


def last_text(body: Mapping[str, Any], role: str = "user") -> str:
    """The text of the newest message of `role` in a request body, "" without one."""
    for message in reversed(body.get("messages") or []):
        if message.get("role") == role:
            content = message.get("content") or ""
            return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    return ""


def echo(body: dict[str, Any]) -> Turn:
    """The turn of a server without a script: the user's own words, one by one."""
    words = last_text(body).split(" ")
    return Turn([word if i == 0 else f" {word}" for i, word in enumerate(words)])
