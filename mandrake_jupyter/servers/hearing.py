"""What an MCP server says and asks of its own accord: list changes, log messages, questions.

Changes are counted, log messages kept, and questions declined in words: sampling always, for the user's model is
the user's to lend; elicitation because no chat can show one yet. Both eras come here: as requests in the
handshake era, as rounds of a call since 2026-07-28.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal

from .logs import LogRing
from .offered import Kind

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import ElicitResult, ErrorData, LoggingMessageNotificationParams

#: A list that may change.
Changing = Literal["tools"] | Kind
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
NO_QUESTION_HERE = 'It asked you: "{question}". That was declined: a chat can\'t show such questions yet.'

_LISTS: dict[str, tuple[Changing, ...]] = {
    "notifications/tools/list_changed": ("tools",),
    "notifications/resources/list_changed": ("resources", "templates"),
    "notifications/prompts/list_changed": ("prompts",),
}
#: The notes of the call or question this task waits for: since 2026-07-28 it is known which one is asked about.
_notes: ContextVar[list[str] | None] = ContextVar("mandrake_mcp_notes", default=None)
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
        self._open: list[list[str]] = []

    @contextmanager
    def asked(self) -> Iterator[list[str]]:
        """Around one call or question of ours: what it yields are the words for its caller about questions
        that were declined meanwhile.
        """
        notes: list[str] = []
        token = _notes.set(notes)
        self._open.append(notes)
        try:
            yield notes
        finally:
            self._open = [other for other in self._open if other is not notes]
            _notes.reset(token)

    async def notified(self, message: Any) -> None:
        for kind in _LISTS.get(getattr(message, "method", ""), ()):
            self.changes[kind] += 1
            self._changed(kind)

    async def said(self, params: LoggingMessageNotificationParams) -> None:
        data = params.data if isinstance(params.data, str) else json.dumps(params.data, ensure_ascii=False)
        text = f"{params.logger}: {data}" if params.logger else data
        self._logs.add("message", self._mask(text[:LONGEST_MESSAGE]), params.level)

    async def sample(self, context: Any, params: Any) -> ErrorData:
        from mcp_types import INVALID_REQUEST, ErrorData

        self._decline(NO_SAMPLING_HERE)
        return ErrorData(code=INVALID_REQUEST, message=NO_SAMPLING)

    async def elicit(self, context: Any, params: Any) -> ElicitResult:
        from mcp_types import ElicitResult

        self._decline(NO_QUESTION_HERE.format(question=self._mask(params.message[:LONGEST_QUESTION])))
        return ElicitResult(action="decline")

    def _decline(self, words: str) -> None:
        """Into the log, and to whom it concerns: never to one of several, for they may be of different chats."""
        self._logs.add("mandrake", words, "warning")
        notes = _notes.get()
        if notes is None and len(self._open) == 1:
            notes = self._open[0]
        if notes is not None and words not in notes:
            notes.append(words)

    async def listen(self, client: Client) -> None:
        """Asks to be told of changes and log messages, in the way of either era, until cancelled."""
        from mcp.client.subscriptions import SubscriptionLost
        from mcp.shared.exceptions import MCPError as SDKError

        try:
            if client.protocol_version < "2026":
                await _set_level(client)
            else:
                await self._subscribe(client)
        except (SDKError, SubscriptionLost, TimeoutError) as exc:
            _log.debug("the MCP server %s tells no changes: %s", self._name, exc)

    async def _subscribe(self, client: Client) -> None:
        from mcp.client.subscriptions import PromptsListChanged, ResourcesListChanged, ToolsListChanged

        can = client.server_capabilities
        tools = bool(can.tools and can.tools.list_changed)
        resources = bool(can.resources and can.resources.list_changed)
        prompts = bool(can.prompts and can.prompts.list_changed)
        if not (tools or resources or prompts):
            return
        methods = {
            ToolsListChanged: "notifications/tools/list_changed",
            ResourcesListChanged: "notifications/resources/list_changed",
            PromptsListChanged: "notifications/prompts/list_changed",
        }
        async with client.listen(
            tools_list_changed=tools, resources_list_changed=resources, prompts_list_changed=prompts
        ) as events:
            async for event in events:
                for kind in _LISTS.get(methods.get(type(event), ""), ()):
                    self.changes[kind] += 1
                    self._changed(kind)


async def _set_level(client: Client) -> None:
    from mcp_types import EmptyResult, SetLevelRequest, SetLevelRequestParams

    if client.server_capabilities.logging is not None:
        request = SetLevelRequest(params=SetLevelRequestParams(level=LOG_LEVEL))
        await client.session.send_request(request, EmptyResult)
