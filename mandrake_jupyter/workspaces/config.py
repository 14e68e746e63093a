"""What a folder's files say, and the user's own: MCP servers, models, and what is wrong in them.

Three dialects of a folder are read, in this order of precedence: ``.mandrake/mcp.json``, ``.mcp.json`` (Claude)
and ``.vscode/mcp.json`` (VS Code); beside them those for all projects (``user_files``, ``levels``). One broken
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
from .levels import level_of, level_sources
from .models import MODELS, MODELS_FILE, ModelWish, WorkspaceModel, first_of_a_name, read_models
from .prompts import PROMPT, PROMPT_FILE, PromptPart, read_prompts
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
#: File and the key its entries are under, the first winning.
DIALECTS = ((OWN, "mcpServers"), (".mcp.json", "mcpServers"), (".vscode/mcp.json", "servers"))


@dataclass(frozen=True)
class ConfigReading:
    """Everything these files say at one moment. `trusted` is not decided here: always false."""

    entries: tuple[MCPServerEntry, ...] = ()
    user_entries: tuple[MCPServerEntry, ...] = ()
    models: tuple[WorkspaceModel, ...] = ()
    wishes: tuple[ModelWish, ...] = ()
    prompts: tuple[PromptPart, ...] = ()
    problems: tuple[Problem, ...] = ()


class ConfigReader:
    """Reads the files of one folder, the `user_files`, and those in `folders` that are for all projects, again only when one
    of them changed.
    """

    def __init__(self, root: Path, user_files: Sequence[Path] = (), folders: Sequence[Path] = ()):
        self.root = root
        self._user_files, self._folders = tuple(user_files), tuple(folders)
        own = (root / file for file in (*(file for file, _ in DIALECTS), MODELS, PROMPT))
        shared = (folder / file for folder in folders for file in (MODELS_FILE, PROMPT_FILE))
        self._files = [str(file) for file in (*own, *user_files, *shared)]
        self._stamp: object = None
        self._reading = ConfigReading()

    def read(self) -> ConfigReading:
        """What the files say now. Never raises for what is in them."""
        stamp = tuple(map(fingerprint, self._files))
        if stamp != self._stamp:
            self._reading, self._stamp = read_config(self.root, self._user_files, self._folders), stamp
        return self._reading


def read_config(root: Path, user_files: Sequence[Path] = (), folders: Sequence[Path] = ()) -> ConfigReading:
    """All files of the folder `root`, `user_files` and those in `folders`, read and checked. Never raises for what they say."""
    problems: list[Problem] = []
    entries: dict[str, MCPServerEntry] = {}
    for file, key in DIALECTS:
        source = Source.inside(root, file, problems)
        document = source.document()
        questions = _questions(source, document)
        for name, raw in source.section(document, key).items():
            _take_entry(source, root, name, raw, questions, entries)
    own = Source.inside(root, MODELS, problems)
    models, active = read_models(own, "workspace")
    shared = [
        read_models(source, level_of(source.file))
        for source in level_sources(root, folders, MODELS_FILE, problems)
    ]
    return ConfigReading(
        tuple(entries.values()),
        read_user_files(root, user_files, entries, problems),
        (*models, *first_of_a_name(found for found, _ in shared)),
        tuple(wish for wish in (active, *(wish for _, wish in shared)) if wish),
        read_prompts(root, folders, problems),
        tuple(problems),
    )


def own_entries(root: Path, text: str) -> tuple[dict[str, MCPServerEntry], Mapping[str, Input]]:
    """The entries that the folder's own file has when it says `text`, by name, and its questions."""
    source = Source(OWN, None, [], text)
    document = source.document()
    questions = _questions(source, document)
    entries: dict[str, MCPServerEntry] = {}
    for name, raw in source.section(document, DIALECTS[0][1]).items():
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
