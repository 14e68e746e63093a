"""A small MCP server (stdio) whose tool must be allowed, and which keeps count: ``python mcp_counting.py FILE [WORDS]``.

Each execution adds a line to FILE. `WORDS` describe the tool: with others it is another tool. Without the SDK, which takes a
second to start.
"""

from __future__ import annotations

import json
import sys
from typing import Any

FILE = sys.argv[1]
WORDS = sys.argv[2] if len(sys.argv) > 2 else "Adds a line to a file."
TEXT = {"type": "object", "properties": {"text": {"type": "string", "title": "Text"}}, "required": ["text"]}
ABOUT = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "counting", "version": "1"},
}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    if method == "initialize":
        return ABOUT
    if method == "tools/list":
        tool = {"name": "append", "title": "Append", "description": WORDS, "inputSchema": TEXT}
        return {"tools": [tool]}
    if method == "tools/call":
        text = params["arguments"]["text"]
        with open(FILE, "a", encoding="utf-8") as kept:
            kept.write(f"{text}\n")
        return {"content": [{"type": "text", "text": f"Appended: {text}"}]}
    return {} if method == "ping" else None


for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked and "method" in asked:
        result = answer(asked["method"], asked.get("params") or {})
        unknown = {"error": {"code": -32601, "message": f"no method {asked['method']}"}}
        said = unknown if result is None else {"result": result}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}), flush=True)
