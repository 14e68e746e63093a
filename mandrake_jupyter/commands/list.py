"""``jupyter mandrake list``: what is open, in every Jupyter server of this user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from traitlets import Bool

from .running import ServerCommand, heading, refusal
from .words import UNKNOWN, duration, size, table, until

if TYPE_CHECKING:
    from ..client import JupyterServer

JSON = dict[str, Any]
ASLEEP = ("new", "stopped")


class ListApp(ServerCommand):
    """List the chats that are open and the MCP servers that run. Looking opens none of them."""

    name = "jupyter-mandrake-list"
    description = __doc__ or ""
    examples = "jupyter mandrake list --all --json"

    everything = Bool(False, config=True, help="Also list stored chats and MCP servers that do not run.")
    flags: ClassVar[dict[str, Any]] = {
        **ServerCommand.flags,
        "all": ({"ListApp": {"everything": True}}, "Also list stored chats and MCP servers that do not run."),
    }

    def start(self) -> None:
        found = [self._look(server) for server in self.servers()]
        if self.as_json:
            self.print_json(found)
        else:
            self.say(*(line for one in found for line in self._shown(one)))
        self.exit(0 if any(one["error"] is None for one in found) else 1)

    def _look(self, server: JupyterServer) -> JSON:
        from ..client import MandrakeClientError

        told: JSON = {"heading": heading(server), "url": server.url, "pid": server.pid or None}
        told |= {"root_dir": server.root_dir or None, "sessions": [], "mcp_servers": [], "error": None}
        client = self.client(server)
        try:
            told["sessions"] = self._open(client.sessions(None))
            told["mcp_servers"] = self._open(client.mcp_servers())
        except MandrakeClientError as exc:
            told["error"] = refusal(exc)
        return told

    def _open(self, models: list[JSON]) -> list[JSON]:
        return [model for model in models if self.everything or model["phase"] not in ASLEEP]

    def _shown(self, one: JSON) -> Iterator[str]:
        yield one["heading"]
        if one["error"]:
            yield f"  {one['error']}"
            return
        yield from _section("CHAT", one["sessions"])
        yield from _section("MCP SERVER", one["mcp_servers"])
        yield ""


def _section(noun: str, models: Sequence[JSON]) -> Iterator[str]:
    if not models:
        yield f"  No {'chat is open' if noun == 'CHAT' else 'MCP server runs'}."
        return
    rows = [[noun, "PHASE", "STATE", "IDLE", "CULLS IN", "MEMORY", "ID"], *map(_row, models)]
    yield from (f"  {line}" for line in table(rows))


def _row(model: JSON) -> list[str]:
    return [
        printable(model["name"]),
        model["phase"],
        model["execution_state"],
        duration(model.get("idle_seconds")),
        until(model.get("culls_at")) if model["phase"] in ("ready", "paused") else UNKNOWN,
        size(model.get("memory")),
        model["id"],
    ]


def printable(name: str, longest: int = 40) -> str:
    """A name that stays in its cell, whatever was written into it."""
    plain = "".join(char if char.isprintable() else " " for char in name)
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
