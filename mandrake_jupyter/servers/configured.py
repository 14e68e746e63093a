"""What of an entry decides which process may run for it."""

from __future__ import annotations

from ..values import MCPServerEntry, content_hash


def may_run_on(running: MCPServerEntry, entry: MCPServerEntry) -> bool:
    same = (running.hash, running.limits, running.sharing) == (entry.hash, entry.limits, entry.sharing)
    return same and entry.trusted and not entry.disabled


def hash_of(entry: MCPServerEntry) -> str:
    """Of what would run, for an entry that came without."""
    what = [
        entry.transport,
        entry.command,
        entry.args,
        dict(entry.env),
        entry.cwd,
        entry.url,
        dict(entry.headers),
    ]
    return content_hash(what)
