"""A small MCP server over stdio, written with the SDK, with a tool for each thing that can happen.

`python mcp_echo.py [--garbage | --http]`: that writes lines that are no messages to stdout before it serves.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

STDOUT = os.dup(1)  # the SDK takes the original away
server = MCPServer("echo")


@server.tool(title="Echo", annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True))
async def echo(text: str) -> str:
    """Says `text` again."""
    return text


@server.tool()
async def add(a: int, b: int) -> int:
    return a + b


@server.tool()
async def fail(why: str) -> str:
    raise ToolError(why)


@server.tool()
async def slow(steps: int, ctx: Context) -> str:
    """Reports progress, one step after the other."""
    for step in range(steps):
        await ctx.report_progress(step + 1, steps, f"step {step + 1}")
    return "done"


@server.tool()
async def never(mark: str = "") -> str:
    """Never answers; notes in the file `mark` when it begins and when it is cancelled."""
    note(mark, "begun")
    try:
        await asyncio.Event().wait()
    except BaseException:
        note(mark, "cancelled")
        raise
    return "?"


@server.tool()
async def garbage() -> str:
    """Writes what is no message to stdout before it answers."""
    os.write(STDOUT, b'this is no message\n{"nor": "this"}\n\xff\xfe\n')
    return "after garbage"


@server.tool()
async def large(size: int) -> str:
    return "x" * size


@server.tool()
async def pid() -> int:
    return os.getpid()


@server.tool()
async def grow(ctx: Context) -> str:
    """Adds a tool and says that the list changed."""

    async def grown() -> str:
        return "grown"

    server.add_tool(grown, name=f"grown_{time.monotonic_ns()}")
    await ctx.notify_tools_changed()
    return "grew"


def note(path: str, word: str) -> None:
    if path:
        with open(path, "a") as file:
            file.write(word + "\n")


def serve_http() -> None:
    """On a free port of loopback; the URL is the first line on stdout."""
    import socket

    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
        config = uvicorn.Config(server.streamable_http_app(), log_level="error")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    if "--garbage" in sys.argv:
        print("Welcome to my server!\nIt is starting …", flush=True)
    if "--http" in sys.argv:
        serve_http()
    server.run("stdio")
