"""Any number of readers, each at its own pace: all see the same text, other events and end, wherever they read from."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from mandrake_jupyter.lifecycle.supervisor import Supervisor
from mandrake_jupyter.providers.base import ReasoningDelta
from mandrake_jupyter.sessions import answer, event_log, merging
from mandrake_jupyter.sessions.seams import Bounds
from mandrake_jupyter.sessions.session import SessionCoordinator
from mandrake_jupyter.stores import replaying
from tests.support.watcher import Watcher

from .conftest import Paced, call

LETTERS = "ab é\n\0日𝄞"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pieces, tails and pages of few characters, and no pause between what is shown."""
    for room in (answer, merging, replaying):
        monkeypatch.setattr(room, "PIECE", 7)
    monkeypatch.setattr(event_log, "TAIL", 3)
    monkeypatch.setattr(replaying, "MANY", 5)
    monkeypatch.setattr(answer, "COALESCE", 0)
    yield


def script(rng: random.Random) -> list[list[Any]]:
    """Some model requests, each of text and reasoning in pieces of any size, all but the last with calls."""
    requests: list[list[Any]] = []
    last = rng.randrange(3)
    for number in range(last + 1):
        items: list[Any] = []
        for _ in range(rng.randrange(30)):
            said = "".join(rng.choices(LETTERS, k=rng.choice((1, 2, 5, 30))))
            items.append(ReasoningDelta(said) if rng.random() < 0.2 else said)
            if rng.random() < 0.7:
                items.append(Paced(rng.randrange(40)))
        if number < last:
            items += [call("read", path=f"{number}.{n}") for n in range(rng.randrange(1, 3))]
        requests.append(items)
    return requests


async def steady(session: SessionCoordinator, run: str) -> Watcher:
    watcher = Watcher()
    async with aclosing(session.watch(run)) as events:  # type: ignore[type-var]
        async for event in events:
            if event is not None:
                watcher.see(event)
    return watcher


async def leaving(session: SessionCoordinator, run: str, rng: random.Random) -> Watcher:
    """Comes late, leaves at any moment, comes again behind the last event it saw."""
    watcher = Watcher()
    while not watcher.ends:
        for _ in range(rng.randrange(60)):
            await asyncio.sleep(0)
        stay = rng.randrange(8)
        async with aclosing(session.watch(run, watcher.after)) as events:  # type: ignore[type-var]
            async for event in events:
                if event is not None:
                    watcher.see(event)
                if (stay := stay - 1) < 0:
                    break
    return watcher


async def stuck(session: SessionCoordinator, run: str, rng: random.Random, done: asyncio.Event) -> Watcher:
    """Reads something, then nothing until all is over."""
    watcher, reads = Watcher(), rng.randrange(1, 6)
    async with aclosing(session.bundles(run)) as bundles:  # type: ignore[type-var]
        async for events in bundles:
            for event in events:
                watcher.see(event)
            if (reads := reads - 1) == 0:
                await done.wait()
    return watcher


async def copying(session: SessionCoordinator, run: str, rng: random.Random) -> Watcher:
    """Takes the message as it is, and goes on from its seq."""
    for _ in range(rng.randrange(80)):
        await asyncio.sleep(0)
    [*_, message] = await session.messages()
    watcher = Watcher(message["seq"] or 0)
    for part in message["parts"] if message["seq"] else ():
        if part["type"] != "tool":
            watcher.text[part["part"]] = ("token" if part["type"] == "text" else "reasoning", part["content"])
    async with aclosing(session.watch(run, watcher.after)) as events:  # type: ignore[type-var]
        async for event in events:
            if event is not None:
                watcher.see(event)
    return watcher


@pytest.mark.parametrize("log", [0, 2_000, 20_000, 8_000_000])
async def test_watchers_that_come_stay_stick_and_leave_as_they_like_see_the_same(
    chat: Any, small: None, log: int
) -> None:
    made = await chat()
    for seed in range(8 if log else 4):
        rng = random.Random(f"{log} {seed}")
        made.bounds = Bounds(flush=rng.choice((0.001, 0.01)), log=log, reader=rng.choice((1, 300, 1_000_000)))
        made.model.script += script(rng)
        session = await made.open()
        run = (await session.post(f"seed {seed}")).id
        done = asyncio.Event()
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            first = tasks.create_task(steady(session, run))
            others = [
                tasks.create_task(leaving(session, run, rng)),
                tasks.create_task(leaving(session, run, rng)),
                tasks.create_task(stuck(session, run, rng, done)),
            ]
            copy = tasks.create_task(copying(session, run, rng))
            await first
            done.set()
        for other in others:
            first.result().agrees_with(other.result())
        assert copy.result().text == first.result().text
        seen = len(first.result().others) - len(copy.result().others)
        assert copy.result().others == first.result().others[seen:]
        stored = await from_the_store(session, run)
        first.result().agrees_with(stored)


async def from_the_store(session: SessionCoordinator, run: str) -> Watcher:
    watcher, store = Watcher(), session._seams.runs
    for event in await store.replay(await store.get(session.row.id, run)):
        watcher.see(event)
    return watcher


async def test_after_a_crash_they_come_again_and_see_the_same(chat: Any, small: None) -> None:
    """Who had seen more than was stored is shown what was kept."""
    made = await chat()
    for seed in range(12):
        rng = random.Random(f"crash {seed}")
        made.bounds = Bounds(flush=rng.choice((0.001, 0.01, 0.25)), log=rng.choice((0, 8_000_000)))
        made.model.script = script(rng)
        made.model.script[-1].append(asyncio.Event())  # it is not over before the crash
        session = await made.open(f"one {seed}")
        run = (await session.post(f"seed {seed}")).id
        watchers = [Watcher() for _ in range(3)]
        reading = [asyncio.create_task(read_on(session, run, watcher, rng)) for watcher in watchers]
        for _ in range(rng.randrange(600)):
            await asyncio.sleep(0)
        for task in reading:
            task.cancel()
        await made.supervisor.close(1)  # as a crash: the driver writes nothing any more
        await asyncio.wait(reading)
        made.supervisor = Supervisor()
        again = await made.open(f"two {seed}")
        for watcher in watchers:
            await read_on(again, run, watcher, rng)
        stored = await from_the_store(again, run)
        for watcher in watchers:
            watcher.agrees_with(stored)
        await again.close()


async def read_on(session: SessionCoordinator, run: str, watcher: Watcher, rng: random.Random) -> None:
    async with asyncio.timeout(60):
        while not watcher.ends:
            stay = rng.randrange(1, 20)
            async with aclosing(session.watch(run, watcher.after)) as events:  # type: ignore[type-var]
                async for event in events:
                    if event is not None:
                        watcher.see(event)
                    if (stay := stay - 1) < 0:
                        break
