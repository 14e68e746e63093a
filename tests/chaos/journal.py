"""What a client was told: each message it posted, each event it read, each decision that was acknowledged to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]
TERMINAL = ("complete", "error", "cancelled")
TEXT = ("token", "reasoning")


@dataclass
class Told:
    """Of one message. `key` is its idempotency key; `id` its run's, once that was acknowledged."""

    chat: str
    plan: str
    content: str
    key: str
    id: str = ""
    events: list[JSON] = field(default_factory=list)
    decided: dict[str, str] = field(default_factory=dict)
    withdrawn: bool = False
    cancel_asked: bool = False
    answer: JSON | None = None
    checked: bool = False

    @property
    def path(self) -> str:
        return f"{self.chat}/runs/{self.id}"

    @property
    def last_seq(self) -> int:
        return max((event["seq"] for event in self.events), default=0)

    @property
    def ended(self) -> bool:
        return any(event["type"] in TERMINAL for event in self.events)

    def undecided(self) -> list[JSON]:
        """Calls that wait for a decision, as far as the client knows."""
        known = {e["call_id"] for e in self.events if e["type"] in ("approval", "toolResult")}
        return [
            event
            for event in self.events
            if event.get("needs_approval") and event["call_id"] not in known | self.decided.keys()
        ]


def texts(events: Iterable[JSON]) -> dict[int, str]:
    """part → text, as a reader puts it together."""
    found: dict[int, str] = {}
    for event in events:
        if event["type"] in TEXT:
            found[event["part"]] = found.get(event["part"], "")[: event["offset"]] + event["content"]
    return found
