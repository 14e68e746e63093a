"""A small MCP server over stdio, written with the SDK, with a tool for each thing that can happen.

`python mcp_echo.py [--mute | --exit CODE | --garbage]`: never answers; exits at once with words on stderr; writes lines
that are no messages to stdout before it serves.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

if "--mute" in sys.argv:
    sys.stdin.read()
    sys.exit()
if "--exit" in sys.argv:
    print("\n".join(f"line {n}" for n in range(1, 8)), file=sys.stderr)
    sys.exit(int(sys.argv[sys.argv.index("--exit") + 1]))

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ToolAnnotations

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
    raise ValueError(why)


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
async def die(code: int = 1) -> str:
    print("I am dying", file=sys.stderr, flush=True)
    os._exit(code)


@server.tool()
async def garbage() -> str:
    """Writes what is no message to stdout before it answers."""
    os.write(1, b"this is no message\n{\"nor\": \"this\"}\n\xff\xfe\n")
    return "after garbage"


@server.tool()
async def large(size: int) -> str:
    return "x" * size


@server.tool()
async def pid() -> int:
    return os.getpid()


@server.tool()
async def child() -> int:
    """Starts a process that is deaf to EOF and TERM and leaves for its own session; its pid."""
    deaf = "trap '' TERM HUP; sleep 600"
    return subprocess.Popen(["sh", "-c", deaf], stdin=subprocess.DEVNULL, start_new_session=True).pid


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


if __name__ == "__main__":
    if "--garbage" in sys.argv:
        print("Welcome to my server!\nIt is starting …", flush=True)
    server.run("stdio")
