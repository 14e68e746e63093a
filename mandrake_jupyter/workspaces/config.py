"""What a folder's files say, and the user's own: MCP servers, models, and what is wrong in them.

Three dialects of a folder are read, in this order of precedence: ``.mandrake/mcp.json``, ``.mcp.json`` (Claude)
and ``.vscode/mcp.json`` (VS Code); beside them the user's own ``mcp_servers.json`` (``user_files``). One broken
file or entry is reported and never hides the others. Reading starts nothing, connects nowhere and expands
nothing; an unchanged folder costs a few ``stat`` calls, so ask at every use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadRequest
from ..stores.reading import fingerprint
from ..values import Input, MCPServerEntry
from .entries import parse_entry
from .models import WorkspaceModel, parse_model
from .sources import Problem, Source
from .user_files import read_user_files
from .variables import parse_questions

__all__ = [
    "DIALECTS",
    "MODELS",
    "OWN",
    "ConfigReader",
    "ConfigReading",
    "Problem",
    "own_entries",
    "read_config",
]

OWN = ".mandrake/mcp.json"
MODELS = ".mandrake/models.json"
#: File and the key its entries are under, the first winning.
DIALECTS = ((OWN, "mcpServers"), (".mcp.json", "mcpServers"), (".vscode/mcp.json", "servers"))
#: More entries in one file than this are reported and left out.
MAX_ENTRIES = 200


@dataclass(frozen=True)
class ConfigReading:
    """Everything these files say at one moment. `trusted` is not decided here: always false."""

    entries: tuple[MCPServerEntry, ...] = ()
    user_entries: tuple[MCPServerEntry, ...] = ()
    models: tuple[WorkspaceModel, ...] = ()
    problems: tuple[Problem, ...] = ()
    active_model: str | None = None


class ConfigReader:
    """Reads the files of one folder, and the `user_files`, again only when one of them changed."""

    def __init__(self, root: Path, user_files: Sequence[Path] = ()):
        self.root = root
        self._user_files = tuple(user_files)
        own = (root / file for file in (*(file for file, _ in DIALECTS), MODELS))
        self._files = [str(file) for file in (*own, *user_files)]
        self._stamp: object = None
        self._reading = ConfigReading()

    def read(self) -> ConfigReading:
        """What the files say now. Never raises for what is in them."""
        stamp = tuple(map(fingerprint, self._files))
        if stamp != self._stamp:
            self._reading, self._stamp = read_config(self.root, self._user_files), stamp
        return self._reading


def read_config(root: Path, user_files: Sequence[Path] = ()) -> ConfigReading:
    """All files of the folder `root`, and `user_files`, read and checked. Never raises for what is in them."""
    problems: list[Problem] = []
    entries: dict[str, MCPServerEntry] = {}
    for file, key in DIALECTS:
        source = Source.inside(root, file, problems)
        document = source.document()
        questions = _questions(source, document)
        for name, raw in _section(source, document, key).items():
            _take_entry(source, root, name, raw, questions, entries)
    source = Source.inside(root, MODELS, problems)
    document = source.document()
    models: dict[str, WorkspaceModel] = {}
    for name, raw in _section(source, document, "providers").items():
        try:
            models[name] = parse_model(name, raw, MODELS)
        except BadRequest as exc:
            source.problem(str(exc), line=source.line(name), name=name)
    active = document.get("active") if models and isinstance(document, Mapping) else None
    return ConfigReading(
        tuple(entries.values()),
        read_user_files(root, user_files, entries, problems),
        tuple(models.values()),
        tuple(problems),
        active if isinstance(active, str) else None,
    )


def own_entries(root: Path, text: str) -> tuple[dict[str, MCPServerEntry], Mapping[str, Input]]:
    """The entries that the folder's own file has when it says `text`, by name, and its questions."""
    source = Source(OWN, None, [], text)
    document = source.document()
    questions = _questions(source, document)
    entries: dict[str, MCPServerEntry] = {}
    for name, raw in _section(source, document, DIALECTS[0][1]).items():
        _take_entry(source, root, name, raw, questions, entries)
    return entries, questions


def _take_entry(
    source: Source,
    root: Path,
    name: str,
    raw: Any,
    questions: Mapping[str, Input],
    entries: dict[str, MCPServerEntry],
) -> None:
    try:
        parsed = parse_entry(name, raw, origin=source.file, root=root, questions=questions)
    except BadRequest as exc:
        source.problem(str(exc), line=source.line(name), name=name)
        return
    for note in parsed.notes:
        source.problem(note, line=source.line(name), name=name)
    if name in entries:
        first = entries[name].origin
        message = f'The MCP server "{name}" is in {first} too, which counts. Rename or remove one of them.'
        source.problem(message, line=source.line(name), name=name)
        return
    entries[name] = parsed.entry


def _questions(source: Source, document: Any) -> Mapping[str, Input]:
    """The ``inputs`` of a file by id; what is none is reported."""
    found: dict[str, Input] = {}
    for item in parse_questions(document.get("inputs") if isinstance(document, Mapping) else None):
        if isinstance(item, Input):
            found[item.id] = item
        else:
            id, message = item
            source.problem(
                f"{source.file}: {message}", line=source.line_of("id", id) if id else source.line("inputs")
            )
    return found


def _section(source: Source, document: Any, key: str) -> Mapping[str, Any]:
    """The entries of one file by name; empty where it is missing or can't be used (then with a problem)."""
    file = source.file
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        source.problem(f'{file} must be an object like {{"{key}": {{}}}}.', line=1)
        return {}
    other = {"mcpServers": "servers", "servers": "mcpServers"}.get(key, key)
    if key not in document and other in document:
        source.problem(f'{file}: write "{key}" instead of "{other}".', line=source.line(other))
    section = document.get(key, {})
    if not isinstance(section, Mapping):
        source.problem(f'{file}: "{key}" must be an object of entries.', line=source.line(key))
        return {}
    if len(section) > MAX_ENTRIES:
        source.problem(f"{file} has {len(section)} entries; the first {MAX_ENTRIES} count.")
    return dict(list(section.items())[:MAX_ENTRIES])
