"""A small MCP server (stdio) that says on stderr what it is asked, and can wait until a file is there."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
from mcp.server import MCPServer

server = MCPServer("talking")


@server.tool()
def say(text: str, loud: bool = False) -> str:
    """Say something."""
    said = text.upper() if loud else text
    print(f"asked to say {said}", file=sys.stderr, flush=True)
    return f"You said: {said}"


@server.tool()
async def wait_for(file: str) -> str:
    """Wait until a file is there."""
    print(f"waiting for {file}", file=sys.stderr, flush=True)
    while not Path(file).exists():
        await anyio.sleep(0.05)
    return "It is there."


if __name__ == "__main__":
    server.run()
