"""The words and figures of the magics, in one place; pure functions but for ``say``, no HTML."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

DECISIONS = {
    "once": "allowed once",
    "session": "allowed in this chat",
    "workspace": "always allowed in this project",
}
SCOPES = {"once": "Once", "session": "In this chat", "workspace": "Always in this project"}
STATES = {
    "failed": "failed",
    "waiting": "waits for you",
    "unknown": "not known whether it finished",
    "withdrawn": "no longer needed",
}
LINES = 20
CHARACTERS = 4000
_STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
WAITS_HINT = "Open the panel, or run %mandrake allow | deny"

ASKS_HINT = 'Answer in the panel, or say %mandrake answer {"field": "value"} | decline'


def usual_scope(choices: Collection[str]) -> str:
    """For how long a call is allowed where a person does not say it."""
    return "session" if "session" in choices else "once"


def took(milliseconds: float | None) -> str:
    """``12 ms``, ``1.4 s``, ``95 s``; empty where it is not known."""
    if milliseconds is None:
        return ""
    if milliseconds < 100:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 60_000 else f"{milliseconds / 1000:.0f} s"


def decided(decision: str | None) -> str:
    """What a person decided on a tool call, as words; empty where nobody was asked."""
    if decision is None:
        return ""
    return "denied" if decision == "deny" else DECISIONS.get(decision, f"allowed ({decision})")


def notes(status: str, decision: str | None, progress: str = "") -> list[str]:
    """What stands behind a tool's name: its state, where a tick does not say it, the decision, the progress."""
    if status == "denied":
        return ["denied"]
    state = STATES.get(status, "")
    return [word for word in (state, decided(decision), progress if status == "running" else "") if word]


def usage_line(usage: Mapping[str, Any], seconds: float | None) -> str:
    """``2,310 in · 204 out · $0.010 · 16 s``; what is not known is left out."""
    words = []
    if usage.get("input_tokens") or usage.get("output_tokens"):
        words += [f"{usage.get('input_tokens', 0):,} in", f"{usage.get('output_tokens', 0):,} out"]
    if (cost := usage.get("cost")) is not None:
        words.append(f"${cost:.3f}")
    if seconds is not None:
        words.append(f"{seconds:.0f} s")
    return " · ".join(words)


def day(moment: datetime) -> str:
    """``23 Nov 2026, 10:44``."""
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def sentence(*parts: str) -> str:
    """The parts that are there, as one line of sentences."""
    return " ".join(part for part in parts if part)


def first_lines(text: str) -> str:
    """What is shown of a tool's result."""
    shown = "\n".join(text.splitlines()[:LINES])[:CHARACTERS]
    left = len(text) - len(shown)
    return f"{shown}\n… ({left:,} more characters)" if left > 1 else shown


def tame(text: str) -> str:
    """`text` without what steers a terminal: what a model, a tool or a title says may be anything."""
    return _STEERS.sub("\ufffd", text.replace("\r\n", "\n"))


def say(text: str) -> None:
    print(tame(text))  # noqa: T201
