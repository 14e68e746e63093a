"""``jupyter mandrake cull``: one look of the cullers, now; with ``--dry-run`` what it would end, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from traitlets import Bool

from .running import ServerCommand, heading, refusal

JSON = dict[str, Any]
NOUNS = {"session": "chat", "mcp_server": "MCP server"}


class CullApp(ServerCommand):
    """End now what has been idle for longer than its timeout, and say why; with --dry-run end nothing.

    Culled chats come back whole at their next use; MCP servers start again at their next call, without what they kept in memory.
    """

    name = "jupyter-mandrake-cull"
    description = __doc__ or ""
    examples = "jupyter mandrake cull --dry-run"

    dry_run = Bool(False, config=True, help="Only say what would go and what stays.")
    flags: ClassVar[dict[str, Any]] = {
        **ServerCommand.flags,
        "dry-run": ({"CullApp": {"dry_run": True}}, "Only say what would go and what stays."),
    }

    def start(self) -> None:
        from ..client import MandrakeClientError

        found = self.servers()
        if len(found) > 1:
            several = [f"  --url {heading(server)}" for server in found]
            self.fail(f"{len(found)} Jupyter servers of yours run. Say which one:", *several)
        try:
            report = self.client(found[0]).cleanup(dry_run=self.dry_run)
        except MandrakeClientError as exc:
            self.fail(refusal(exc))
        if self.as_json:
            self.print_json(report)
        else:
            self.say(heading(found[0]), *_shown(report))
        self.exit(1 if report["errors"] else 0)


def _shown(report: JSON) -> Iterator[str]:
    culled, kept, errors = report["culled"], report["kept"], report["errors"]
    yield from _list("Would go:" if report["dry_run"] else "Culled:", map(_line, culled))
    paused = report.get("paused", [])
    yield from _list("Would be paused:" if report["dry_run"] else "Paused:", map(_line, paused))
    yield from _list("Stays:" if report["dry_run"] else "Kept:", map(_line, kept))
    yield from _list("Went wrong:", errors)
    looked = sum(report["considered"].values())
    went = "would go" if report["dry_run"] else "culled"
    yield f"{looked} looked at, {len(culled)} {went}, {len(kept) + len(paused)} stay."


def _list(title: str, lines: Any) -> Iterator[str]:
    if found := list(lines):
        yield title
        yield from (f"  {line}" for line in found)


def _line(told: JSON) -> str:
    return f"{NOUNS.get(told['kind'], told['kind'])} {told['name']!r}: {told['reason']}"
