"""An MCP server called by the SDK and nothing else: `python mcp_bare.py COMMAND…`. A line ``N`` asks for N calls of ``hello``;
the answer is their seconds. Runs with the SDK 1 and 2.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main(command: str, *args: str) -> None:
    parameters = StdioServerParameters(command=command, args=list(args))
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        await session.list_tools()
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            took = []
            for _ in range(int(line)):
                began = time.perf_counter()
                await session.call_tool("hello", {})
                took.append(time.perf_counter() - began)
            print(json.dumps(took), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
