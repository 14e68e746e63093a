"""Adding and removing MCP servers in ``.mandrake/mcp.json``, the one file of a folder that we write.

Everything else in the file stays as it is; a file that does not parse or has comments is left alone, in
words. The folder ``.mandrake/`` is made by the first thing to write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import BadRequest, BrokenFile, Conflict, MandrakeError, MCPServerNotFound
from ..stores.files import read_json, update_json, writing
from ..stores.reading import confine
from ..values import Input, MCPServerEntry
from .config import DIALECTS, OWN, own_entries, read_config
from .config_text import read_text
from .entries import parse_entry


def add_servers(root: Path, entries: Mapping[str, Any]) -> list[MCPServerEntry]:
    """Write `entries` (name → entry) into the folder's own file, all or none; returns them.

    A name that is there already is replaced. :class:`BadRequest` for a name or an entry that is not
    understood, and :class:`~mandrake_jupyter.errors.BrokenFile` for a file that can't be changed without
    loss.
    """
    if not entries:
        raise BadRequest("There is no MCP server in it. Give at least one name with its entry.")
    asks = own_questions(root)
    given = [
        parse_entry(name, raw, origin=OWN, root=root, questions=asks).entry for name, raw in entries.items()
    ]
    path = confine(root, OWN)
    with writing(OWN):
        path.parent.mkdir(exist_ok=True)
    update_json(path, lambda document: _section(document).update(entries), name=OWN, mode=_mode(path))
    return given


def add_server(root: Path, name: str, entry: Any) -> MCPServerEntry:
    """As :func:`add_servers`, for one."""
    return add_servers(root, {name: entry})[0]


def own_questions(root: Path) -> Mapping[str, Input]:
    """What the own file may ask; nothing when it can't be read, which is for the writing to say."""
    try:
        return own_entries(root, read_text(root).text or "{}")[1]
    except MandrakeError:
        return {}


def remove_server(root: Path, name: str, user_files: Sequence[Path] = ()) -> None:
    """Remove one entry from the folder's own file.

    :class:`MCPServerNotFound` when no file has it, :class:`Conflict` when another program's file does.
    """
    path = confine(root, OWN)
    try:
        own = _section(read_json(path, name=OWN, comments=True))
    except FileNotFoundError:
        own = {}
    if name not in own:
        reading = read_config(root, user_files)
        found = {entry.name: entry.origin for entry in (*reading.user_entries, *reading.entries)}
        if name in found:
            where = f"is in {found[name]}, a file of another program. Remove it there."
            raise Conflict(f'The MCP server "{name}" {where}')
        raise MCPServerNotFound(name=name, known=", ".join(sorted(found)) or "none")

    def remove(document: Any) -> None:
        _section(document).pop(name, None)

    update_json(path, remove, name=OWN, mode=_mode(path))


def switch_server(root: Path, name: str, disabled: bool) -> bool:
    """Write whether an entry is disabled into the folder's own file; False when that would lose its comments."""
    path = confine(root, OWN)

    def switch(document: Any) -> None:
        entry = _section(document)[name]
        entry.pop("enabled", None)
        entry.pop("disabled", None)
        if disabled:
            entry["disabled"] = True

    try:
        update_json(path, switch, name=OWN, mode=_mode(path))
    except BrokenFile:
        return False
    return True


def _section(document: Any) -> dict[str, Any]:
    section = document.setdefault(DIALECTS[0][1], {}) if isinstance(document, dict) else None
    if not isinstance(section, dict):
        raise BadRequest(f'{OWN} is no object with "mcpServers". It was left as it is; correct it by hand.')
    return section


def _mode(path: Path) -> int | None:
    """A new file is private, since people write keys into it; one that is there keeps its mode."""
    return None if path.exists() else 0o600
