"""What tools promise of their answers (their output schemas), held in place of the SDK, which would run patterns of a stranger
on the event loop.

A small answer is looked at where it is, for a moment; any other in a thread, one at a time of each MCP server. What can't be
told in time passes, with a line in the log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .schemas import Schema, TooLong

if TYPE_CHECKING:
    from mcp import ClientSession
    from mcp_types import CallToolResult

#: Characters of a schema and of an answer that are looked at without a thread, and for how many seconds.
SMALL = 20_000
MOMENT = 0.01
#: Characters of what is wrong that are told.
SHOWN = 500


class Promises:
    """For one connection. `say` is told what could not be looked at."""

    def __init__(self, session: ClientSession, say: Callable[[str], None]) -> None:
        self._session: Any = session
        self._say = say
        self._made: dict[str, tuple[Any, Schema]] = {}
        self._one_by_one = asyncio.Lock()

    def take_over(self) -> None:
        self._session.validate_tool_result = self.check

    async def check(self, tool: str, result: CallToolResult) -> None:
        """Raises RuntimeError, as the SDK does, where the answer is not as `tool` promises."""
        promised = self._session._tool_output_schemas.get(tool)
        if promised is None:
            return
        if result.structured_content is None and "structured_content" not in result.model_fields_set:
            raise RuntimeError("it has an output schema, and answered with nothing that could fit it")
        try:
            wrong = await self._wrong_with(tool, promised, result.structured_content)
        except TooLong:
            self._say(
                f'Whether the answer of "{tool[:SHOWN]}" fits its output schema could not be told in time.'
            )
        except Exception as exc:  # whatever a foreign schema makes the library raise
            raise RuntimeError(f"its output schema is none ({type(exc).__name__})") from exc
        else:
            if wrong is not None:
                raise RuntimeError(wrong)

    async def _wrong_with(self, tool: str, promised: Any, answer: Any) -> str | None:
        known, schema = self._made.get(tool, (None, None))
        if schema is not None and known is promised and _small(schema, answer):
            try:
                return _words(schema, answer, MOMENT)
            except TooLong:
                pass
        async with self._one_by_one:
            if schema is None or known is not promised:
                schema = await asyncio.to_thread(Schema, promised)
                self._made[tool] = (promised, schema)
            return await asyncio.to_thread(_words, schema, answer)


def _small(schema: Schema, answer: Any) -> bool:
    return schema.size <= SMALL and len(json.dumps(answer)) <= SMALL


def _words(schema: Schema, answer: Any, *seconds: float) -> str | None:
    error = schema.wrong_with(answer, *seconds)
    if error is None:
        return None
    where = ".".join(str(step) for step in error.absolute_path)
    return f"{where}: {error.message[:SHOWN]}" if where else error.message[:SHOWN]
