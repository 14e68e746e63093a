"""What the user connected and chose, in ``models.json`` of the data dir: one file per user, no secrets in
it.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from ..errors import BadRequest
from .endpoint import Kind, host_of
from .private_files import edited, read_json

MAX_NAME = 200


@dataclass(frozen=True)
class Connection:
    """A model of a provider the user entered. `slug` is the first part of its id."""

    slug: str
    provider: Kind
    model: str
    url: str = ""
    name: str = ""

    @property
    def id(self) -> str:
        return f"{self.slug}/{self.model}"

    @classmethod
    def make(cls, provider: Kind, model: str, url: str, name: str) -> Connection:
        """A connection with checked texts; its slug keeps two OpenAI-compatible services apart."""
        model = _line(model, "The name of the model")
        if not model:
            raise BadRequest("Enter the name of the model.")
        name = _line(name, "The name")
        if provider != "openai-compatible":
            return cls(provider, provider, model, url, name)
        slug = re.sub(r"[^a-z0-9.:]+", "-", (name or host_of(url)).lower()).strip("-") or "model"
        if slug in (*get_args(Kind), "project", "config"):
            slug = f"my-{slug}"
        return cls(slug, provider, model, url, name)


def _line(text: Any, what: str) -> str:
    if not isinstance(text, str) or len(text) > MAX_NAME or not text.isprintable():
        raise BadRequest(f"{what} must be one line of at most {MAX_NAME} characters.")
    return text.strip()


class Connections:
    """Reads the file at every use, since another Jupyter server of this user may have written it."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "models.json"

    def read(self) -> tuple[list[Connection], str | None]:
        """All connections, the newest last, and the id the user made active."""
        content = read_json(self._file)
        found = [_parse(entry) for entry in content.get("connections", []) if isinstance(entry, dict)]
        active = content.get("active")
        return [entry for entry in found if entry is not None], active if isinstance(active, str) else None

    async def add(self, connection: Connection) -> None:
        """Keep `connection`, in place of one with its id, and make it active."""
        await asyncio.to_thread(self._write, connection.id, connection)

    async def choose(self, model_id: str | None) -> None:
        """Make a model active; None goes back to the default."""
        await asyncio.to_thread(self._write, model_id, None)

    def _write(self, active: str | None, connection: Connection | None) -> None:
        with edited(self._file) as content:
            content["active"] = active
            if connection is not None:
                kept = [entry for entry in content.get("connections", []) if _id(entry) != connection.id]
                content["connections"] = [*kept, asdict(connection)]


def _id(entry: Any) -> str:
    return f"{entry.get('slug')}/{entry.get('model')}" if isinstance(entry, dict) else ""


def _parse(entry: dict[str, Any]) -> Connection | None:
    fields = {name: entry.get(name, "") for name in Connection.__dataclass_fields__}
    if not all(isinstance(value, str) for value in fields.values()) or fields["provider"] not in get_args(
        Kind
    ):
        return None
    return Connection(**fields)
