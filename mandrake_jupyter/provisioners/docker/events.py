"""What the engine tells of one container: that it ran out of memory, and with which code it ended."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...errors import EngineOff

if TYPE_CHECKING:
    from .engine import Engine

#: Bytes of one event; longer ones are none of ours.
LONGEST = 2**16


class Told:
    """`code` is the exit code, None until it is told; `oom`: it was ended for its memory. `ended` is set by either end:
    that of the container or that of the engine's telling (then without a code).
    """

    def __init__(self) -> None:
        self.code: int | None = None
        self.oom = False
        self.ended = asyncio.Event()

    def heard(self, event: Any) -> None:
        if not isinstance(event, dict):
            return
        match event.get("Action") or event.get("status"):
            case "oom":
                self.oom = True
            case "die":
                code = event.get("Actor", {}).get("Attributes", {}).get("exitCode", "")
                self.code = int(code) if str(code).isdigit() else None
                self.ended.set()


async def listen(engine: Engine, container: str, told: Told, ready: asyncio.Event) -> None:
    """Until the container has ended or the engine is gone. `ready` is set once nothing will be missed. Never raises
    for what the engine does.
    """
    filters = json.dumps({"container": [container], "event": ["oom", "die"]})
    writer = None
    try:
        reader, writer = await engine.open()
        writer.write(
            f"GET /v{engine.api}/events?filters={quote(filters)} HTTP/1.1\r\nHost: docker\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        ready.set()
        buffer = b""
        while not told.ended.is_set() and (size := int(await reader.readline(), 16)):
            buffer += await reader.readexactly(size)
            await reader.readline()
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                if line.strip():
                    told.heard(json.loads(line))
            if len(buffer) > LONGEST:
                break
    except (EngineOff, OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # nothing more will be told
    finally:
        ready.set()
        told.ended.set()
        if writer is not None:
            writer.close()
