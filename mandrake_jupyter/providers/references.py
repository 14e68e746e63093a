"""Where the values of an MCP server's ``${…}`` come from: the key store, and the environment of Jupyter.

A value is looked up at the launch of a trusted entry and nowhere else; all other looks ask only whether there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..errors import MandrakeError
from ..lifecycle.environment import clean_environment
from ..values import JSON, Input, MCPServerEntry, Reference

if TYPE_CHECKING:
    from .keys import KeyStore

#: How the names of kept answers begin; no secret of an entry may.
ANSWERS = "input."


class References:
    """Of one workspace: an answer to a question is kept for it alone, a secret for all. Without `keys` there is none."""

    def __init__(
        self,
        workspace_id: str,
        keys: KeyStore | None = None,
        environ: Callable[[], Mapping[str, str]] = clean_environment,
    ) -> None:
        self._workspace_id = workspace_id
        self._keys = keys
        self.environ = environ

    def key_name(self, reference: Reference) -> str | None:
        """What its value is kept as in the key store; None for a variable."""
        if reference.kind == "input":
            return f"{ANSWERS}{self._workspace_id}.{reference.name}"
        return reference.name if reference.kind == "secret" else None

    def has(self, reference: Reference) -> bool:
        """Whether there is a value. Reads none out of a keyring."""
        name = self.key_name(reference)
        if name is None:
            return reference.name in self.environ()
        try:
            return self._keys is not None and self._keys.origin(name) is not None
        except MandrakeError:
            return False

    async def look_up(self, reference: Reference) -> str | None:
        """The kept value, for a launch and nothing else; None where there is none, and for a variable."""
        name = self.key_name(reference)
        return await self._keys.get(name) if self._keys and name else None

    def needs(self, entry: MCPServerEntry) -> list[JSON]:
        """What the ``${…}`` of `entry` ask for, as wire.md has it."""
        questions = {question.id: question for question in entry.questions}
        return [self._need(one, questions.get(one.name)) for one in entry.references]

    def _need(self, reference: Reference, question: Input | None) -> JSON:
        asked = question if reference.kind == "input" and question else Input(reference.name)
        return {
            "id": reference.name,
            "kind": reference.kind,
            "description": asked.description,
            "password": asked.password or reference.kind == "secret",
            "options": list(asked.options) if asked.options else None,
            "default": asked.default if reference.kind == "input" else reference.default,
            "key_name": self.key_name(reference),
            "has_value": self.has(reference),
        }
