"""What a client makes of a run's events, and what any two of them must agree on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mandrake_jupyter.values import Event

TEXT = ("token", "reasoning")


@dataclass
class Watcher:
    """Holds each event against what the wire promises; `after` is where it resumes."""

    after: int = 0
    text: dict[int, tuple[str, str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ends: int = 0

    def see(self, event: Event | Mapping[str, Any]) -> None:
        said = event.as_json() if isinstance(event, Event) else dict(event)
        assert not self.ends, f"{said['type']} after the end"
        assert said["seq"] > self.after, f"seq {said['seq']} after {self.after}"
        self.after = said["seq"]
        if said["type"] in TEXT:
            before = self.text.get(said["part"], (said["type"], ""))[1]
            assert said["offset"] <= len(before), f"text is missing before {said['offset']}: {len(before)}"
            self.text[said["part"]] = (said["type"], before[: said["offset"]] + said["content"])
            return
        (self.notes if said["type"] == "toolProgress" else self.others).append(
            json.dumps(said, sort_keys=True)
        )
        self.ends += said["type"] in Event.TERMINAL

    def agrees_with(self, other: Watcher) -> None:
        """Progress notes are for who is there: what both saw of them came in one order."""
        assert self.text == other.text
        assert self.others == other.others
        assert self.ends == other.ends == 1
        both = set(self.notes) & set(other.notes)
        assert [n for n in self.notes if n in both] == [n for n in other.notes if n in both]
