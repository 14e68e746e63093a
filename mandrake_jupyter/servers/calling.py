"""One call of one tool, started if need be, and made a second time only where that is certainly the first, or harmless.

docs/decisions/0003-at-most-once.md says when and why. Cancelling the caller cancels the call, and then nothing is repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..errors import Conflict, MandrakeError, MCPError, OutcomeUnknown, ServerGone
from ..lifecycle.phases import Phase
from ..provisioners.sending import Sent, sending
from ..values import Answer, Asker, Question, ToolResult, ToolSpec
from .catalogue import Expected, check_tool
from .connection import Connection, ProgressSink
from .refusals import refused, stands_for
from .server import MCPServer
from .telling import touching


class Call:
    """One call; `run` it once. Raises what `check_tool` and `connected` do, CallTimeout, and the refusals of HTTP."""

    def __init__(
        self,
        server: MCPServer,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        on_progress: ProgressSink | None = None,
        expected: Expected | None = None,
        asker: Asker | None = None,
    ) -> None:
        self._server = server
        self._tool = tool
        self._arguments = arguments
        self._heard = on_progress and touching(server.leases, on_progress)
        self._expected = expected
        self._spec: ToolSpec | None = None  #: as it was at the first dispatch
        self._asker = asker and replace(asker, ask=partial(self._ask, asker))
        self._asked = False  #: a person was asked about it

    async def run(self) -> ToolResult:
        try:
            result = await self._twice_at_most()
        except MandrakeError:
            self._server.record.called(ok=False)
            raise
        self._server.record.called(ok=result.ok)
        return result

    async def _twice_at_most(self) -> ToolResult:
        try:
            return await self._once()
        except ServerGone as gone:
            if (why := self._repeatable(gone)) is None:
                raise
            self._server.logs.add("mandrake", f'"{self._tool}" is called once more: {why}.', "warning")
            sent = _was_sent(gone)
            try:
                return await self._once(again=sent)
            except OutcomeUnknown as later:
                if _was_sent(later):
                    raise
                raise (gone if sent else _not_run(self._server.key.name)) from later
            except MandrakeError as later:
                if sent:
                    raise gone from later
                raise

    def _repeatable(self, gone: ServerGone) -> str | None:
        """Why the call may be made once more; None when it may not. What somebody stopped stays stopped, and nobody is asked
        the same twice.
        """
        if self._server.phase is not Phase.FAILED:
            return None
        if not _was_sent(gone):
            return "it had not reached it"
        return _harmless(self._spec) if self._spec and not self._asked else None

    async def _ask(self, asker: Asker, question: Question) -> Answer:
        self._asked = True
        return await asker.ask(question)

    async def _once(self, *, again: bool = False) -> ToolResult:
        server = self._server
        async with server.connected() as connection:
            by = server.entry.hash
            tools = [replace(it, given_by=by) if it.name == self._tool else it for it in connection.tools]
            self._spec = check_tool(tools, server.key.name, self._tool, self._expected)
            if again and not _harmless(self._spec):
                raise Conflict(
                    f'The tool "{self._tool}" is not said to be harmless any more. It was not repeated.'
                )
            with sending() as sent:
                try:
                    result = await connection.call(
                        self._tool, self._arguments, server.call_timeout, self._heard, self._asker
                    )
                except ServerGone as gone:
                    raise _told(connection, sent, gone) from gone
            if not result.ok and sent.refusal and stands_for(sent.refusal, result.content):
                raise _refused(connection, sent)
            return result


def _harmless(spec: ToolSpec) -> str | None:
    """Whether twice is as good as once, as its MCP server says: a trusted one, else it would not have been started."""
    if spec.read_only:
        return "it is said to only read"
    return "it is said to be idempotent" if spec.idempotent else None


def _was_sent(gone: MandrakeError) -> bool:
    return bool(gone.fields.get("sent", True))


def _told(connection: Connection, sent: Sent, gone: ServerGone) -> MandrakeError:
    """What HTTP knows better than that it is gone."""
    if sent.refusal is None or sent.taken:
        return gone
    if sent.refusal.never_seen:
        return ServerGone(str(gone), name=connection.name, then=gone.then, sent=False)
    return _refused(connection, sent)


def _refused(connection: Connection, sent: Sent) -> MCPError:
    assert sent.refusal is not None
    refusal = replace(sent.refusal, where=connection.clean(sent.refusal.where))
    return refused(connection.name, refusal, in_call=True)


def _not_run(name: str) -> MCPError:
    return MCPError(
        f'The MCP server "{name}" ended before the call reached it, twice.',
        then="The tool was not run. The log of the MCP server may say why it ends.",
    )
