"""What a project's folder says of tools. It only tightens: which calls are always asked about, which are never made."""

from __future__ import annotations

from dataclasses import dataclass

#: Where they are written, in the folder.
RULES = ".mandrake/workspace.json"
#: Stands for every tool, or every MCP server, in a rule.
ANY = "*"


@dataclass(frozen=True)
class ToolRules:
    """Rules are ``MCP server/tool``. `everything`: the file can't be understood, so each call is asked about."""

    ask: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    everything: bool = False

    def asks(self, server: str, tool: str) -> bool:
        return self.everything or _named(self.ask, server, tool)

    def denies(self, server: str, tool: str) -> bool:
        return _named(self.deny, server, tool)


NO_RULES = ToolRules()


def _named(rules: frozenset[str], server: str, tool: str) -> bool:
    return not rules.isdisjoint((f"{server}/{tool}", f"{server}/{ANY}", f"{ANY}/{tool}", f"{ANY}/{ANY}"))
