"""Writes docs/reference/configuration.md from the traits themselves; a test holds the page equal to them."""

from __future__ import annotations

import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "configuration.md"
HEAD = """# Configuration

Every setting is a trait, as in the rest of Jupyter. Set one on the command line, `jupyter lab --MandrakeApp.NAME=VALUE`, or in
`jupyter_server_config.py` (`c.MandrakeApp.NAME = VALUE`) in a folder that `jupyter --paths` lists under `config`.
This page is made from the code by `make docs`.
"""


def page() -> str:
    """The page as it should be now."""
    from mandrake_jupyter.app import MandrakeApp
    from mandrake_jupyter.servers.manager import MCPServerManager  # the app does not load these at start
    from mandrake_jupyter.workspaces.workspace import WorkspaceManager

    own = [
        cls
        for cls in dict.fromkeys([MandrakeApp, *MandrakeApp.classes, MCPServerManager, WorkspaceManager])
        if cls.__module__.startswith("mandrake_jupyter")
    ]
    return "\n".join([HEAD, *(_section(cls) for cls in own if _traits(cls))])


def _section(cls: type) -> str:
    rows = [
        f"| `{name}` | {_default(trait)} | {_cell(trait.help)} |"
        for name, trait in sorted(_traits(cls).items())
    ]
    return "\n".join(
        [f"## {cls.__name__}", "", "| trait | default | what it does |", "|---|---|---|", *rows, ""]
    )


def _traits(cls) -> dict:
    """The traits of a class of ours that can be configured, without those every Jupyter extension has."""
    own = {}
    for base in cls.__mro__:
        if base.__module__.startswith("mandrake_jupyter"):
            own.update({n: t for n, t in vars(base).items() if n in cls.class_traits(config=True)})
    return own


def _default(trait) -> str:
    return f"`{trait.default_value_repr()}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    print(f"wrote {PAGE}", file=sys.stderr)
