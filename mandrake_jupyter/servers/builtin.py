"""What an MCP server of our own, in this process, must offer. Implemented by structure, without importing
this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..values import CallContext, ToolResult, ToolSpec


class BuiltinServer(Protocol):
    """Always trusted, always ready, no process. Errors of a tool are results with ``ok=False``, not
    exceptions.
    """

    name: str

    async def list_tools(self) -> list[ToolSpec]: ...

    async def call_tool(
        self, tool: str, arguments: Mapping[str, Any], context: CallContext
    ) -> ToolResult: ...
