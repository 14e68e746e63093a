"""The models a folder brings along in ``.mandrake/models.json``: where they are, no key in sight.

An endpoint of a folder receives everything a person writes, so it is an entry to trust like a program.
Nothing connects here; ``${…}`` in headers stays as written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import BadRequest
from ..stores.reading import shorten
from ..values import content_hash
from .entries import NAME, check_url, pairs

EXAMPLE = '{"providers": {"team": {"url": "https://example.org/v1", "models": ["name"]}}}'


@dataclass(frozen=True)
class WorkspaceModel:
    """One provider of a folder. `headers` may hold secrets: never in `repr`, never on the wire.

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
