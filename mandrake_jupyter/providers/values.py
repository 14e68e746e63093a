"""What rooms above know of a model: what was connected, what a folder offers, and one ready to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..values import Level
from .abilities import UNKNOWN, Abilities
from .base import LLMProvider
from .endpoint import Kind


class FolderProvider(Protocol):
    """One provider of a ``models.json``: a folder's, or one for all projects. Nothing of an untrusted one is expanded or
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

    @property
    def level(self) -> Level: ...

    @property
    def origin(self) -> str: ...


class ModelWish(Protocol):
    """The model that a file calls active: ``name/model``, or an id."""

    @property
    def level(self) -> Level: ...

    @property
    def file(self) -> str: ...

    @property
    def model(self) -> str: ...


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
    abilities: Abilities
    host: str
    local: bool

    @property
    def tools(self) -> bool:
        return self.abilities.tools

    @property
    def images(self) -> bool | None:
        return self.abilities.images


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
    abilities: Abilities = UNKNOWN
    level: Level | None = None  #: of the file that configures it; None for what was connected or found
    origin: str | None = None  #: that file
