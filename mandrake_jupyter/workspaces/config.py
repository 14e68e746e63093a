"""What a folder's files say: its MCP servers, its models, and what is wrong in them.

Three dialects are read, in this order of precedence: ``.mandrake/mcp.json``, ``.mcp.json`` (Claude) and
``.vscode/mcp.json`` (VS Code). One broken file or entry is reported and never hides the others. Reading
starts nothing, connects nowhere and expands nothing; an unchanged folder costs a few ``stat`` calls, so ask
at every use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import BadRequest, BrokenFile, MandrakeError
from ..stores.files import MAX_JSON, read_json
from ..stores.reading import confine, fingerprint, read_text_bounded, shorten
from ..values import JSON, MCPServerEntry
from .entries import parse_entry
from .models import WorkspaceModel, parse_model

OWN = ".mandrake/mcp.json"
MODELS = ".mandrake/models.json"
#: File and the key its entries are under, the first winning.
DIALECTS = ((OWN, "mcpServers"), (".mcp.json", "mcpServers"), (".vscode/mcp.json", "servers"))
#: More entries in one file than this are reported and left out.
MAX_ENTRIES = 200


@dataclass(frozen=True)
class Problem:
    """Something in a file that is not understood or not taken: `message` says what to write instead."""

    file: str
    line: int | None
    name: str | None
    message: str

    def as_json(self) -> JSON:
        return asdict(self)


@dataclass(frozen=True)
class ConfigReading:
    """Everything a folder's files say at one moment. `trusted` is not decided here: always false."""

    entries: tuple[MCPServerEntry, ...] = ()
    models: tuple[WorkspaceModel, ...] = ()
    problems: tuple[Problem, ...] = ()
    active_model: str | None = None


class ConfigReader:
    """Reads the files of one folder, again only when one of them changed."""

    def __init__(self, root: Path):
        self.root = root
        self._files = [str(root / file) for file in (*(file for file, _ in DIALECTS), MODELS)]
        self._stamp: object = None
        self._reading = ConfigReading()

    def read(self) -> ConfigReading:
        """What the files say now. Never raises for what is in the folder."""
        stamp = tuple(map(fingerprint, self._files))
        if stamp != self._stamp:
            self._reading, self._stamp = read_config(self.root), stamp
        return self._reading


def read_config(root: Path) -> ConfigReading:
    """All files of the folder `root`, read and checked. Never raises for what is in the folder."""
    problems: list[Problem] = []
    entries: dict[str, MCPServerEntry] = {}
    for file, key in DIALECTS:
        for name, raw in _section(root, file, key, problems).items():
            _take_entry(root, file, name, raw, entries, problems)
    models: dict[str, WorkspaceModel] = {}
    for name, raw in _section(root, MODELS, "providers", problems).items():
        try:
            models[name] = parse_model(name, raw, MODELS)
        except BadRequest as exc:
            problems.append(Problem(MODELS, _line(root, MODELS, name), name, str(exc)))
    document = _document(root, MODELS, []) if models else {}
    active = document.get("active") if isinstance(document, Mapping) else None
    return ConfigReading(
        tuple(entries.values()),
        tuple(models.values()),
        tuple(problems),
        active if isinstance(active, str) else None,
    )


def _take_entry(
    root: Path, file: str, name: str, raw: Any, entries: dict[str, MCPServerEntry], problems: list[Problem]
) -> None:
    try:
        parsed = parse_entry(name, raw, origin=file, root=root)
    except BadRequest as exc:
        problems.append(Problem(file, _line(root, file, name), shorten(name, 80), str(exc)))
        return
    problems.extend(Problem(file, _line(root, file, name), name, note) for note in parsed.notes)
    if name in entries:
        first = entries[name].origin
        message = f'The MCP server "{name}" is in {first} too, which counts. Rename or remove one of them.'
        problems.append(Problem(file, _line(root, file, name), name, message))
        return
    entries[name] = parsed.entry


def _section(root: Path, file: str, key: str, problems: list[Problem]) -> Mapping[str, Any]:
    """The entries of one file by name; empty where it is missing or can't be used (then with a problem)."""
    document = _document(root, file, problems)
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        problems.append(Problem(file, 1, None, f'{file} must be an object like {{"{key}": {{}}}}.'))
        return {}
    if document.get("inputs") and key == "servers":
        line, remedy = (
            _line(root, file, "inputs"),
            "Entries that use ${input:…} are left out; write ${env:NAME} instead.",
        )
        problems.append(Problem(file, line, None, f'"inputs" is not supported yet. {remedy}'))
    other = {"mcpServers": "servers", "servers": "mcpServers"}.get(key, key)
    if key not in document and other in document:
        problems.append(
            Problem(file, _line(root, file, other), None, f'{file}: write "{key}" instead of "{other}".')
        )
    section = document.get(key, {})
    if not isinstance(section, Mapping):
        problems.append(
            Problem(file, _line(root, file, key), None, f'{file}: "{key}" must be an object of entries.')
        )
        return {}
    if len(section) > MAX_ENTRIES:
        problems.append(
            Problem(file, None, None, f"{file} has {len(section)} entries; the first {MAX_ENTRIES} count.")
        )
    return dict(list(section.items())[:MAX_ENTRIES])


def _document(root: Path, file: str, problems: list[Problem]) -> Any:
    try:
        return read_json(confine(root, file), name=file, comments=True)
    except FileNotFoundError:
        return None
    except BrokenFile as exc:
        problems.append(Problem(file, exc.fields["line"], None, str(exc)))
    except MandrakeError as exc:
        problems.append(Problem(file, None, None, str(exc)))
    return None


def _line(root: Path, file: str, key: str) -> int | None:
    """The line where `key` is given in `file`, as far as a search can tell."""
    try:
        text, _ = read_text_bounded(confine(root, file), MAX_JSON, file)
    except MandrakeError:
        return None
    for written in (json.dumps(key, ensure_ascii=False), json.dumps(key)):
        found = re.search(re.escape(written) + r"\s*:", text)
        if found:
            return text.count("\n", 0, found.start()) + 1
    return None
