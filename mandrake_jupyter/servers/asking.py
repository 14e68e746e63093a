"""The seam where the SDK's errors become ours, for all that is asked of an MCP server beside calls of tools.

A question changes nothing, so that none of these errors speaks of an unknown outcome. (Calls have a seam of
their own, in `connection`: there a refusal is a result.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ..errors import MCPError, RequestRefused, RequestTimeout, ServerGone
from ..provisioners.sending import sending
from .connection import Connection
from .refusals import refused, stands_for

if TYPE_CHECKING:
    from mcp import Client

T = TypeVar("T")

#: How an MCP server says that there is no such resource: until 2025-11-25, since then.
NO_SUCH_RESOURCE = (-32002, -32602)
#: Characters of what an MCP server says that are kept.
LONGEST_REASON = 2_000


async def ask(
    connection: Connection, what: str, send: Callable[[Client], Awaitable[T]], *, timeout: float
) -> T:
    """What `send` answers, within `timeout` seconds; `what` names it in errors.

    Raises ServerGone, RequestTimeout, RequestRefused with the words of the MCP server, MCPError when it answers
    what the protocol does not know. Cancelling cancels this question only.
    """
    import anyio
    from mcp.client import InputRequiredRoundsExceededError
    from mcp.shared.exceptions import MCPError as SDKError
    from mcp_types.jsonrpc import CONNECTION_CLOSED
    from pydantic import ValidationError

    name, client = connection.name, connection.client
    deadline = asyncio.timeout(timeout)
    try:
        with connection.hearing.asked() as caller, sending() as sent:
            async with deadline:
                return await send(client)
    except SDKError as exc:
        closed = exc.code == CONNECTION_CLOSED or connection.remote_ended
        refusal = sent.refusal
        if refusal and (refusal.status == 0 or (not closed and stands_for(refusal, exc.message))):
            refusal = replace(refusal, where=connection.clean(refusal.where))
            raise refused(name, refusal, in_call=False) from exc
        if closed:
            raise _gone(name, what) from exc
        why = connection.clean("\n".join([exc.message, *caller.notes]))[:LONGEST_REASON]
        raise RequestRefused(name=name, what=what, why=why, rpc_code=exc.code) from exc
    except (anyio.ClosedResourceError, anyio.BrokenResourceError) as exc:
        raise _gone(name, what) from exc
    except TimeoutError as exc:
        if not deadline.expired():
            raise _gone(name, what) from exc
        raise RequestTimeout(name=name, what=what, seconds=f"{timeout:g}") from exc
    except (InputRequiredRoundsExceededError, ValidationError) as exc:
        raise MCPError(
            f'The MCP server "{name}" answered for {what}, but not as the protocol says.',
            reason=connection.clean(str(exc))[:LONGEST_REASON],
        ) from connection.cause(exc)
    except Exception as exc:  # the HTTP client's own
        raise _gone(name, what, connection.why(exc)) from connection.cause(exc)


def _gone(name: str, what: str, reason: str = "") -> ServerGone:
    return ServerGone(
        f'The MCP server "{name}" ended before it answered for {what}.',
        then="Ask again: its next use starts it.",
        reason=reason,
    )
