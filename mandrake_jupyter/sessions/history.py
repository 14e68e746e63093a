"""Our rows → what the model reads. Built anew for every request, never resumed from a library's own blob.

Every tool call in it has exactly one result: one that is not known says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, takewhile

from ..providers.base import ChatMessage, ReasoningPart, ToolCallPart, ToolResultPart
from ..stores.rows import Message, Part, RunRow
from ..stores.runs import RunStore
from .endings import WITHDRAWN
from .images import as_parts
from .prompted import filled_in, prompt_turns

SHOWN_TO_MODEL = 32_000
UNKNOWN = "It is not known whether this call finished. It was not run again."


async def earlier(store: RunStore, run: RunRow) -> list[Message]:
    """The messages before those of `run` that ended, oldest first; without what was taken back while it waited."""
    before = takewhile(lambda pair: pair[1].id != run.id, await store.history(run.session_id))
    return [message for message, row in before if not row.open and row.finish_reason != WITHDRAWN]


def build_history(
    messages: Iterable[Message],
    names: dict[tuple[str, str], str],
    *,
    tools: bool,
    images: Mapping[str, bytes] | None = None,
) -> tuple[ChatMessage, ...]:
    """Turns for the model, oldest first. `names` maps (MCP server, tool) to the name the model knows.

    For a model without tools, and for calls the user made himself, calls and results are told as text, as are images that
    are not in `images`. Reasoning goes back only within the answer that is at work, the last one.
    """
    turns: list[ChatMessage] = []
    messages = list(messages)
    for message in messages:
        if message.role == "user":
            turns.extend(_question(message, images or {}))
        else:
            turns.extend(_answer(message.parts, names, tools=tools, at_work=message is messages[-1]))
    return tuple(turns)


def _question(message: Message, images: Mapping[str, bytes]) -> list[ChatMessage]:
    told, shown = as_parts(message.attachments, images)
    blocks = [*(str(a["text"]) for a in message.attachments if a.get("text")), *told]
    if (filled := filled_in(message)) is not None:
        *turns, last = prompt_turns(message, filled, blocks)
        return [*turns, replace(last, images=shown)]
    return [ChatMessage("user", text="\n\n".join([message.text, *blocks]), images=shown)]


def _answer(
    parts: Sequence[Part], names: dict[tuple[str, str], str], *, tools: bool, at_work: bool
) -> list[ChatMessage]:
    turns: list[ChatMessage] = []
    for _, group in groupby(parts, key=lambda part: part.step):
        step = list(group)
        text = "".join(part.content for part in step if part.type == "text")
        calls = [part for part in step if part.type == "tool"]
        as_text = [part for part in calls if not tools or part.call.get("direct")]
        told = "\n".join(filter(None, [text, *(_told(part) for part in as_text)]))
        native = [part for part in calls if part not in as_text]
        asked = tuple(
            ToolCallPart(str(p.call_id), _name(p, names), p.arguments, p.call.get("kept") or {})
            for p in native
        )
        if told or asked:
            thought = _thought(step) if at_work else ()
            turns.append(ChatMessage("assistant", text=told, calls=asked, reasoning=thought))
        if native:
            results = tuple(
                ToolResultPart(str(p.call_id), _name(p, names), result_text(p), ok=p.status == "done")
                for p in native
            )
            turns.append(ChatMessage("tool", results=results))
    return turns


def _thought(step: Iterable[Part]) -> tuple[ReasoningPart, ...]:
    found: list[ReasoningPart] = []
    at = 0
    for part in step:
        if part.type == "reasoning" and part.call.get("kept"):
            found.append(ReasoningPart(part.content, part.call["kept"], at))
        elif part.type == "text":
            at += len(part.content)
    return tuple(found)


def _name(part: Part, names: dict[tuple[str, str], str]) -> str:
    own = str(part.call.get("name") or part.call.get("tool"))
    return names.get((str(part.call.get("server")), str(part.call.get("tool"))), own)


def _told(part: Part) -> str:
    arguments = json.dumps(dict(part.arguments), ensure_ascii=False)
    return f"[{part.call.get('server')} {part.call.get('tool')} {arguments} answered: {result_text(part)}]"


def result_text(part: Part) -> str:
    """What the model is told of a call: its result, cut to 32 KB with a notice, or why there is none."""
    result = part.result or {}
    if part.status in ("running", "allowed", "waiting", "unknown"):
        return UNKNOWN
    text = str(result.get("content") or result.get("error") or "(no output)")
    if len(text) > SHOWN_TO_MODEL:
        return f"{text[:SHOWN_TO_MODEL]}\n[cut: {len(text) - SHOWN_TO_MODEL} more characters were not shown]"
    return text
