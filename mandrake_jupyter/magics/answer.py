"""One answer as it grows: a pure reducer from the events of a run to parts, and the object users get as
``_mandrake``.

It knows neither HTTP nor any display. Events come in `seq` order; a text event says where its words belong,
so replays after a lost connection leave the same text.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TERMINAL = frozenset({"complete", "failed", "cancelled"})


@dataclass
class TextPart:
    """Words of the model; `reasoning` when it thinks aloud."""

    content: str = ""
    reasoning: bool = False


@dataclass
class ToolPart:
    """One tool call. `status`: waiting, running, done, failed, denied, unknown or withdrawn, as in wire.md."""

    call_id: str
    server: str = ""
    tool: str = ""
    title: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    status: str = "running"
    decision: str | None = None
    read_only: bool = False
    content: str = ""
    error: str = ""
    duration_ms: float | None = None
    truncated: bool = False
    progress: str = ""
    choices: tuple[str, ...] = (
        "once",
        "session",
        "workspace",
        "deny",
    )  #: what may be decided, while it waits
    question: dict[str, Any] | None = None  #: what its MCP server asks, while it does, as in wire.md

    @property
    def name(self) -> str:
        return self.title or self.tool


@dataclass
class Answer:
    """The last answer in this notebook.

    `text` is what the model said, `tools` the tool calls it made, `usage` tokens and cost (US dollars, None
    where not known). `status` is ``running``, ``waiting`` (for a person), ``complete``, ``failed`` or
    ``cancelled``; an answer that waits goes on by itself once someone has decided, or answered what an MCP
    server asks, in the panel or here.
    """

    session_id: str
    chat: str = ""
    run_id: str = ""
    model: str = ""
    status: str = "running"
    parts: dict[int, TextPart | ToolPart] = field(default_factory=dict, repr=False)
    usage: dict[str, Any] = field(default_factory=dict)
    finish_reason: str | None = None
    error: dict[str, Any] | None = None
    stopped_here: bool = False
    seconds: float | None = None
    last_seq: int = field(default=0, repr=False)
    _ended: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    @property
    def text(self) -> str:
        texts = [part.content for part in self.ordered if isinstance(part, TextPart) and not part.reasoning]
        return "\n\n".join(text for text in texts if text.strip())

    @property
    def tools(self) -> list[ToolPart]:
        return [part for part in self.ordered if isinstance(part, ToolPart)]

    @property
    def ordered(self) -> list[TextPart | ToolPart]:
        return [self.parts[number] for number in sorted(self.parts)]

    @property
    def waiting(self) -> list[ToolPart]:
        """The tool calls a person must decide."""
        return [part for part in self.tools if part.status == "waiting"]

    @property
    def asked(self) -> list[ToolPart]:
        """The tool calls in which an MCP server asks something."""
        return [part for part in self.tools if part.question is not None]

    @property
    def only_tools(self) -> bool:
        """It is over and nothing was said, as after ``/tool``: what the tools answered is the answer."""
        return self.status == "complete" and not self.text

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL

    @property
    def needs_kernel(self) -> bool:
        """A tool of Jupyter's own that may have to run in this very kernel is at work."""
        return any(p.status == "running" and p.server == "jupyter" and not p.read_only for p in self.tools)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the answer has ended; False when `timeout` seconds were not enough."""
        return self._ended.wait(timeout)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {len(self.text)} characters, {len(self.tools)} tool calls: .text .tools .usage>"

    def apply(self, event: Mapping[str, Any]) -> None:
        """Take in one event of wire.md; unknown types are ignored."""
        self.run_id = event.get("run_id") or self.run_id
        self.last_seq = int(event.get("seq") or self.last_seq)
        step = getattr(self, f"_on_{event.get('type')}", None)
        if step is not None:
            step(event)
        if not self.ended:
            self.status = "waiting" if self.waiting or self.asked else "running"

    def fail(self, error: Mapping[str, Any]) -> None:
        """End it with an error of our side: the run may go on, but nobody hears it here any more."""
        self._end("failed", error=dict(error))

    def _end(self, status: str, *, error: dict[str, Any] | None = None) -> None:
        self.status, self.error = status, error
        self._ended.set()

    def _on_start(self, event: Mapping[str, Any]) -> None:
        self.model = event.get("model") or self.model

    def _on_token(self, event: Mapping[str, Any], reasoning: bool = False) -> None:
        part = self.parts.setdefault(int(event["part"]), TextPart(reasoning=reasoning))
        if isinstance(part, TextPart):
            part.content = part.content[: int(event.get("offset", len(part.content)))] + str(event["content"])

    def _on_reasoning(self, event: Mapping[str, Any]) -> None:
        self._on_token(event, reasoning=True)

    def _on_toolCall(self, event: Mapping[str, Any]) -> None:
        part = ToolPart(
            str(event["call_id"]),
            server=str(event.get("server") or ""),
            tool=str(event.get("tool") or ""),
            title=str(event.get("title") or ""),
            arguments=dict(event.get("arguments") or {}),
            status="waiting" if event.get("needs_approval") else "running",
            read_only=bool(event.get("read_only")),
            choices=tuple(event.get("choices") or ToolPart.choices),
        )
        self.parts.setdefault(int(event["part"]), part)

    def _on_approval(self, event: Mapping[str, Any]) -> None:
        if part := self._call(event):
            part.decision = str(event.get("decision") or "") or None
            part.arguments = dict(event.get("arguments") or part.arguments)
            if part.status == "waiting":
                part.status = "denied" if part.decision == "deny" else "running"

    def _on_toolProgress(self, event: Mapping[str, Any]) -> None:
        if part := self._call(event):
            done, total = event.get("progress"), event.get("total")
            figures = f"{done:g} of {total:g}" if done is not None and total else ""
            part.progress = " · ".join(word for word in (figures, str(event.get("message") or "")) if word)

    def _on_question(self, event: Mapping[str, Any]) -> None:
        if part := self._call(event):
            part.question = dict(event)

    def _on_questionAnswered(self, event: Mapping[str, Any]) -> None:
        if part := self._call(event):
            part.question = None

    def _on_toolResult(self, event: Mapping[str, Any]) -> None:
        if part := self._call(event):
            part.question = None
            part.status = str(event.get("status") or ("done" if event.get("ok") else "failed"))
            part.content = str(event.get("content") or "")
            part.error = str(event.get("error") or "")
            part.duration_ms = event.get("duration_ms")
            part.truncated = bool(event.get("truncated"))

    def _on_usage(self, event: Mapping[str, Any]) -> None:
        names = ("input_tokens", "output_tokens", "cache_read_tokens", "cost")
        self.usage = {name: event.get(name) for name in names}

    def _on_complete(self, event: Mapping[str, Any]) -> None:
        self.usage = dict(event.get("usage") or self.usage)
        self.finish_reason = event.get("finish_reason")
        self._end("complete")

    def _on_error(self, event: Mapping[str, Any]) -> None:
        error = {name: event.get(name) for name in ("code", "then", "actions", "retryable", "retry_after")}
        self._end("failed", error={"message": str(event.get("content") or ""), **error})

    def _on_cancelled(self, event: Mapping[str, Any]) -> None:
        self._end("cancelled")

    def _call(self, event: Mapping[str, Any]) -> ToolPart | None:
        return next((part for part in self.tools if part.call_id == event.get("call_id")), None)


def from_message(message: Mapping[str, Any], chat: str = "") -> Answer:
    """The answer as it stands in the history; events after the message's `seq` continue it."""
    answer = Answer(str(message["session_id"]), chat, str(message["run_id"]), str(message.get("model") or ""))
    for part in message.get("parts") or ():
        if part["type"] == "tool":
            answer.apply({**part, "type": "toolCall", "needs_approval": part.get("status") == "waiting"})
            if part.get("decision"):
                answer.apply({**part, "type": "approval"})
            if part.get("question"):
                answer.apply({**part["question"], "type": "question"})
            if part.get("status") not in ("waiting", "running"):
                answer.apply({**part, "type": "toolResult"})
        elif part["type"] in ("text", "reasoning"):
            answer.apply({**part, "type": "token" if part["type"] == "text" else "reasoning", "offset": 0})
    answer.usage = dict(message.get("usage") or {})
    answer.last_seq = int(message.get("seq") or 0)
    if message.get("status") in TERMINAL:
        answer._end(str(message["status"]), error=message.get("error"))
    return answer
