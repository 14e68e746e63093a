"""What rooms above know of a model: what was connected, what a folder offers, and one ready to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .base import LLMProvider
from .endpoint import Kind


class FolderProvider(Protocol):
    """One provider of a folder's ``.mandrake/models.json``. Nothing of an untrusted one is expanded or
    contacted.

    `url` and `headers` may hold ``${NAME}`` and ``${secret:name}``.
    """

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def models(self) -> tuple[str, ...]: ...

    @property
    def trusted(self) -> bool: ...


@dataclass(frozen=True)
class ResolvedModel:
    """A model ready to be asked. `host` is where messages go, as a person reads it; `model` is its name
    there.
    """

    id: str
    provider: LLMProvider
    provider_id: Kind
    model: str
    name: str
    tools: bool
    host: str
    local: bool
    images: bool | None = None


@dataclass(frozen=True)
class Choice:
    """One model a person can pick. `key_name` is the key it is used with; `headers` are unexpanded."""

    id: str
    kind: Kind
    model: str
    name: str
    url: str = ""
    key_name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tools: bool = True
    workspace: bool = False
