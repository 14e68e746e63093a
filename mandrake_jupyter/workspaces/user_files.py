"""MCP servers for all projects: ``mcp.json`` in the folders of ours on Jupyter's config path, in the form of a project's, and
``mcp_servers.json`` of jupyter-mcp-manager.

That has a list of entries with a ``name``, under ``mcp_servers``. All came with no folder, so nothing in one decides what
they are: without ``cwd`` they run in the folder of their file, and relative paths are found there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import BadRequest
from ..values import MCPServerEntry
from .entries import parse_entry
from .levels import level_of, not_own
from .sources import Problem, Source

KEY = "mcp_servers"
NAMES = ("mcp_servers.json", "mcp_settings.json")
#: More entries in one file than this are reported and left out.
MAX_ENTRIES = 200
#: The name of a file that has the form of a project's own.
OURS = "mcp.json"
EXAMPLE = f'{{"{KEY}": [{{"name": "time", "command": "uvx", "args": ["mcp-server-time"]}}]}}'


def default_files() -> list[str]:
    """The files on Jupyter's config path, the user's own folder first."""
    from jupyter_core.paths import jupyter_config_path

    return [os.path.join(folder, name) for folder in jupyter_config_path() if folder for name in NAMES]


def read_user_files(
    root: Path, files: Sequence[Path], taken: Collection[str], problems: list[Problem]
) -> tuple[MCPServerEntry, ...]:
    """The entries of `files`, the first of a name winning; `taken` are names that the project has, too."""
    entries: dict[str, MCPServerEntry] = {}
    for path in files:
        source = Source(str(path), path, problems)
        document = source.document()
        if document is None:
            continue
        if why := not_own(root, path):
            source.problem(f"{path} {why}. Its MCP servers have to be trusted.")
        seen: dict[str, int] = {}
        for name, raw in _named(source, document):
            nth = seen[name] = seen.get(name, -1) + 1
            for problem in _take(source, root, path, name, raw, entries):
                source.problem(problem, line=_line(source, name, nth), name=name or None)
    for entry in entries.values():
        if entry.name in taken:
            message = (
                f'The MCP server "{entry.name}" is in this project too, which counts once it is trusted.'
            )
            source = Source(entry.origin, Path(entry.origin), problems)
            source.problem(message, line=_line(source, entry.name), name=entry.name)
    return tuple(entries.values())


def _line(source: Source, name: str, nth: int = 0) -> int | None:
    if source.path is not None and source.path.name == OURS:
        return source.line(name)
    return source.line_of("name", name, nth) if name else source.line(KEY)


def _named(source: Source, document: Any) -> list[tuple[str, Any]]:
    if source.path is not None and source.path.name == OURS:
        return list(source.section(document, "mcpServers").items())
    return [(_name(raw), raw) for raw in _list(source, document)]


def _name(raw: Any) -> str:
    name = raw.get("name") if isinstance(raw, Mapping) else None
    return name if isinstance(name, str) else ""


def _list(source: Source, document: Any) -> list[Any]:
    found = document.get(KEY, []) if isinstance(document, Mapping) else None
    if not isinstance(found, list):
        source.problem(f"{source.file} must be like {EXAMPLE}.", line=source.line(KEY) or 1)
        return []
    if isinstance(document, Mapping) and KEY not in document and "mcpServers" in document:
        source.problem(f"{source.file} must be like {EXAMPLE}.", line=source.line("mcpServers"))
    if len(found) > MAX_ENTRIES:
        source.problem(f"{source.file} has {len(found)} entries; the first {MAX_ENTRIES} count.")
    return found[:MAX_ENTRIES]


def _take(
    source: Source, root: Path, path: Path, written: str, raw: Any, entries: dict[str, MCPServerEntry]
) -> tuple[str, ...]:
    """Names are for people there, with spaces: what no name of ours may have becomes ``-``. Returns what is wrong."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", written).strip("-")
    try:
        if not isinstance(raw, Mapping) or not name:
            raise BadRequest(f"{source.file}: an entry needs a name. Write {EXAMPLE}.")
        parsed = parse_entry(name, _placed(raw, path.parent), origin=source.file, root=root)
    except BadRequest as exc:
        return (str(exc),)
    if (first := entries.get(name)) is not None:
        if first.level != level_of(source.file):
            return parsed.notes
        twice = first.origin == source.file
        where = "is there twice; the first counts" if twice else f"is in {first.origin} too, which counts"
        return *parsed.notes, f'The MCP server "{name}" {where}. Rename or remove one of them.'
    entries[name] = replace(parsed.entry, level=level_of(source.file))
    return parsed.notes


def _placed(raw: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The entry with its relative paths in the folder of its file; those of a wrong kind are left for the check."""
    placed = {key: value for key, value in raw.items() if key != "name"}
    if raw.get("command") is not None and isinstance(raw.get("cwd", ""), str):
        placed["cwd"] = _join(folder, raw.get("cwd") or "")
    files = raw.get("envFile")
    if isinstance(files, str) and files:
        placed["envFile"] = _join(folder, files)
    elif isinstance(files, list):
        placed["envFile"] = [_join(folder, file) if isinstance(file, str) else file for file in files]
    return placed


def _join(folder: Path, path: str) -> str:
    return path if path.startswith("${") else os.path.normpath(os.path.join(folder, path))
