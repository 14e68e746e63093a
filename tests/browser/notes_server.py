"""A small MCP server (stdio) whose one tool writes a file, so that it must be approved. Says when it
started.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mcp.server import MCPServer

server = MCPServer("notes")
folder = Path(sys.argv[1])
(folder / "started").touch()


@server.tool()
def write_note(text: str) -> str:
    """Keep a note in a file."""
    (folder / "note.txt").write_text(text, "utf-8")
    return f"Noted: {text}"


if __name__ == "__main__":
    server.run()
