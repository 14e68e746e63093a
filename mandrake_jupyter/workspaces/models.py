"""The models that files bring along: a folder's ``.mandrake/models.json``, and ``mandrake/models.json`` for all projects.

An endpoint of a folder receives everything a person writes, so it is an entry to trust like a program; one for all projects
is the word of whoever could write it there. No key is in sight, nothing connects here; ``${…}`` in headers stays as written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import BadRequest
from ..stores.reading import shorten
from ..values import Level, content_hash
from .entries import NAME, check_url, pairs
from .sources import Source

MODELS = ".mandrake/models.json"
#: In the folders for all projects.
MODELS_FILE = "models.json"
EXAMPLE = '{"providers": {"team": {"url": "https://example.org/v1", "models": ["name"]}}}'


@dataclass(frozen=True)
class WorkspaceModel:
    """One provider of a file. `headers` may hold secrets: never in `repr`, never on the wire.

    `hash` covers where messages would go and with what (url, headers); `trusted` is the user's word on that
    hash.
    """

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    models: tuple[str, ...] = ()
    origin: str = ""
    hash: str = ""
    trusted: bool = False
    level: Level = "workspace"


@dataclass(frozen=True)
class ModelWish:
    """The model that a file calls active."""

    level: Level
    file: str
    model: str


def read_models(source: Source, level: Level) -> tuple[tuple[WorkspaceModel, ...], ModelWish | None]:
    """The providers of one file, and its wish. What is wrong in it is a problem. Those for all projects are trusted."""
    document = source.document()
    models: dict[str, WorkspaceModel] = {}
    for name, raw in source.section(document, "providers").items():
        try:
            found = parse_model(name, raw, source.file)
        except BadRequest as exc:
            source.problem(str(exc), line=source.line(name), name=name)
        else:
            models[name] = replace(found, level=level, trusted=level != "workspace")
    active = document.get("active") if isinstance(document, Mapping) else None
    if active is not None and not isinstance(active, str):
        source.problem(
            f'{source.file}: "active" must be the id of a model in quotes.', line=source.line("active")
        )
    wished = isinstance(active, str) and (models or level != "workspace")
    return tuple(models.values()), ModelWish(level, source.file, str(active)) if wished else None


def first_of_a_name(files: Iterable[Sequence[WorkspaceModel]]) -> tuple[WorkspaceModel, ...]:
    """Of two with one name that of the first file."""
    found: dict[str, WorkspaceModel] = {}
    for models in files:
        for model in models:
            found.setdefault(model.name, model)
    return tuple(found.values())


def parse_model(name: str, raw: Any, origin: str) -> WorkspaceModel:
    """The provider `raw` of ``models.json``; :class:`BadRequest` says what to write instead."""
    if not NAME.fullmatch(name):
        raise BadRequest(
            f"{shorten(name, 80)!r} can't be the name of a provider. Use letters, digits, '-', '_' or '.'."
        )
    it = f'The provider "{name}"'
    if not isinstance(raw, Mapping) or raw.get("url") is None:
        raise BadRequest(f'{it} must be an object with "url". Write {EXAMPLE}.')
    url = check_url(f'{it}: "url"', str(raw["url"]))
    headers = pairs(it, raw.get("headers"), "headers")
    models = raw.get("models", [])
    if not isinstance(models, list) or not all(isinstance(model, str) and model for model in models):
        raise BadRequest(f'{it}: "models" must be a list of model names in quotes.')
    return WorkspaceModel(
        name, url, headers, tuple(models), origin, content_hash({"url": url, "headers": headers})
    )
