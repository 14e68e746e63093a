"""The tool calls of a run: what the model asked for → parts and events; one call's dispatch; how a call ends."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from ..errors import MandrakeError, OutcomeUnknown
from ..providers.base import ToolCallRequested
from ..stores.rows import Part
from ..values import Asker, CallContext, ToolSpec
from .answer import LiveAnswer
from .approval import needs_approval
from .seams import Seams

log = logging.getLogger("mandrake_jupyter")
Recorded = tuple[str, Mapping[str, Any], Part | None]


def intents(
    calls: Iterable[ToolCallRequested],
    answer: LiveAnswer,
    table: Mapping[str, ToolSpec],
    granted: frozenset[tuple[str, str, str]] = frozenset(),
    *,
    direct: bool = False,
) -> list[Recorded]:
    """One part and ``toolCall`` event per call. A call that can't be made gets its failed result at once, for the model.

    A `direct` call, the user's own, is allowed by that act.
    """
    made: list[Recorded] = []
    for number, call in enumerate(calls, start=answer.next_part):
        spec = table.get(call.name)
        ask = spec is not None and not direct and needs_approval(spec, granted)
        part = Part(
            number,
            "tool",
            step=answer.step,
            call_id=f"call_{uuid4().hex}",
            call=_fixed(call, spec, ask, direct),
            status="waiting" if ask else "allowed",
            decision="once" if direct else None,
            by="user" if direct else None,
            arguments=dict(call.arguments or {}) if _writable(call.arguments) else {},
        )
        made.append(("toolCall", _shown(part), part))
        if problem := _problem(call, spec, table):
            made.append(_ended(part, "failed", problem))
    return made


def sent_at_once(made: Iterable[Recorded]) -> list[Recorded]:
    """`made` by `intents`, where what may run is recorded as sent with its intent, in one transaction."""
    return [
        (kind, data, replace(part, status="running") if part and part.status == "allowed" else part)
        for kind, data, part in made
    ]


def _fixed(call: ToolCallRequested, spec: ToolSpec | None, ask: bool, direct: bool) -> dict[str, Any]:
    if spec is None:
        return {
            "server": "",
            "tool": call.name,
            "name": call.name,
            "title": call.name,
            "needs_approval": False,
        }
    return {
        "server": spec.server,
        "tool": spec.name,
        "name": call.name,
        "title": spec.title or spec.name,
        "read_only": spec.read_only,
        "needs_approval": ask,
        "input_schema": dict(spec.input_schema) if ask else None,
        "schema_hash": spec.schema_hash,
        "direct": direct,
        **({"kept": dict(call.kept)} if call.kept else {}),
    }


def _shown(part: Part) -> dict[str, Any]:
    wire = part.as_json()
    keep = ("call_id", "server", "tool", "title", "arguments", "part", "read_only", "needs_approval")
    return {k: wire[k] for k in keep} | (
        {"input_schema": wire["input_schema"]} if wire["needs_approval"] else {}
    )


def _problem(call: ToolCallRequested, spec: ToolSpec | None, table: Mapping[str, ToolSpec]) -> str | None:
    if spec is None:
        return f"There is no tool {call.name!r}. Tools: {', '.join(sorted(table)) or 'none'}."
    if call.arguments is None or not _writable(call.arguments):
        return f"The arguments are not a JSON object: {call.raw[:200]}"
    return None


def _writable(arguments: Mapping[str, Any] | None) -> bool:
    """Whether they can be sent and stored as JSON: a model may write NaN, or half a character."""
    try:
        json.dumps(arguments, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return True


def _ended(part: Part, status: str, error: str, *, duration_ms: int = 0) -> Recorded:
    result = {"ok": False, "content": None, "error": error, "duration_ms": duration_ms, "truncated": False}
    data = {"call_id": part.call_id, "status": status, **result}
    del data["content"]
    return "toolResult", data, replace(part, status=status, result=result)


def denied(part: Part, reason: str) -> tuple[Part, Mapping[str, Any]]:
    why = f"The user denied this call: {reason}" if reason else "The user denied this call."
    _, data, ended = _ended(part, "denied", why)
    assert ended is not None
    return ended, data


def stopped_call(part: Part) -> tuple[Part, Mapping[str, Any]]:
    """How a call ends with its run: unknown once it was sent, withdrawn if it never was."""
    if part.status == "running":
        _, data, ended = _ended(
            part, "unknown", "It is not known whether this call finished. It was not run again."
        )
    else:
        _, data, ended = _ended(part, "withdrawn", "This call was not run.")
    assert ended is not None
    return ended, data


async def call_tool(
    seams: Seams,
    part: Part,
    context: CallContext,
    on_progress: Callable[[Mapping[str, Any]], None],
    asker: Asker | None = None,
) -> tuple[Part, Mapping[str, Any]]:
    """Dispatch one call; every failure but a cancellation becomes its result."""

    async def progress(done: float, total: float | None, message: str | None) -> None:
        on_progress({"call_id": part.call_id, "progress": done, "total": total, "message": message})

    began = time.monotonic()
    try:
        found = await seams.tools.call(
            part.call["server"],
            part.call["tool"],
            part.arguments,
            context=context,
            on_progress=progress,
            expected=(part.call["schema_hash"], part.call["read_only"]),
            asker=asker,
        )
    except MandrakeError as exc:
        unknown = isinstance(exc, OutcomeUnknown)
        sentence = " ".join(filter(None, [str(exc), exc.then]))
        took = round((time.monotonic() - began) * 1000)
        _, data, ended = _ended(part, "unknown" if unknown else "failed", sentence, duration_ms=took)
        assert ended is not None
        return ended, {**data, "code": exc.code, "actions": list(exc.actions)}
    except Exception:
        log.exception("The tool %s of %s failed unexpectedly", part.call["tool"], part.call["server"])
        _, data, ended = _ended(part, "unknown", "The tool failed inside the Jupyter server.")
        assert ended is not None
        return ended, data
    limit = seams.bounds.tool_result
    content, cut = found.content[:limit], found.truncated or len(found.content) > limit
    result: dict[str, Any] = {"ok": found.ok, "content": content, "error": None}
    if not found.ok:
        result |= {"content": None, "error": content or "The tool failed without saying why."}
    result |= {"duration_ms": found.duration_ms, "truncated": cut}
    status = "done" if found.ok else "failed"
    data = {"call_id": part.call_id, "status": status, **{k: v for k, v in result.items() if v is not None}}
    return replace(part, status=status, result=result), data
