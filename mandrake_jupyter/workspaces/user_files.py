"""The user's own MCP servers, for all projects: ``mcp_servers.json`` of jupyter-mcp-manager, on Jupyter's config path.

A list of entries with a ``name``, under ``mcp_servers``. They came with no folder, so nothing in one decides what
they are: without ``cwd`` they run in the folder of their file, and relative paths are found there.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import BadRequest
from ..values import MCPServerEntry
from .entries import parse_entry
from .sources import Problem, Source

KEY = "mcp_servers"
NAMES = ("mcp_servers.json", "mcp_settings.json")
#: More entries in one file than this are reported and left out.
MAX_ENTRIES = 200
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
        for raw in _list(source, document):
            name = raw.get("name") if isinstance(raw, Mapping) else None
            name = name if isinstance(name, str) else ""
            nth = seen[name] = seen.get(name, -1) + 1
            for problem in _take(source, root, path, name, raw, entries):
                line = source.line_of("name", name, nth) if name else source.line(KEY)
                source.problem(problem, line=line, name=name or None)
    for entry in entries.values():
        if entry.name in taken:
            message = (
                f'The MCP server "{entry.name}" is in this project too, which counts once it is trusted.'
            )
            source = Source(entry.origin, Path(entry.origin), problems)
            source.problem(message, line=source.line_of("name", entry.name), name=entry.name)
    return tuple(entries.values())


def not_own(root: Path, path: Path) -> str | None:
    """Why the file's word is not the user's (or the system's); None where it is."""
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        return "lies in this project"
    try:
        status = os.stat(path)
    except OSError:
        return "can't be read"
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        return "may be written by others (chmod go-w would forbid it)"
    if hasattr(os, "geteuid") and status.st_uid not in (os.geteuid(), 0):
        return "belongs to another user"
    return None


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
        twice = first.origin == source.file
        where = "is there twice; the first counts" if twice else f"is in {first.origin} too, which counts"
        return *parsed.notes, f'The MCP server "{name}" {where}. Rename or remove one of them.'
    entries[name] = parsed.entry
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
