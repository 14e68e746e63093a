"""What the log of a run holds and forgets, and how it is read on from the store, by the piece."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing
from typing import Any

import pytest

from mandrake_jupyter.sessions.answer import LiveAnswer
from mandrake_jupyter.sessions.event_log import TAIL, EventLog
from mandrake_jupyter.sessions.merging import merged
from mandrake_jupyter.sessions.seams import Bounds
from mandrake_jupyter.stores import replaying
from mandrake_jupyter.stores.rows import PIECE
from mandrake_jupyter.values import Event
from tests.support.watcher import Watcher

from .conftest import Paced, collect

RUN = "run"


class Store:
    """What is stored behind a seq, as `Replay` reads it; how far that goes is up to the test."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.asked = 0

    def __call__(self, after: int) -> Any:
        self.after = after
        return self

    async def more(self, most: int) -> list[Event]:
        self.asked += 1
        found = [event for event in self.events if event.seq > self.after][:1]
        self.after = found[-1].seq if found else self.after
        return found


def tokens(log: EventLog, count: int, size: int = 1, part: int = 0) -> None:
    for number in range(count):
        log.emit("token", {"content": "x" * size, "part": part, "offset": number * size})


async def all_of(log: EventLog, after: int = 0) -> list[Event]:
    found: list[Event] = []
    async with asyncio.timeout(60), aclosing(log.watch(after, most=1)) as bundles:  # type: ignore[type-var]
        async for events in bundles:
            found += events
    return found


async def test_older_text_is_merged_and_the_newest_stays_as_it_was_shown() -> None:
    log = EventLog(RUN)
    tokens(log, 50 * TAIL)
    assert TAIL < len(log.events) <= 2 * TAIL + 1
    assert log.last_seq == 50 * TAIL
    log.emit("complete", {})
    watcher = Watcher()
    for event in await all_of(log):
        watcher.see(event)
    assert watcher.text == {0: ("token", "x" * 50 * TAIL)}


