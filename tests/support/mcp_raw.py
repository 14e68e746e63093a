"""An MCP server over stdio without any SDK: the older handshake (2025-11-25), quick to start, with every
fault as a tool.

`python -S mcp_raw.py [--mute | --exit CODE | --flood | --deaf | --silent | --manner MANNER] [--tools JSON] [--prompts JSON]`:
silent to what it does not know, a manner of `mcp_tree`; those tools are listed beside its own, and the names of prompts.
`mcp_raw_http.py` serves the same over HTTP.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable

import mcp_tree

VERSION = "2025-11-25"
TOOLS = [
    "add",
    "never",
    "die",
    "hello",
    "child",
    "pid",
    "grow",
    "close_stdout",
    "raw",
    "big_line",
    "limits",
    "hog",
    "open",
    "fork",
    "late",
    "die_once",
    "never_read",
    "env",
]
#: What tools say of themselves.
HINTS = {
    "die_once": {"idempotentHint": True},
    "hello": {"readOnlyHint": True},
    "never_read": {"readOnlyHint": True},
}
waiting: dict[object, str] = {}
late: dict[object, str] = {}


def to_stdout(text: str) -> None:
    os.write(1, text.encode() + b"\n")


deliver: Callable[[str], None] = to_stdout


def send(message: object) -> None:
    deliver(message if isinstance(message, str) else json.dumps({"jsonrpc": "2.0", **dict(message)}))


def answer(ident: object, **result: object) -> None:
    send({"id": ident, "result": result})


def note(path: str, word: str) -> None:
    if path:
        with open(path, "a") as file:
            file.write(word + "\n")


def call(ident: object, tool: str, arguments: dict) -> None:
    text = ""
    if tool == "add":
        text = str(arguments["a"] + arguments["b"])
    elif tool in ("never", "never_read"):
        waiting[ident] = arguments.get("mark", "")
        return note(waiting[ident], "begun")
    elif tool == "die":
        os.write(2, b"I am dying\n")
        os._exit(arguments.get("code", 1))
    elif tool == "late":
        late[ident] = "too late"  # answered once it was cancelled, and before the next one
        return note(arguments.get("mark", ""), "begun")
    elif tool == "die_once":  # as often as `mark` has no line for it
        note(arguments["mark"], "called")
        with open(arguments["mark"]) as file:
            if len(file.readlines()) <= arguments.get("deaths", 1):
                os._exit(1)
        text = "alive"
    elif tool == "journal":  # listed with `--tools` only
        note(arguments["file"], arguments["mark"])
        text = "noted"
    elif tool == "structured":  # likewise
        content = [{"type": "text", "text": "structured"}]
        return answer(ident, content=content, structuredContent=arguments["value"])
    elif tool == "child":
        deaf = ["sh", "-c", "trap '' TERM HUP; sleep 600"]
        text = str(subprocess.Popen(deaf, stdin=subprocess.DEVNULL, start_new_session=True).pid)
    elif tool == "pid":
        text = str(os.getpid())
    elif tool == "grow":
        TOOLS.append(f"grown_{len(TOOLS)}")
        send({"method": "notifications/tools/list_changed"})
    elif tool == "close_stdout":
        os.close(1)
        return None
    elif tool == "raw":
        return send(arguments["line"].replace("ID", json.dumps(ident)))
    elif tool == "big_line":
        text = "y" * arguments["size"]
    elif tool == "limits":
        text = json.dumps(
            [resource.getrlimit(what) for what in (resource.RLIMIT_DATA, resource.RLIMIT_NOFILE)]
        )
    elif tool == "hog":
        text = str(len([bytearray(2**20) for _ in range(arguments["mb"])]))
    elif tool == "open":
        text = str(len([os.open(os.devnull, os.O_RDONLY) for _ in range(arguments["files"])]))
    elif tool == "fork":
        text = str(len([subprocess.Popen(["sleep", "600"]) for _ in range(arguments["processes"])]))
    elif tool == "env":
        text = json.dumps(dict(os.environ))
    elif tool == "hello":
        text = "hello"
    return answer(ident, content=[{"type": "text", "text": text}])


def handle(message: dict) -> None:
    method, ident, params = message.get("method"), message.get("id"), message.get("params", {})
    if method == "initialize":
        capabilities = {"tools": {"listChanged": True}} | ({"prompts": {}} if "--prompts" in sys.argv else {})
        info = {"name": "raw", "version": "1"}
        answer(ident, protocolVersion=VERSION, capabilities=capabilities, serverInfo=info)
    elif method == "tools/list":
        page = int(params.get("cursor", 0))
        tools = [
            {"name": name, "inputSchema": {"type": "object"}, "annotations": HINTS.get(name, {})}
            for name in TOOLS[page : page + 4]
        ]
        if "--tools" in sys.argv and not page:
            tools += json.loads(sys.argv[sys.argv.index("--tools") + 1])
        more = {"nextCursor": str(page + 4)} if page + 4 < len(TOOLS) else {}
        answer(ident, tools=tools, **more)
    elif method == "prompts/list":
        names = json.loads(sys.argv[sys.argv.index("--prompts") + 1])
        answer(ident, prompts=[{"name": name} for name in names])
    elif method == "prompts/get":
        content = {"type": "text", "text": params["name"]}
        answer(ident, messages=[{"role": "user", "content": content}])
    elif method == "tools/call":
        call(ident, params["name"], params.get("arguments", {}))
    elif method == "notifications/cancelled":
        note(waiting.pop(params["requestId"], ""), "cancelled")
        if params["requestId"] in late:
            text = late.pop(params["requestId"])
            answer(params["requestId"], content=[{"type": "text", "text": text}])
    elif ident is not None and "--silent" not in sys.argv:
        send({"id": ident, "error": {"code": -32601, "message": f"no method {method}"}})


def main() -> None:
    if "--mute" in sys.argv:
        sys.stdin.read()
        return
    if "--exit" in sys.argv:
        print("\n".join(f"line {n}" for n in range(1, 8)), file=sys.stderr)
        sys.exit(int(sys.argv[sys.argv.index("--exit") + 1]))
    if "--flood" in sys.argv:
        for _ in range(200):
            os.write(2, b"flood " * 10_000 + b"\n")
    manner = "term_deaf" if "--deaf" in sys.argv else "polite"
    if "--manner" in sys.argv:
        manner = sys.argv[sys.argv.index("--manner") + 1]
    mcp_tree.take_on(manner)
    for line in sys.stdin.buffer:
        handle(json.loads(line))
    mcp_tree.at_eof(manner)


if __name__ == "__main__":
    main()
