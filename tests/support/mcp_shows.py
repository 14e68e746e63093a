"""An MCP server without an SDK whose tools tell its environment to the client, as it is or in hex, and its log a part of it."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" in message:
            if (of := (message.get("params") or {}).get("_meta", {}).get("progressToken")) is not None:
                told = {"progressToken": of, "progress": 1, "message": f"A is {os.environ.get('A')}"}
                notice = {"jsonrpc": "2.0", "method": "notifications/progress", "params": told}
                print(json.dumps(notice), flush=True)
            result = answers(message["method"], message.get("params") or {})
            unknown = {"error": {"code": -32601, "message": "no such method"}}
            answer = {"result": result} if result is not None else unknown
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)


def answers(method: str, params: dict) -> dict | None:
    if method == "initialize":
        info = {"name": "shows", "version": "1"}
        return {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        names = ("environment", "environment_in_hex", "refuse")
        return {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in names]}
    if method == "tools/call":
        text = json.dumps(dict(os.environ))
        print("A is", os.environ.get("A"), file=sys.stderr, flush=True)
        if params["name"] == "environment_in_hex":
            text = text.encode().hex()
        told = {"content": [{"type": "text", "text": text}], "structuredContent": {"told": [text]}}
        return {**told, "isError": params["name"] == "refuse"}
    return None


if __name__ == "__main__":
    main()
