"""``jupyter mandrake audit``: what tools were called, and who let them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from traitlets import Integer, Unicode

from .list import printable
from .running import ServerCommand, heading, refusal
from .words import UNKNOWN, moment, table

if TYPE_CHECKING:
    from ..client import JupyterServer

JSON = dict[str, Any]


class AuditApp(ServerCommand):
    """List the newest tool calls of the chats: what was decided on them, by whom, and what came of it."""

    name = "jupyter-mandrake-audit"
    description = __doc__ or ""
    examples = "jupyter mandrake audit --limit 20"

    limit = Integer(50, min=1, max=1000, config=True, help="How many of each project, the newest first.")
    chat = Unicode(config=True, help="Only those of the chat with this id.")
    aliases: ClassVar[dict[str, str]] = {
        **ServerCommand.aliases,
        "limit": "AuditApp.limit",
        "chat": "AuditApp.chat",
    }

    def start(self) -> None:
        found = [self._look(server) for server in self.servers()]
        if self.as_json:
            self.print_json(found)
        else:
            self.say(*(line for one in found for line in _shown(one)))
        self.exit(0 if any(one["error"] is None for one in found) else 1)

    def _look(self, server: JupyterServer) -> JSON:
        from ..client import MandrakeClientError

        told: JSON = {"heading": heading(server), "url": server.url, "calls": [], "error": None}
        client = self.client(server)
        try:
            for workspace in client.workspaces():
                told["calls"] += client.audit(workspace["id"], session_id=self.chat or None, limit=self.limit)
        except MandrakeClientError as exc:
            told["error"] = refusal(exc)
        return told


def _shown(one: JSON) -> Iterator[str]:
    yield one["heading"]
    if one["error"]:
        yield f"  {one['error']}"
    elif not one["calls"]:
        yield "  No tool was called."
    else:
        rows = [["ASKED", "TOOL", "DECISION", "BY", "OUTCOME", "CHAT"], *map(_row, one["calls"])]
        yield from (f"  {line}" for line in table(rows))
    yield ""


def _row(call: JSON) -> list[str]:
    tool = f"{call['server']}/{call['tool']}" if call["server"] else call["tool"]
    edited = " (edited)" if call["edited"] else ""
    waits = "waits" if call["outcome"] is None else UNKNOWN
    return [
        moment(call["asked"]),
        printable(tool),
        f"{call['decision'] or waits}{edited}",
        printable(call["by"] or UNKNOWN, 20),
        call["outcome"] or UNKNOWN,
        call["session_id"],
    ]
