"""A look that would start a program needs leave to execute: whoever may only read is told what is known."""

from __future__ import annotations

from jupyter_server.utils import ensure_async

from ..errors import Forbidden
from .base import MandrakeHandler


async def check_may_start(handler: MandrakeHandler, name: str) -> None:
    """Before the MCP server `name` is started for a look at it. Raises Forbidden."""
    allowed = handler.authorizer.is_authorized(
        handler, handler.current_user, "execute", "mandrake:mcp-servers"
    )
    if not await ensure_async(allowed):
        raise Forbidden(
            f'What the MCP server "{name}" offers is not known yet: it would have to be started.',
            then="You may look, but not start it. Ask who runs this Jupyter server.",
        )
