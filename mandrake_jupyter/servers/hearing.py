"""What an MCP server says and asks of its own accord: list changes, log messages, questions.

Changes are counted and log messages kept. Sampling is declined in words, for the user's model is the user's to lend.
A question (elicitation) goes to the person whose call it is about, where that is certain, else it is declined in words.
Both eras come here: as requests in the handshake era, as rounds of a call since 2026-07-28.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ..values import Asker
from .callers import Caller
from .forms import Unaskable, question
from .logs import LogRing
from .subscription import LISTS, Changing, changes, offered_to_tell

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import ElicitResult, ErrorData, LoggingMessageNotificationParams

#: Seconds until a lost subscription is asked for anew; longer each time that nothing comes of it.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
#: From this level on an MCP server is asked for its log messages.
LOG_LEVEL: Literal["info"] = "info"
#: Characters of a log message and of a question that are kept.
LONGEST_MESSAGE = 8_000
LONGEST_QUESTION = 500

NO_SAMPLING = (
    "Mandrake for Jupyter does not lend the user's model to MCP servers: sampling was declined. "
    "Ask for what you need as an argument of the tool instead."
)
NO_SAMPLING_HERE = "It asked to use your model (sampling). That was declined: your model is not lent out."
NO_QUESTION_HERE = 'It asked you: "{question}". That was declined: {why}.'
NO_QUESTION = "It asked a question, which was declined: {why}."
NOBODY = "only in a chat is somebody there to answer"
NOT_CERTAIN = "it does not say which of several calls it is about, and they may be of different chats"
CUT_OFF = "it may be about a call of another chat that was cut off; once the MCP server is restarted it can ask again"

#: The call this task waits for: since 2026-07-28 it is known which one is asked about.
_caller: ContextVar[Caller | None] = ContextVar("mandrake_mcp_caller", default=None)
_log = logging.getLogger("mandrake_jupyter")


class Hearing:
    """For one connection. `changes` counts how often a list was said to be another one; `changed` is called with each."""

    def __init__(
        self, name: str, logs: LogRing, mask: Callable[[str], str], changed: Callable[[Changing], None]
    ) -> None:
        self.changes: Counter[Changing] = Counter()
        self._name = name
        self._logs = logs
        self._mask = mask
        self._changed = changed
        self._open: list[Caller] = []
        self._cut_off: set[str] = set()  #: chats whose calls were given up: it may be at them still, and ask

    @contextmanager
    def asked(self, asker: Asker | None = None) -> Iterator[Caller]:
        """Around one call or question of ours: `asker` is who answers what is asked about it, None for nobody."""
        caller = Caller(asker)
        token = _caller.set(caller)
        self._open.append(caller)
        try:
            yield caller
        except BaseException as exc:
            if isinstance(exc, asyncio.CancelledError | TimeoutError):
                self._cut_off.add(caller.chat)
            raise
        finally:
            self._open = [other for other in self._open if other is not caller]
            caller.leave()
            _caller.reset(token)

    def over(self) -> None:
        """The connection ends: nobody is asked any more, for nobody would hear the answer."""
        for caller in self._open:
            caller.leave()

    async def notified(self, message: Any) -> None:
        for kind in LISTS.get(getattr(message, "method", ""), ()):
            self._heard(kind)

    async def said(self, params: LoggingMessageNotificationParams) -> None:
        data = params.data if isinstance(params.data, str) else json.dumps(params.data, ensure_ascii=False)
        text = f"{params.logger}: {data}" if params.logger else data
        self._logs.add("message", self._mask(text[:LONGEST_MESSAGE]), params.level)

    async def sample(self, context: Any, params: Any) -> ErrorData:
        from mcp_types import INVALID_REQUEST, ErrorData

        self._decline(NO_SAMPLING_HERE, self._concerned())
        return ErrorData(code=INVALID_REQUEST, message=NO_SAMPLING)

    async def elicit(self, context: Any, params: Any) -> ElicitResult:
        from mcp_types import ElicitResult

        known = _caller.get()
        caller = known or self._concerned()
        try:
            if caller is None:
                raise Unaskable(NOT_CERTAIN)
            if caller.asker is None:
                raise Unaskable(NOBODY)
            if known is None and self._cut_off - {caller.chat}:
                raise Unaskable(CUT_OFF)
            asked = question(self._name, params)
            asked = replace(asked, message=self._mask(asked.message))
        except Unaskable as exc:
            words = NO_QUESTION_HERE.format(question=self._mask(params.message[:LONGEST_QUESTION]), why=exc)
            self._decline(words, None if str(exc) in (NOT_CERTAIN, CUT_OFF) else caller)
            if caller is None or str(exc) == CUT_OFF:  # what it asks may be of another chat
                for other in self._open:
                    other.note(NO_QUESTION.format(why=exc))
            return ElicitResult(action="decline")
        answer = await caller.ask(asked)
        self._logs.add("mandrake", f"It asked a question in a chat: {answer.action}.", "info")
        content = dict(answer.content) if answer.content is not None else None
        return ElicitResult(action=answer.action, content=content)

    def _concerned(self) -> Caller | None:
        """Whose call it is about; None when it may be that of one of several, for they may be of different chats."""
        return _caller.get() or (self._open[0] if len(self._open) == 1 else None)

    def _decline(self, words: str, caller: Caller | None) -> None:
        """Into the log, and to whom it concerns."""
        self._logs.add("mandrake", words, "warning")
        if caller is not None:
            caller.note(words)

    async def listen(self, client: Client) -> None:
        """Asks to be told of changes and log messages, in the way of either era, until cancelled."""
        from mcp.shared.exceptions import MCPError as SDKError

        try:
            if client.protocol_version < "2026":
                await _set_level(client)
            else:
                await self._subscribe(client)
        except (SDKError, TimeoutError) as exc:
            _log.debug("the MCP server %s tells no changes: %s", self._name, exc)

    async def _subscribe(self, client: Client) -> None:
        """Again when it is lost, as a connection is on which nothing was said for long: what changed meanwhile was not told,
        so that every list counts as changed then.
        """
        from mcp.client.subscriptions import SubscriptionLost

        pause, again = FIRST_PAUSE, False
        while lists := offered_to_tell(client):
            with suppress(SubscriptionLost):
                async with aclosing(changes(client, lists, again=again)) as told:  # type: ignore[type-var]
                    async for kind in told:
                        pause = FIRST_PAUSE
                        self._heard(kind)
            again = True
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _heard(self, kind: Changing) -> None:
        self.changes[kind] += 1
        self._changed(kind)


async def _set_level(client: Client) -> None:
    from mcp_types import EmptyResult, SetLevelRequest, SetLevelRequestParams

    if client.server_capabilities.logging is not None:
        request = SetLevelRequest(params=SetLevelRequestParams(level=LOG_LEVEL))
        await client.session.send_request(request, EmptyResult)
