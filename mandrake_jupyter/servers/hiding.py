"""What an MCP server answers, without the keys that it was handed: they would be stored, and sent to a model.

An MCP server may repeat what it was started with, in an error or on purpose. Only values of ``${secret:…}``, of
questions for a password and of variables whose names say so are taken out: other settings are ordinary words, which
results are full of. What it encodes is not recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from ..values import Question, ToolResult
from .offered import FilledPrompt, ResourceContent

T = TypeVar("T")
Hide = Callable[[str], str]


def hidden(found: T, hide: Hide) -> T:
    """`found` (a tool's result, a resource, a filled prompt, a question; all else as it is) with its texts through `hide`.

    The page that a question wants to open stays as it is: a person has to get there."""
    return _hidden(found, hide)


def _hidden(found: Any, hide: Hide) -> Any:
    match found:
        case ToolResult():
            return replace(found, content=hide(found.content), structured=_json(found.structured, hide))
        case ResourceContent():
            return found if found.text is None else replace(found, text=hide(found.text))
        case FilledPrompt():
            messages = tuple(replace(one, text=hide(one.text)) for one in found.messages)
            return replace(found, description=hide(found.description), messages=messages)
        case Question():
            return replace(found, message=hide(found.message), schema=_json(found.schema, hide))
        case list():
            return [_hidden(one, hide) for one in found]
    return found


def _json(value: Any, hide: Hide) -> Any:
    match value:
        case str():
            return hide(value)
        case Mapping():
            return {hide(name): _json(one, hide) for name, one in value.items()}
        case list():
            return [_json(one, hide) for one in value]
    return value
