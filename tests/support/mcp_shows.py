"""An MCP server without an SDK whose one tool tells its environment, to the client and to its log."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" in message:
            result = answers(message["method"])
            unknown = {"error": {"code": -32601, "message": "no such method"}}
            answer = {"result": result} if result is not None else unknown
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)


def answers(method: str) -> dict | None:
    if method == "initialize":
        info = {"name": "shows", "version": "1"}
        return {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {"tools": [{"name": "environment", "inputSchema": {"type": "object"}}]}
    if method == "tools/call":
        text = json.dumps(dict(os.environ))
        print("A is", os.environ.get("A"), file=sys.stderr, flush=True)
        return {"content": [{"type": "text", "text": text}]}
    return None


if __name__ == "__main__":
    main()
