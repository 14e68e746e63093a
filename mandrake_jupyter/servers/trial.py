"""Trying an entry out: started once, its tools listed, and told how that went."""

from __future__ import annotations

import time

from ..errors import MCPError
from ..values import JSON
from .server import MCPServer

#: Lines of its log that are told when it fails.
TOLD = 50


async def trial(server: MCPServer) -> JSON:
    """``{ok: true, seconds, tools, protocol}`` or ``{ok: false, error, log}``. Its caller ends it.

    Raises what is no fault of the entry: TooMany, Unavailable.
    """
    began = time.monotonic()
    try:
        await server.start(at_once=True)
    except MCPError as exc:
        lines = [line.as_json() for line in server.logs.tail(TOLD)]
        return {"ok": False, "error": exc.as_json(), "log": lines}
    known = server.known
    return {
        "ok": True,
        "seconds": round(time.monotonic() - began, 3),
        "tools": [tool.as_json() for tool in known.tools] if known else [],
        "protocol": known.protocol if known else "",
    }