def test_only_neighbours_of_one_part_are_merged_and_no_more_than_a_piece_of_text() -> None:
    log = EventLog(RUN)
    tokens(log, 3, PIECE // 2)
    tokens(log, 2, part=1)
    log.emit("reasoning", {"content": "y", "part": 1, "offset": 2})
    log.emit("usage", {})
    tokens(log, 2, part=2)
    made = [(e.type, e.seq, e.data.get("offset"), len(e.data.get("content", ""))) for e in merged(log.events)]
    assert made == [
        ("token", 2, 0, PIECE // 2 * 2),
        ("token", 3, PIECE // 2 * 2, PIECE // 2),
        ("token", 5, 0, 2),
        ("reasoning", 6, 2, 1),
        ("usage", 7, None, 0),
        ("token", 9, 0, 2),
    ]


async def test_it_forgets_what_is_stored_and_nothing_else_when_it_holds_too_much() -> None:
    store = Store()
    log = EventLog(RUN, most=5_000, older=store)
    for _ in range(40):
        log.emit("toolResult", {"content": "z" * 100})
    held = [*log.events]
    log.stored(0)
    assert log.events == held, "nothing is stored yet"
    log.stored(3)
    assert log.events == held[3:]
    log.stored(40)
    assert 0 < len(log.events) < 10
    log.emit("complete", {})
    store.events = held
    assert [event.seq for event in await all_of(log)] == list(range(1, 42))
    assert store.asked > 1


async def test_what_is_in_the_store_nowhere_is_passed_over_by_who_comes_too_late() -> None:
    """Progress notes are not stored."""
    log = EventLog(RUN, most=5_000, older=Store())
    for _ in range(100):
        log.emit("toolProgress", {"message": "z" * 100})
        log.stored(log.last_seq)
    assert len(log.events) < 10
    log.emit("complete", {})
    seqs = [event.seq for event in await all_of(log)]
    assert seqs == list(range(seqs[0], 102))


async def test_a_stuck_reader_keeps_no_more_than_it_was_given_last() -> None:
    log = EventLog(RUN, most=5_000, older=Store())
    log.emit("start", {})
    async with aclosing(log.watch()) as bundles:  # type: ignore[type-var]
        given = await anext(bundles)
        for _ in range(1000):
            log.emit("toolResult", {"content": "z" * 100})
            log.stored(log.last_seq)
        assert [event.type for event in given] == ["start"]
        assert len(log.events) < 10


async def test_no_event_holds_more_text_than_a_piece() -> None:
    log = EventLog(RUN)
    answer = LiveAnswer(log, limit=5 * PIECE // 2)
    answer.write("text", "a" * PIECE * 4)
    answer.close_text()
    assert [len(event.data["content"]) for event in log.events] == [PIECE, PIECE, PIECE // 2]
    assert answer.full


async def test_a_long_text_is_read_from_the_store_in_pieces_from_any_of_which_one_may_resume(
    chat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "PIECE", 10)
    said = "".join(random.Random(1).choices("ab é\0日𝄞", k=95))
    pieces = [said[n : n + 8] for n in range(0, 95, 8)]
    made = await chat([item for piece in pieces for item in (piece, Paced(5))])
    monkeypatch.setattr("mandrake_jupyter.sessions.answer.COALESCE", 0)
    session = await made.open()
    run = await session.post("go")
    shown = await collect(session, run.id)
    store = session._seams.runs
    replay = await store.replay(await store.get(session.row.id, run.id))
    assert 4 < sum(event.type == "token" for event in replay) <= sum(e.type == "token" for e in shown)
    for cut in range(len(replay) + 1):
        watcher = Watcher()
        for event in replay[:cut]:
            watcher.see(event)
        for event in shown:  # as a log that holds all would go on
            if event.seq > watcher.after:
                watcher.see(event)
        assert watcher.text == {0: ("token", said)}, cut


async def test_who_comes_in_the_middle_of_a_stored_text_is_given_all_of_it_at_once(
    chat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "PIECE", 10)
    made = await chat(["a" * 40, asyncio.Event()])
    session = await made.open()
    run = await session.post("go")
    [_, token] = await collect(session, run.id, until=lambda e: e.type == "token")
    ledger = session._live[run.id].ledger
    for _ in range(4):
        ledger.answer.write("text", "b" * 10)
        ledger.answer.flush()
    await ledger.save_text()
    [event] = await session._seams.runs.replay(run, token.seq)
    assert event.data == {"content": "a" * 40 + "b" * 40, "part": 0, "offset": 0}
    assert event.seq == token.seq + 4
    await session.close()


async def test_who_reads_on_from_the_store_is_given_only_what_is_new(chat: Any) -> None:
    made = await chat(["one", asyncio.Event()])
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id, until=lambda e: e.type == "token")
    ledger, replay = session._live[run.id].ledger, session._seams.runs.replaying(run)
    await ledger.save_text()
    assert [event.type for event in await replay.more()] == ["start", "token"]
    assert await replay.more() == []
    ledger.answer.write("text", " two")
    ledger.answer.flush()
    await ledger.save_text()
    assert [event.data for event in await replay.more()] == [{"content": " two", "part": 0, "offset": 3}]
    await session.close()


@pytest.mark.parametrize("size", [1, 100_000])
async def test_the_store_is_read_in_bundles_of_about_the_size_asked_for(chat: Any, size: int) -> None:
    made = await chat(["word"], bounds=Bounds(reader=size))
    session = await made.open()
    run = await session.post("go")
    await collect(session, run.id)
    bundles = [bundle async for bundle in session.bundles(run.id)]
    assert [len(bundle) for bundle in bundles] == ([1] * 4 if size == 1 else [4])


async def test_a_run_of_another_living_server_is_read_as_it_goes_on(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["first", gate, " last"], alive=frozenset({"one"}))
    here, there = await made.open("one"), await made.open("two")
    run = await here.post("go")
    watcher = Watcher()
    async with asyncio.timeout(60):
        async for event in there.watch(run.id, heartbeat=0.1):
            if event is None:
                continue
            watcher.see(event)
            if watcher.text:
                assert there.leases.connections == 1, "it is not put away under its reader"
                gate.set()
    watcher.agrees_with(
        _seen(await collect(here, run.id)),
    )


async def test_when_that_server_dies_its_reader_sees_the_end(chat: Any) -> None:
    made = await chat(["first", asyncio.Event()], alive=frozenset({"one"}))
    here, there = await made.open("one"), await made.open("two")
    run = await here.post("go")
    watcher = Watcher()
    async with asyncio.timeout(60):
        async for event in there.watch(run.id):
            if event is not None:
                watcher.see(event)
            if watcher.text:
                made.alive = frozenset()
    assert watcher.ends == 1
    assert '"interrupted"' in watcher.others[-1]


def _seen(events: list[Event]) -> Watcher:
    watcher = Watcher()
    for event in events:
        watcher.see(event)
    return watcher
