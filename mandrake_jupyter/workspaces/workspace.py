"""One folder on disk as a workspace: what it configures, what of it is trusted, what is attached from it.

Reading starts nothing, connects nowhere and expands nothing. Nothing is written to the folder until there is
something to write; trust is kept in the user's data directory. All methods are quick and synchronous, and
touch the disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from traitlets.config import LoggingConfigurable

from ..errors import BadRequest, Conflict
from ..values import JSON, MCPServerEntry
from .attachments import read_attachment
from .config import ConfigReader, Problem
from .contents import ContentHasher
from .editing import add_servers, remove_server
from .entries import parse_entry
from .models import WorkspaceModel
from .paste import parse_pasted
from .shown import pending_answer, pending_model, pending_server, shown_command
from .trust import Item, TrustStore


class WorkspaceManager(LoggingConfigurable):
    """The services of one folder. `data_dir` is the user's, for all folders: ``trust.json`` is kept there."""

    def __init__(self, *, workspace_id: str, root: Path, data_dir: Path, **kwargs: Any):
        super().__init__(**kwargs)
        self.workspace_id = workspace_id
        self.root = Path(root).resolve()
        self._reader = ConfigReader(self.root)
        self._hasher = ContentHasher(self.root)
        self._trust = TrustStore(Path(data_dir) / "trust.json")

    def mcp_entries(self) -> list[MCPServerEntry]:
        """The folder's MCP servers, untrusted too; `hash` covers the files of the folder they run."""
        return [self._judged(entry) for entry in self._reader.read().entries]

    def model_entries(self) -> list[WorkspaceModel]:
        """The models of the folder, untrusted ones included."""
        return [
            replace(model, trusted=self._trust.is_trusted(self.root, "model", model.name, model.hash))
            for model in self._reader.read().models
        ]

    def active_model(self) -> str | None:
        """What ``models.json`` calls active: a wish of the folder, to be heeded only for a trusted model."""
        return self._reader.read().active_model

    def problems(self) -> list[Problem]:
        """What in the folder's files is not understood or not taken, with the line where known."""
        return list(self._reader.read().problems)

    def trust_pending(self) -> JSON:
        """``{pending, hash}`` of docs/reference/wire.md: what came with the folder and is not trusted.

        Disabled entries are left out: they wait until they are enabled.
        """
        servers = [
            pending_server(entry) for entry in self.mcp_entries() if not (entry.trusted or entry.disabled)
        ]
        models = [pending_model(model) for model in self.model_entries() if not model.trusted]
        return pending_answer([*servers, *models])

    def trust(self, hash: str, entries: Iterable[str]) -> JSON:
        """Trust the pending `entries` (their ids) as seen under `hash`; returns what is still pending.

        :class:`Conflict` when the folder changed since, :class:`BadRequest` for an id that is not pending.
        """
        seen = self.trust_pending()
        if seen["hash"] != hash:
            raise Conflict(
                "The folder changed since you looked. Nothing was trusted.", then="Review it again."
            )
        pending = {item["id"]: item for item in seen["pending"]}
        chosen = list(entries)
        unknown = [id for id in chosen if id not in pending]
        if unknown:
            waiting = ", ".join(pending) or "none"
            raise BadRequest(f"Nothing with the id {unknown[0]!r} waits for trust; waiting: {waiting}.")
        self._trust.trust(self.root, [_item(pending[id]) for id in chosen])
        return self.trust_pending()

    def revoke_trust(self, name: str) -> None:
        """Trust no version of this MCP server any more."""
        self._trust.revoke(self.root, "mcp-server", name)

    def add_mcp_servers(self, entries: Mapping[str, Any]) -> list[str]:
        """Write what the user gave into ``.mandrake/mcp.json``, trusted by this act; returns the names.

        A name that is in this file already is replaced. Errors as :func:`~.editing.add_servers`.
        """
        added = add_servers(self.root, entries)
        self._trust.trust(
            self.root, [("mcp-server", entry.name, self._hasher.hash(entry)) for entry in added]
        )
        return [entry.name for entry in added]

    def try_entry(self, name: str, entry: Any) -> MCPServerEntry:
        """What the user gave, for one run that he asked for: trusted by this act, written nowhere."""
        return replace(parse_entry(name, entry, root=self.root).entry, trusted=True, disabled=False)

    def remove_mcp_server(self, name: str) -> None:
        """Remove an entry of ``.mandrake/mcp.json`` and its trust; see :func:`~.editing.remove_server`."""
        remove_server(self.root, name)
        self._trust.revoke(self.root, "mcp-server", name)

    def parse_pasted(self, text: str) -> JSON:
        """``{entries: [{name, entry, command}], problems}`` of pasted text; adds and starts nothing."""
        found = [(name, raw, parse_entry(name, raw, root=self.root)) for name, raw in parse_pasted(text)]
        entries = [
            {"name": name, "entry": raw, "command": shown_command(it.entry)} for name, raw, it in found
        ]
        return {"entries": entries, "problems": [problem for _, _, it in found for problem in it.notes]}

    def read_attachment(self, attachment: Any) -> str:
        """One attachment as a block of text for the prompt; see :func:`~.attachments.read_attachment`."""
        return read_attachment(self.root, attachment)

    def _judged(self, entry: MCPServerEntry) -> MCPServerEntry:
        hash = self._hasher.hash(entry)
        trusted = self._trust.is_trusted(self.root, "mcp-server", entry.name, hash)
        return replace(entry, hash=hash, trusted=trusted)


def trust_folder(path: Path, data_dir: Path) -> list[str]:
    """Trust all that the folder configures now; returns a line for each: name, file, command or address."""
    if not Path(path).is_dir():
        raise BadRequest(f"{str(path)!r} is not a folder.")
    manager = WorkspaceManager(workspace_id="", root=path, data_dir=data_dir)
    seen = manager.trust_pending()
    manager.trust(seen["hash"], [item["id"] for item in seen["pending"]])
    return [f"{item['name']} ({item['file']}): {item['command']}" for item in seen["pending"]]


def _item(pending: JSON) -> Item:
    return pending["kind"], pending["name"], pending["hash"]
