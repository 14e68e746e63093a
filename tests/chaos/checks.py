"""What must hold after a Jupyter server was killed: nothing that was told is lost, nothing happens twice, all has one end."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.patience import within

from .journal import JSON, TERMINAL, TEXT, Told, texts
from .person import Person

UNKNOWN = "It is not known whether this call finished. It was not run again."
#: Seconds of shown text that a crash may cost (`Bounds.flush`) …
FLUSH = 0.25
#: … and by how much more at the worst moment.
BUSY = 0.5


async def check(person: Person, one: Told, log: list[str], deaths: Iterable[datetime]) -> float:
    """Of one message whose run has ended. Returns for how long text of it had been shown that was not stored when its Jupyter
    server died, at one of the `deaths`."""
    stored = await person.events(f"{one.path}/events?after=0")
    _one_end(one, stored)
    assert await person.events(f"{one.path}/events?after={stored[-1]['seq']}") == [], "nothing after the end"
    _nothing_lost(one, stored)
    messages = [m for m in await person.get(f"{one.chat}/messages") if m["run_id"] == one.id]
    begun = any(event["type"] == "start" for event in stored)
    if begun:
        [question, answer] = messages
        assert question["parts"][0]["content"] == one.content
        parts = {part["call_id"]: part for part in answer["parts"] if part["type"] == "tool"}
        for call_id, decision in one.decided.items():
            assert (parts[call_id]["decision"], bool(parts[call_id]["by"])) == (decision, True)
        _called(one, list(parts.values()), log)
        if one.answer:
            assert one.answer == answer, "what a JSON answer said"
    if one.withdrawn:
        assert stored[-1]["type"] == "cancelled"
        assert begun or messages == []
    one.checked = True
    return _behind(one, stored, deaths)


def _one_end(one: Told, stored: list[JSON]) -> None:
    seqs = [event["seq"] for event in stored]
    assert seqs == sorted(set(seqs)), seqs
    assert [event["type"] in TERMINAL for event in stored].count(True) == 1, stored
    assert stored[-1]["type"] in TERMINAL
    assert [event["type"] in TERMINAL for event in one.events].count(True) <= 1, "one end for a reader, too"


def _nothing_lost(one: Told, stored: list[JSON]) -> None:
    by_seq = {event["seq"]: event for event in stored}
    for event in one.events:
        if event["type"] not in (*TEXT, "toolProgress"):
            assert by_seq.get(event["seq"]) == event, "it was shown, so it was stored before"
    kept = texts(stored)
    for part, shown in texts(one.events).items():
        there = kept.get(part, "")
        assert shown.startswith(there) or there.startswith(shown), (shown, there)


def _behind(one: Told, stored: list[JSON], deaths: Iterable[datetime]) -> float:
    kept, worst = texts(stored), 0.0
    for part, text in kept.items() | {(p, "") for p in texts(one.events).keys() - kept.keys()}:
        lost = [
            datetime.fromisoformat(event["time"])
            for event in one.events
            if event["type"] in TEXT
            and event["part"] == part
            and event["offset"] + len(event["content"]) > len(text)
        ]
        if lost:
            died = min((death for death in deaths if death >= max(lost)), default=max(lost))
            worst = max(worst, (died - min(lost)).total_seconds())
    assert worst <= FLUSH + within(BUSY), f"{worst} s of shown text were lost"
    return worst


def _called(one: Told, parts: list[JSON], log: list[str]) -> None:
    times = log.count(one.key)
    for part in parts:
        fits = {"done": times == 1, "unknown": times <= 1}.get(part["status"], times == 0)
        assert fits, f"{part['status']}, and it ran {times} times"


def nothing_was_called_twice(log: list[str]) -> None:
    assert [mark for mark, times in Counter(log).items() if times > 1] == []


def in_sqlite(database: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as db:
        return db.execute(query).fetchall()


def every_run_has_one_end(ask: Callable[[str], list[Any]]) -> int:
    """In the database itself, which `ask` asks. How many there are."""
    ends = ", ".join(f"'{kind}'" for kind in TERMINAL)
    found = ask(
        f"SELECT runs.state, (SELECT count(*) FROM events WHERE run_id = runs.id AND type IN ({ends})) FROM runs"
    )
    assert {ends for _, ends in found} == {1}
    assert {state for state, _ in found} <= {"done", "failed", "cancelled"}
    return len(found)


def the_model_was_told(person: Person, history: list[JSON], request: dict[str, Any]) -> int:
    """`request`, of the next turn, has one result for each call of the chat; how many of them are unknown."""
    results = {m["tool_call_id"]: m["content"] for m in request["messages"] if m["role"] == "tool"}
    tools = [part for m in history for part in m["parts"] if part["type"] == "tool"]
    unknown = 0
    for part in tools:
        text = results.get(part["call_id"])
        if text is None:  # the user's own call is told as text
            text = next(
                m["content"]
                for m in request["messages"]
                if m["role"] == "assistant" and str(part["arguments"].get("mark")) in str(m["content"])
            )
        if part["status"] == "unknown":
            assert UNKNOWN in text
            unknown += 1
    ids = [m["tool_call_id"] for m in request["messages"] if m["role"] == "tool"]
    assert len(ids) == len(set(ids))
    return unknown
