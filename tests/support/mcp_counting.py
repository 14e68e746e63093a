"""A small MCP server (stdio) whose tool must be allowed, and which keeps count: ``python mcp_counting.py FILE [WORDS]``.

Each execution adds a line to FILE. `WORDS` describe the tool: with others it is another tool.
"""

from __future__ import annotations

import sys

from mcp.server import MCPServer

server = MCPServer("counting")
file = sys.argv[1]
words = sys.argv[2] if len(sys.argv) > 2 else "Adds a line to a file."


@server.tool(title="Append", description=words)
def append(text: str) -> str:
    with open(file, "a", encoding="utf-8") as kept:
        kept.write(f"{text}\n")
    return f"Appended: {text}"


if __name__ == "__main__":
    server.run()
