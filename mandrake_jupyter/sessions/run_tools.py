"""The tool calls of a run: what the model asked for → parts and events; one call's dispatch; how a call ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from ..errors import MandrakeError, OutcomeUnknown, ToolDenied
from ..lifecycle.crash_points import Act, about_to, did
from ..providers.base import ToolCallRequested
from ..stores.rows import Part
from ..values import Asker, CallContext, Decision, ToolSpec
from ..values.sendable import why_not
from ..values.tool_rules import RULES
from .answer import LiveAnswer
from .approval import ALL_ASKED, Permit, Permits
from .seams import Seams

log = logging.getLogger("mandrake_jupyter")
#: Characters that a model may write as the arguments of a call, and as its name.
LONGEST_ARGUMENTS = 1_000_000
LONGEST_NAME = 200
Recorded = tuple[str, Mapping[str, Any], Part | None]


def intents(
    calls: Iterable[ToolCallRequested],
    answer: LiveAnswer,
    table: Mapping[str, ToolSpec],
    permits: Permits = ALL_ASKED,
    *,
    direct: str | None = None,
) -> list[Recorded]:
    """One part and ``toolCall`` event per call. A call that can't be made gets its failed result at once, for the model.

    A `direct` call is that user's own, allowed by that act.
    """
    made: list[Recorded] = []
    for number, call in enumerate(calls, start=answer.next_part):
        spec = table.get(call.name)
        problem = _problem(call, spec, table, permits)
        permit: Permit | None = "direct" if direct else permits.of(spec) if spec else None
        ask = spec is not None and permit is None and problem is None
        part = Part(
            number,
            "tool",
            step=answer.step,
            call_id=f"call_{uuid4().hex}",
            call=_fixed(call, spec, permits.choices(spec) if ask and spec else (), bool(direct))
            | ({"permit": permit} if permit and problem is None else {}),
            status="waiting" if ask else "allowed",
            decision="once" if direct else None,
            by=direct,
            arguments={} if _unusable(call) else dict(call.arguments or {}),
        )
        made.append(("toolCall", _shown(part), part))
        if problem:
            made.append(_ended(part, "failed", problem))
    return made


def sent_at_once(made: Iterable[Recorded]) -> list[Recorded]:
    """`made` by `intents`, where what may run is recorded as sent with its intent, in one transaction."""
    return [
        (kind, data, replace(part, status="running") if part and part.status == "allowed" else part)
        for kind, data, part in made
    ]


def _fixed(
    call: ToolCallRequested, spec: ToolSpec | None, choices: Sequence[Decision], direct: bool
) -> dict[str, Any]:
    """`choices`: what a person may decide; none where nobody is asked."""
    if spec is None:
        name = call.name[:LONGEST_NAME]
        return {"server": "", "tool": name, "name": name, "title": name, "needs_approval": False}
    return {
        "server": spec.server,
        "tool": spec.name,
        "name": call.name,
        "title": spec.title or spec.name,
        "read_only": spec.read_only,
        "needs_approval": bool(choices),
        "choices": list(choices) or None,
        "input_schema": dict(spec.input_schema) if choices else None,
        "schema_hash": spec.schema_hash,
        "direct": direct,
        **({"kept": dict(call.kept)} if call.kept else {}),
    }


def _shown(part: Part) -> dict[str, Any]:
    wire = part.as_json()
    keep = ("call_id", "server", "tool", "title", "arguments", "part", "read_only", "needs_approval")
    asked = ("input_schema", "choices") if wire["needs_approval"] else ()
    return {k: wire[k] for k in (*keep, *asked)}


def _problem(
    call: ToolCallRequested, spec: ToolSpec | None, table: Mapping[str, ToolSpec], permits: Permits
) -> str | None:
    if spec is None:
        return f"There is no tool {call.name[:LONGEST_NAME]!r}. Tools: {', '.join(sorted(table)) or 'none'}."
    if permits.rules.denies(spec.server, spec.name):
        return str(ToolDenied(name=spec.server, tool=spec.name, file=RULES))
    if why := _unusable(call):
        return f"The arguments {why}: {call.raw[:200]}"
    return None


def _unusable(call: ToolCallRequested) -> str | None:
    if len(call.raw) > LONGEST_ARGUMENTS:
        return f"are longer than {LONGEST_ARGUMENTS:,} characters"
    return "are not a JSON object" if call.arguments is None else why_not(call.arguments)


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
    about_to(Act.CALL)
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
    did(Act.CALL)
    limit = seams.bounds.tool_result
    content, cut = found.content[:limit], found.truncated or len(found.content) > limit
    result: dict[str, Any] = {"ok": found.ok, "content": content, "error": None}
    if not found.ok:
        result |= {"content": None, "error": content or "The tool failed without saying why."}
    result |= {"duration_ms": found.duration_ms, "truncated": cut}
    status = "done" if found.ok else "failed"
    data = {"call_id": part.call_id, "status": status, **{k: v for k, v in result.items() if v is not None}}
    return replace(part, status=status, result=result), data
