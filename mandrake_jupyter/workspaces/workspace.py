"""One folder on disk as a workspace: what it configures, what of it is trusted, what is attached from it.

Reading starts nothing, connects nowhere and expands nothing. Nothing is written to the folder until there is
something to write; trust is kept in the user's data directory. All methods are quick and synchronous, and
touch the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from traitlets import List, Unicode, default
from traitlets.config import LoggingConfigurable

from ..errors import BadRequest, Conflict, MCPServerNotFound
from ..lifecycle.announce import What
from ..providers.references import References
from ..values import JSON, NO_LIMITS, MCPServerEntry, ResourceLimits
from .attachments import read_attachment, read_image
from .config import OWN, ConfigReader, Problem, own_entries
from .config_text import ConfigText, begun, read_text, write_text
from .editing import add_servers, own_questions, remove_server, switch_server
from .entries import BUILTIN, parse_entry
from .judge import Entry, Judge
from .levels import default_folders
from .looser import looser_model, looser_server
from .managing import managed_entry
from .models import ModelWish, WorkspaceModel
from .paste import parse_pasted
from .prompts import PromptPart
from .shown import pending_answer, pending_model, pending_prompt, pending_server, shown_command
from .user_files import OURS, default_files


class WorkspaceManager(LoggingConfigurable):
    """The services of one folder. `data_dir` is the user's, for all folders: trust is kept there.

    `limits` are those of all MCP servers, and `references` knows which values there are: for whoever is asked to trust.
    """

    mcp_servers_files = List(
        Unicode(),
        config=True,
        help="Files with MCP servers of your own, for all projects, in the form of jupyter-mcp-manager; of two with one name "
        "that of the first file counts. Default: 'mcp_servers.json' and 'mcp_settings.json' in each folder that "
        "`jupyter --paths` lists under config. An empty list reads none.",
    )

    @default("mcp_servers_files")
    def _default_mcp_servers_files(self) -> list[str]:
        return default_files()

    configuration_folders = List(
        Unicode(),
        config=True,
        help="Folders with configuration for all projects: mcp.json, models.json and prompt.md in the form that .mandrake of a "
        "project has; of two values the first folder's counts. Default: 'mandrake' in each folder that `jupyter --paths` lists "
        "under config. An empty list reads none.",
    )

    @default("configuration_folders")
    def _default_configuration_folders(self) -> list[str]:
        return default_folders()

    def __init__(
        self,
        *,
        workspace_id: str,
        root: Path,
        data_dir: Path,
        limits: Callable[[], ResourceLimits] = lambda: NO_LIMITS,
        references: References | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.workspace_id = workspace_id
        self.root = Path(root).resolve()
        folders = [Path(folder).expanduser() for folder in self.configuration_folders]
        others = [Path(file).expanduser() for file in self.mcp_servers_files]
        self._user_files = [*(folder / OURS for folder in folders), *others]
        self._reader = ConfigReader(self.root, self._user_files, folders)
        self._judge = Judge(self.root, Path(data_dir))
        self._limits = limits
        self._references = references or References(workspace_id)

    def mcp_entries(self, only: Collection[str] | None = None) -> list[MCPServerEntry]:
        """All MCP servers, or those with the names `only`, untrusted too; `hash` covers the files of the folder they run. Of two
        with one name the folder's counts, but one that is not trusted takes the place of nothing that is.
        """
        folder, own = self._judged(only)
        mine = {entry.name for entry in own if entry.trusted}
        kept = {entry.name: entry for entry in folder if entry.trusted or entry.name not in mine}
        return [*kept.values(), *(entry for entry in own if entry.name not in kept)]

    def _judged(
        self, only: Collection[str] | None = None
    ) -> tuple[list[MCPServerEntry], list[MCPServerEntry]]:
        """Those of the folder's files, and those of the user's own."""
        reading = self._reader.read()
        folder = (entry for entry in reading.entries if only is None or entry.name in only)
        own = (entry for entry in reading.user_entries if only is None or entry.name in only)
        return list(map(self._judge.server, folder)), list(map(self._judge.own_server, own))

    def model_entries(self) -> list[WorkspaceModel]:
        """The models of the folder, untrusted ones included, then those for all projects."""
        return [self._judge.model(model) for model in self._reader.read().models]

    def model_wishes(self) -> tuple[ModelWish, ...]:
        """What each ``models.json`` calls active, the one that counts most first: the folder's only for a trusted model."""
        return self._reader.read().wishes

    def prompt_parts(self) -> list[PromptPart]:
        """What is added to the instructions of every model, in order; what is not trusted is not to be used."""
        return [self._judge.prompt(part) for part in self._reader.read().prompts]

    def instructions(self) -> str:
        """The parts that are in use, as one text."""
        return "\n\n".join(part.text for part in self.prompt_parts() if part.trusted)

    def problems(self) -> list[Problem]:
        """What in these files is not understood or not taken, with the line where known."""
        return list(self._reader.read().problems)

    # Trust.

    def trust_pending(self) -> JSON:
        """``{pending, hash}`` of docs/reference/wire.md: what came with the folder and is not trusted.

        Disabled entries are left out: they wait until they are enabled.
        """
        return pending_answer([self._pending(entry) for entry in self._waiting().values()])

    def _waiting(self) -> dict[str, Entry]:
        """By the ids of their questions."""
        folder, own = self._judged()
        servers = [entry for entry in (*folder, *own) if not (entry.trusted or entry.disabled)]
        models = [model for model in self.model_entries() if not model.trusted]
        prompts = [part for part in self.prompt_parts() if not part.trusted]
        waiting: list[tuple[str, Entry]] = [(pending_server(entry)["id"], entry) for entry in servers]
        waiting += [(pending_model(model)["id"], model) for model in models]
        return dict([*waiting, *((pending_prompt(part)["id"], part) for part in prompts)])

    def _pending(self, entry: Entry) -> JSON:
        history = self._judge.history(entry)
        if isinstance(entry, WorkspaceModel):
            return pending_model(entry, **history, looser=looser_model(entry), needs=[])
        if isinstance(entry, PromptPart):
            return pending_prompt(entry, **history, looser=[], needs=[])
        looser = looser_server(entry, self._limits(), self._judge.elsewhere)
        return pending_server(entry, **history, looser=looser, needs=self._references.needs(entry))

    def trust(self, hash: str, entries: Iterable[str]) -> JSON:
        """Trust the pending `entries` (their ids) as seen under `hash`; returns what is still pending.

        :class:`Conflict` when the folder changed since, :class:`BadRequest` for an id that is not pending.
        """
        waiting = self._waiting()
        seen = pending_answer([{"id": id, "hash": entry.hash} for id, entry in waiting.items()])
        if seen["hash"] != hash:
            raise Conflict(
                "The folder changed since you looked. Nothing was trusted.", then="Review it again."
            )
        chosen = list(entries)
        unknown = [id for id in chosen if id not in waiting]
        if unknown:
            ids = ", ".join(waiting) or "none"
            raise BadRequest(f"Nothing with the id {unknown[0]!r} waits for trust; waiting: {ids}.")
        self._judge.vouch(waiting[id] for id in chosen)
        return self.trust_pending()

    def revoke_trust(self, name: str) -> None:
        """Trust no version of this MCP server any more."""
        self._judge.revoke(name)

    # Changing.

    def add_mcp_servers(self, entries: Mapping[str, Any]) -> list[str]:
        """Write what the user gave into ``.mandrake/mcp.json``, trusted by this act; returns the names.

        A name that is in this file already is replaced. Errors as :func:`~.editing.add_servers`.
        """
        added = add_servers(self.root, entries)
        self._judge.vouch(self._judge.server(entry) for entry in added)
        return [entry.name for entry in added]

    def try_entry(self, name: str, entry: Any) -> MCPServerEntry:
        """What the user gave, for one run that he asked for: trusted by this act, written nowhere."""
        asks = own_questions(self.root)
        parsed = parse_entry(name, entry, root=self.root, questions=asks)
        return replace(parsed.entry, trusted=True, disabled=False)

    def remove_mcp_server(self, name: str) -> None:
        """Remove an entry of ``.mandrake/mcp.json`` and its trust; see :func:`~.editing.remove_server`."""
        remove_server(self.root, name, self._user_files)
        self._judge.revoke(name)

    def switch_mcp_server(self, name: str, *, disabled: bool) -> None:
        """Switch an entry off or on: in ``.mandrake/mcp.json``, and for other files (and where comments would be lost) in the
        user's data directory. It is no word on trust. :class:`MCPServerNotFound`; :class:`Conflict` for the built-in one.
        """
        if name == BUILTIN:
            raise Conflict(f'The MCP server "{name}" is built in. It can\'t be switched off.')
        reading = self._reader.read()
        found = {entry.name: entry.origin for entry in self.mcp_entries()}
        if name not in found:
            raise MCPServerNotFound(name=name, known=", ".join(sorted(found)) or "none")
        entries = (*reading.entries, *reading.user_entries)
        says = next(it.disabled for it in entries if (it.name, it.origin) == (name, found[name]))
        written = found[name] == OWN and switch_server(self.root, name, disabled)
        says = disabled if written else says
        self._judge.switches.set(self.root, found[name], name, says=says, disabled=disabled)

    def mcp_config(self) -> tuple[JSON, str]:
        """``.mandrake/mcp.json`` for an editor, as wire.md has it, and its ETag."""
        return self._config(read_text(self.root))

    def save_mcp_config(self, text: str, wanted: Callable[[str], bool]) -> tuple[JSON, str, dict[str, What]]:
        """Write `text` as ``.mandrake/mcp.json``, if `wanted` takes the ETag of what is there; the answer, the ETag, and what
        became of which entry (``created``, ``changed``, ``deleted``).

        What the user changes or adds so is trusted by this act, all else keeps the trust it had. Errors as
        :func:`~.config_text.write_text`.
        """
        before = write_text(self.root, text, lambda there: wanted(there.etag))
        old = own_entries(self.root, before.text)[0] if before.exists else {}
        new = own_entries(self.root, text)[0]
        added = begun(before, text)
        changed = [
            it for name, it in new.items() if (old[name].hash != it.hash if name in old else added(name))
        ]
        self._judge.vouch(map(self._judge.server, changed))
        gone = [name for name in old if name not in new]
        for name in gone:
            self._judge.revoke(name)
        told: dict[str, What] = dict.fromkeys(gone, "deleted")
        for name in new:
            if old.get(name) != new[name]:
                told[name] = "changed" if name in old else "created"
        return *self._config(ConfigText(text, True)), told

    def _config(self, it: ConfigText) -> tuple[JSON, str]:
        answer = {
            "file": OWN,
            "path": str(self.root / OWN),
            "text": it.text,
            "exists": it.exists,
            "problems": [problem.as_json() for problem in self.problems()],
        }
        return answer, it.etag

    def parse_pasted(self, text: str) -> JSON:
        """``{entries: [{name, entry, command, managed}], problems}`` of pasted text; adds and starts nothing."""
        found = [(name, raw, parse_entry(name, raw, root=self.root)) for name, raw in parse_pasted(text)]
        entries = [
            {
                "name": name,
                "entry": raw,
                "command": shown_command(it.entry),
                "managed": self._managed(name, raw),
            }
            for name, raw, it in found
        ]
        return {"entries": entries, "problems": [problem for _, _, it in found for problem in it.notes]}

    def _managed(self, name: str, raw: Any) -> JSON | None:
        """As a container of ours, where it is a ``docker run`` all of which can be kept."""
        if (found := managed_entry(name, raw, self.root)) is None:
            return None
        entry, parsed = found
        looser = looser_server(parsed, self._limits(), self._judge.elsewhere)
        return {"entry": entry, "command": shown_command(parsed), "looser": looser}

    def read_attachment(self, attachment: Any) -> str:
        """One attachment as a block of text for the prompt; see :func:`~.attachments.read_attachment`."""
        return read_attachment(self.root, attachment)

    def read_image(self, attachment: Any) -> tuple[str, bytes]:
        """Name and bytes of an image of the folder; see :func:`~.attachments.read_image`."""
        return read_image(self.root, attachment)


def trust_folder(path: Path, data_dir: Path) -> list[str]:
    """Trust all that the folder configures now; returns a text for each: name, file, command or address, and a line for
    each sentence on what is looser than usual.
    """
    if not Path(path).is_dir():
        raise BadRequest(f"{str(path)!r} is not a folder.")
    manager = WorkspaceManager(workspace_id="", root=path, data_dir=data_dir)
    seen = manager.trust_pending()
    manager.trust(seen["hash"], [item["id"] for item in seen["pending"]])
    lines = ([f"{it['name']} ({it['file']}): {it['command']}", *it["looser"]] for it in seen["pending"])
    return ["\n    ".join(line) for line in lines]
