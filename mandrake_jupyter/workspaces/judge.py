"""Which entries of one folder the user trusts: the folder's own by his word on their content, his own files at once.

Keeps what was trusted beside the trust, so that a change is shown as a difference.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..values import JSON, MCPServerEntry
from .contents import ContentHasher
from .difference import difference
from .kept import Kept, KeptStore, Lines
from .levels import not_own
from .masking import Tagger
from .models import WorkspaceModel
from .prompts import PromptPart
from .rendering import model_lines, prompt_lines, server_lines
from .switches import SwitchStore
from .trust import Kind, TrustStore

Entry = MCPServerEntry | WorkspaceModel | PromptPart


class Judge:
    """Over the folder `root`; `data_dir` is the user's."""

    def __init__(self, root: Path, data_dir: Path):
        self.root = root
        self.hasher = ContentHasher(root)
        self._trust = TrustStore(data_dir / "trust.json")
        self._kept = KeptStore(data_dir / "trusted")
        self.switches = SwitchStore(data_dir / "switches.json")

    def server(self, entry: MCPServerEntry) -> MCPServerEntry:
        """`entry` of a file of the folder, with its whole hash, and whether it is trusted and switched off."""
        hash = self.hasher.hash(entry)
        trusted = self._trust.is_trusted(self.root, "mcp-server", entry.name, hash)
        disabled = self.switches.disabled(self.root, entry.origin, entry.name, entry.disabled)
        return replace(entry, hash=hash, trusted=trusted, disabled=disabled)

    def own_server(self, entry: MCPServerEntry) -> MCPServerEntry:
        """`entry` of a file of the user's own. Where the folder decides what it runs it is trusted as the folder's are."""
        judged = self.server(entry)
        free = not_own(self.root, Path(entry.origin)) is None and not self._depends(entry)
        return replace(judged, trusted=judged.trusted or free)

    def _depends(self, entry: MCPServerEntry) -> bool:
        """Whether what it runs or reads lies in the folder, as far as can be told."""
        if entry.transport != "stdio":
            return False
        placed = not entry.cwd or "${" in entry.cwd or not self.hasher.outside(entry.cwd)
        return placed or bool(self.hasher.files(entry))

    def model(self, model: WorkspaceModel) -> WorkspaceModel:
        if model.level != "workspace":
            return model
        return replace(model, trusted=self._trust.is_trusted(self.root, "model", model.name, model.hash))

    def prompt(self, part: PromptPart) -> PromptPart:
        if part.level != "workspace":
            return part
        return replace(part, trusted=self._trust.is_trusted(self.root, "prompt", part.name, part.hash))

    def vouch(self, entries: Iterable[Entry]) -> None:
        """Trust `entries` as they are judged now. :class:`BrokenFile` for a broken trust file."""
        given = list(entries)
        self._trust.trust(self.root, [(_kind(entry), entry.name, entry.hash) for entry in given])
        for entry in given:
            self._kept.keep(self.root, _kind(entry), entry.name, partial(self._lines, entry))

    def revoke(self, name: str) -> None:
        """Trust no version of this MCP server any more, and forget what it was."""
        self._trust.revoke(self.root, "mcp-server", name)
        self._kept.forget(self.root, "mcp-server", name)

    def history(self, entry: Entry) -> JSON:
        """``{status, changed_since, difference}`` of wire.md for one that is not trusted."""
        since = self._trust.since(self.root, _kind(entry), entry.name)
        kept = self._kept.get(self.root, _kind(entry), entry.name) if since else None
        return {
            "status": "changed" if since else "new",
            "changed_since": since,
            "difference": self._difference(kept, entry) if kept else [],
        }

    def _difference(self, kept: Kept, entry: Entry) -> list[JSON]:
        return difference(kept.lines, self._lines(entry, Tagger(kept.salt)))

    def _lines(self, entry: Entry, tagger: Tagger) -> Lines:
        if isinstance(entry, WorkspaceModel):
            return model_lines(entry, tagger)
        if isinstance(entry, PromptPart):
            return prompt_lines(entry, tagger)
        return server_lines(entry, self.hasher, tagger)

    def elsewhere(self, path: str) -> Path | None:
        """Where a path that an entry names leads when that is not in the folder; also one that is not known before a start."""
        if "${" in path:
            return Path(path)
        return Path(os.path.realpath(self.root / path)) if self.hasher.outside(path) else None


def _kind(entry: Entry) -> Kind:
    if isinstance(entry, PromptPart):
        return "prompt"
    return "model" if isinstance(entry, WorkspaceModel) else "mcp-server"
