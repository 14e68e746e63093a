"""How one MCP server is: whether it lives, whether it answers, what went wrong. It asks a living one and wakes none.

Asking is no use of it: no lease, no activity, and nothing that a call would wait for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import MandrakeError, MCPError, RequestTimeout
from ..lifecycle.phases import ALIVE, Phase
from ..provisioners.sending import sending
from ..values import JSON, MCPServerEntry, isoformat, utcnow
from .connection import Connection
from .describe import counts, usage
from .endings import never_asked
from .record import Record
from .refusals import refused, stands_for
from .server import MCPServer

#: Seconds it may take to give a sign of life.
TIMEOUT = 5.0

Status = Literal["ok", "failing", "asleep", "starting", "untrusted"]


@dataclass(frozen=True)
class Answer:
    """`error` is None when it answered, whatever it said."""

    error: MandrakeError | None
    ms: int


async def look(entry: MCPServerEntry, servers: Sequence[MCPServer], record: Record) -> JSON:
    """Of all processes of `entry` together: it answers when each does."""
    living = [server for server in servers if server.phase in ALIVE]
    ready = [server for server in living if server.phase is Phase.READY and entry.trusted]
    answers = await asyncio.gather(*map(_answer, ready))
    wrong = next((answer.error for answer in answers if answer.error), None)
    alive = any(_alive(server) for server in living)
    if not entry.trusted:
        status: Status = "untrusted"
    elif wrong or any(server.phase is Phase.FAILED for server in servers) or (ready and not alive):
        status = "failing"
    elif ready:
        status = "ok"
    else:
        starting = any(server.phase is Phase.STARTING for server in servers)
        status = "starting" if starting else "asleep"
    error = wrong or record.last_error
    return {
        "status": status,
        "alive": alive,
        "answers": not wrong if answers else None,
        "answered_ms": max(answer.ms for answer in answers) if answers and not wrong else None,
        "checked": isoformat(utcnow()),
        "last_error": error.as_json() if error else None,
        "starts": record.starts,
        **counts(record),
        "calls": record.calls,
        "failed_calls": record.failed_calls,
        "busy": sum(server.leases.busy for server in servers),
        **usage(living),
        "uptime_seconds": round(max(server.life.seconds for server in ready), 3) if ready else None,
    }


def builtin() -> JSON:
    """Of one of our own, in this process."""
    return {
        "status": "ok",
        "alive": True,
        "answers": True,
        "answered_ms": 0,
        "checked": isoformat(utcnow()),
        "last_error": None,
        "starts": 0,
        **counts(Record()),
        "calls": 0,
        "failed_calls": 0,
        "busy": 0,
        **usage([]),
        "uptime_seconds": None,
    }


def _alive(server: MCPServer) -> bool:
    """What runs elsewhere has no process to look at: it lives while its connection does."""
    running = server.running
    return running is not None and running.poll() is None


async def _answer(server: MCPServer) -> Answer:
    began = time.monotonic()
    connection = server.connection
    error = never_asked(server.key.name) if connection is None else await _ask(connection)
    return Answer(error, round((time.monotonic() - began) * 1000))


async def _ask(connection: Connection) -> MandrakeError | None:
    """A refusal in words is an answer, too."""
    from mcp.shared.exceptions import MCPError as SDKError
    from mcp_types.jsonrpc import CONNECTION_CLOSED

    name = connection.name
    try:
        client = connection.client
        with sending() as sent:
            async with asyncio.timeout(TIMEOUT):
                if client.protocol_version < "2026":
                    await client.session.send_ping()
                else:
                    await client.session.send_discover(client.protocol_version)
    except SDKError as exc:
        if sent.refusal and stands_for(sent.refusal, exc.message):
            where = connection.clean(sent.refusal.where)
            return refused(name, replace(sent.refusal, where=where), in_call=False)
        return never_asked(name) if exc.code == CONNECTION_CLOSED else None
    except TimeoutError:
        return RequestTimeout(name=name, what="a sign of life", seconds=f"{TIMEOUT:g}")
    except MandrakeError as exc:
        return exc
    except Exception as exc:
        return MCPError(f'The MCP server "{name}" gave no sign of life: {connection.why(exc)}')
    return None
