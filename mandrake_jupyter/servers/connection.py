"""One MCP session over one transport, and the seam where the SDK's errors become ours.

The task that enters `open` leaves it: the SDK demands it, and its deadline is inside. Calls may come from any
task and run there, so that cancelling one cancels only that call. Knows nothing about phases, restarts or
trust.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import CallTimeout, ExitedAtStart, MandrakeError, MCPError, ServerGone, StartTimeout
from ..lifecycle.supervisor import cause
from ..provisioners.base import Provisioner
from ..provisioners.sending import Refusal
from ..values import Answer, Asker, Question, ToolResult, ToolSpec
from .callers import Deadline
from .endings import never_asked
from .hearing import LOG_LEVEL, Hearing
from .hiding import hidden
from .listing import list_tools
from .logs import LogRing
from .offered import Kind
from .promises import Promises
from .refusals import refused, stands_for
from .secrets import Secrets
from .subscription import Changing
from .translate import tool_result

if TYPE_CHECKING:
    from mcp import Client

#: Called with (progress, total, message) as an MCP server reports them.
ProgressSink = Callable[[float, float | None, str | None], Coroutine[Any, Any, None]]

#: Seconds for listing the tools again after they changed.
LIST_TIMEOUT = 30.0

_log = logging.getLogger("mandrake_jupyter")


class Connection:
    """`changed` is set when the MCP server says that its tools are others now; `protocol` is the revision
    spoken; `outdated` is called when a list that was looked at is another one.
    """

    def __init__(
        self,
        name: str,
        provisioner: Provisioner,
        secrets: Secrets,
        logs: LogRing,
        *,
        grace: float,
        legacy: bool,
        outdated: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.provisioner = provisioner
        self.changed = asyncio.Event()
        self.tools: tuple[ToolSpec, ...] = ()
        self.protocol = ""
        self.hearing = Hearing(name, logs, secrets.mask, self._said_to_change)
        self.listed: dict[Kind, int] = {}  #: how often each list had changed when it was last asked for
        self._outdated = outdated
        self._secrets = secrets
        self.logs = logs
        self._grace = grace
        self._legacy = legacy
        self._client: Client | None = None

    @asynccontextmanager
    async def open(self, timeout: float) -> AsyncIterator[None]:
        """Connected, its tools listed, within `timeout` seconds. Raises ExitedAtStart, StartTimeout or
        another MCPError.
        """
        from mcp import Client
        from mcp_types import Implementation

        from .._version import __version__

        client = Client(
            self.provisioner.launch(self._grace),
            mode="legacy" if self._legacy else "auto",
            message_handler=self.hearing.notified,
            logging_callback=self.hearing.said,
            log_level=LOG_LEVEL,
            elicitation_callback=self.hearing.elicit,
            client_info=Implementation(
                name="mandrake-jupyter", title="Mandrake for Jupyter", version=__version__
            ),
        )
        opened = False
        deadline = asyncio.timeout(timeout)
        listening: asyncio.Task[None] | None = None
        began = self.logs.now()
        try:
            async with AsyncExitStack() as stack:
                async with deadline:
                    await stack.enter_async_context(client)
                    # Handed to the Client it would be announced as something we can do.
                    client.session._sampling_callback = self.hearing.sample
                    Promises(client.session, self._warn).take_over()
                    self.tools = await self._list(client)
                self.protocol = client.protocol_version
                self._client, opened = client, True
                listening = asyncio.create_task(self.hearing.listen(client), name=f"changes of {self.name}")
                try:
                    yield
                finally:
                    self._client = None
                    self.hearing.over()
                    listening.cancel()
                    await asyncio.wait([listening])
        except Exception as exc:
            if not opened:
                ours = self._start_error(exc, timeout if deadline.expired() else None, began)
                raise ours from self.cause(exc)
            _log.debug("closing the connection to the MCP server %s: %s", self.name, self.why(exc))

    def _start_error(self, exc: BaseException, timed_out: float | None, began: Any) -> MandrakeError:
        why = cause(exc)
        if timed_out is not None:
            return StartTimeout(name=self.name, seconds=f"{timed_out:g}")
        if isinstance(why, MandrakeError):
            return why
        if refusal := self.refusal(why):
            return refused(self.name, refusal, in_call=False)
        if fault := self.provisioner.fault:
            return fault
        if self.provisioner.ended.is_set() and not self._remote:
            if over := self.provisioner.over:
                return ExitedAtStart(f'The MCP server "{self.name}" ended: {over}.', then=over.remedy)
            wrote = [line.text.strip() for line in self.logs.tail(1000, "stderr", since=began)]
            tail = " ⏎ ".join([line for line in wrote if line][-5:]) or "(it wrote none)"
            return ExitedAtStart(name=self.name, exit_code=self.provisioner.poll(), tail=tail)
        message = f'The MCP server "{self.name}" could not be connected: {self.why(exc).splitlines()[0]}'
        return MCPError(message, reason=type(why).__name__)

    def refusal(self, exc: BaseException) -> Refusal | None:
        """The HTTP answer that `exc` stands for, no secret in its address."""
        refusal, said = self.provisioner.refusal, getattr(exc, "message", None)
        if refusal is None or (said is not None and not stands_for(refusal, said)):
            return None
        return replace(refusal, where=self.clean(refusal.where))

    def why(self, exc: BaseException) -> str:
        """What broke, in its own words, no secret among them."""
        why = cause(exc)
        return self.clean(str(why).strip()) or type(why).__name__

    def hide(self, text: str) -> str:
        """What it answers, without the keys it was handed."""
        return self._secrets.hide(text)

    def clean(self, text: str) -> str:
        return self._secrets.clean(text)

    def cause(self, exc: BaseException) -> BaseException | None:
        """`exc` as the cause of an error of ours, where that tells no secret."""
        return self._secrets.cause(exc)

    @property
    def _remote(self) -> bool:
        """Whether it runs elsewhere: what is not started here does not exit here."""
        return bool(self.provisioner.spec.url)

    @property
    def remote_ended(self) -> bool:
        """Whether it runs elsewhere and is known to have forgotten us."""
        return self._remote and self.provisioner.ended.is_set()

    def is_fresh(self, kind: Kind) -> bool:
        """Whether this connection listed it and heard of no change since."""
        return self.listed.get(kind) == self.hearing.changes[kind]

    def _said_to_change(self, kind: Changing) -> None:
        if kind == "tools":
            self.changed.set()
        elif self.listed.pop(kind, None) is not None:
            self._outdated()

    async def list_tools(self) -> tuple[ToolSpec, ...]:
        """The tools anew. Raises MCPError."""
        client = self.client
        try:
            async with asyncio.timeout(LIST_TIMEOUT):
                self.tools = await self._list(client)
        except Exception as exc:
            why = f'The MCP server "{self.name}" did not list its tools: {self.why(exc)}'
            raise MCPError(why) from self.cause(exc)
        return self.tools

    async def _list(self, client: Client) -> tuple[ToolSpec, ...]:
        return await list_tools(client, self.name, self._warn)

    def _warn(self, said: str) -> None:
        self.logs.add("mandrake", said, "warning")

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        timeout: float,
        on_progress: ProgressSink | None = None,
        asker: Asker | None = None,
    ) -> ToolResult:
        """One call of one tool, dispatched once. What the tool answers is a result, an error of the tool
        included. `asker` is who answers its questions; meanwhile its time stands still.

        Raises CallTimeout after `timeout` seconds and ServerGone when the MCP server ends: in both the
        outcome is unknown. Cancelling the caller sends ``notifications/cancelled``; the session lives on.
        """
        import anyio
        from mcp.shared.exceptions import MCPError as SDKError
        from mcp_types.jsonrpc import CONNECTION_CLOSED
        from pydantic import ValidationError

        client = self.client
        began = time.monotonic()
        deadline = asyncio.timeout(timeout)

        def failed(why: str) -> ToolResult:
            return ToolResult(False, self.hide(why), duration_ms=int((time.monotonic() - began) * 1000))

        async def report(progress: float, total: float | None, message: str | None) -> None:
            if on_progress is not None:
                await on_progress(progress, total, message and self.hide(message))

        async def ask(question: Question) -> Answer:
            assert asker is not None
            return await asker.ask(hidden(question, self.hide))

        watch = report if on_progress is not None else None
        try:
            with self.hearing.asked(asker and replace(asker, ask=ask)) as caller:
                caller.deadline = Deadline(deadline)
                async with deadline:
                    result = await client.call_tool(tool, dict(arguments), progress_callback=watch)
        except SDKError as exc:
            if exc.code == CONNECTION_CLOSED or self.remote_ended:
                raise ServerGone(name=self.name) from exc
            return failed("\n".join([exc.message, *caller.notes]))
        except (anyio.ClosedResourceError, anyio.BrokenResourceError) as exc:
            raise ServerGone(name=self.name) from exc
        except TimeoutError as exc:
            if not deadline.expired():
                raise ServerGone(name=self.name) from exc
            raise CallTimeout(name=self.name, tool=tool, seconds=f"{timeout:g}") from exc
        except (RuntimeError, ValidationError) as exc:
            return failed(f"It answered, but not as its description promises: {exc}"[:2000])
        except Exception as exc:  # the HTTP client's own
            raise ServerGone(name=self.name, reason=self.why(exc)) from self.cause(exc)
        answered = tool_result(result, int((time.monotonic() - began) * 1000), notes=caller.notes)
        return hidden(answered, self.hide)

    @property
    def client(self) -> Client:
        """The SDK's. Raises ServerGone when this connection is over."""
        if self._client is None:
            raise never_asked(self.name)
        return self._client
