"""What an MCP server offers beside tools, as values: resources, prompts and what becomes of them when asked for.

Frozen, no I/O, no SDK; `as_json` is the wire's form. Sizes are bounded where they are made (`resources`,
`prompts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from ..values import JSON

#: The lists an MCP server has beside that of its tools.
Kind = Literal["resources", "templates", "prompts"]


@dataclass(frozen=True)
class _Offered:
    def as_json(self) -> JSON:
        return asdict(self)

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Self:
        return cls(**{field.name: value[field.name] for field in fields(cls) if field.name in value})


@dataclass(frozen=True)
class Resource(_Offered):
    """Something that can be read by its `uri`. `size` in bytes, None where the MCP server does not say."""

    uri: str
    name: str
    title: str = ""
    description: str = ""
    mime_type: str = ""
    size: int | None = None


@dataclass(frozen=True)
class ResourceTemplate(_Offered):
    """A family of resources; `uri_template` is filled in as RFC 6570 says."""

    uri_template: str
    name: str
    title: str = ""
    description: str = ""
    mime_type: str = ""


@dataclass(frozen=True)
class PromptArgument(_Offered):
    name: str
    title: str = ""
    description: str = ""
    required: bool = False


@dataclass(frozen=True)
class Prompt(_Offered):
    """A text prepared by the MCP server, to be filled in with `arguments`."""

    name: str
    title: str = ""
    description: str = ""
    arguments: tuple[PromptArgument, ...] = ()

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Self:
        arguments = tuple(PromptArgument.parse(one) for one in value.get("arguments", ()))
        return cls(value["name"], value.get("title", ""), value.get("description", ""), arguments)

    def as_json(self) -> JSON:
        return {**asdict(self), "arguments": [one.as_json() for one in self.arguments]}


@dataclass(frozen=True)
class ResourceContent(_Offered):
    """`text`, or `blob` (base64), or neither where it was too large. `size` is that of the whole, in bytes."""

    uri: str
    mime_type: str
    text: str | None
    blob: str | None
    size: int
    truncated: bool


@dataclass(frozen=True)
class PromptMessage(_Offered):
    """`text` holds what is no text described in words; `type` is the kind of content it was."""

    role: Literal["user", "assistant"]
    type: str
    text: str


@dataclass(frozen=True)
class FilledPrompt(_Offered):
    description: str
    messages: tuple[PromptMessage, ...]
    truncated: bool

    def as_json(self) -> JSON:
        return {**asdict(self), "messages": [message.as_json() for message in self.messages]}


@dataclass(frozen=True)
class Completions(_Offered):
    """At most 100 `values`; `total` is None where the MCP server does not say."""

    values: tuple[str, ...]
    total: int | None
    has_more: bool

    def as_json(self) -> JSON:
        return {**asdict(self), "values": list(self.values)}


Item = Resource | ResourceTemplate | Prompt
ITEMS: Mapping[Kind, type[Item]] = {"resources": Resource, "templates": ResourceTemplate, "prompts": Prompt}
