"""Watchers of one answer over real connections: one stays, one does not read, one comes and goes. All see the same."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from ..support.jupyter_process import JupyterProcess
from ..support.patience import within
from ..support.reader import reading
from ..support.scripted_openai import ScriptedOpenAI
from ..support.scripted_turns import Turn, last_text
from ..support.watcher import Watcher
from .conftest import Start

STUCK = 50
#: One of them is on the wire six times as long as in the text.
LONG = "日" * 90_000
LONG_ONES = 40
MB = 1e6


class TalkingModel(ScriptedOpenAI):
    """``words``: small tokens; ``many``: more, the end of which waits for `enough`; ``long``: much text, behind `enough`."""

    def __init__(self) -> None:
        super().__init__(brain=self._turn)
        self.enough = asyncio.Event()

    def _turn(self, body: dict[str, Any]) -> Turn:
        asked = last_text(body)
        if asked.startswith("long"):
            return Turn(["begin"] + [LONG] * LONG_ONES, gates={1: self.enough})
        if asked.startswith("many"):
            return Turn(words(500), delay=0.005, gates={500: self.enough})
        return Turn(words(120), delay=0.005)


@pytest.fixture
def model(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[TalkingModel]:
    scripted = TalkingModel()
    jp_asyncio_loop.run_until_complete(scripted.start())
    yield scripted
    jp_asyncio_loop.run_until_complete(scripted.stop())


def words(count: int) -> list[str]:
    return [f"{number}é " for number in range(count)]


async def read_on(
    server: JupyterProcess, run: str, watcher: Watcher, rng: random.Random | None = None
) -> None:
    """To the end; with `rng`, leaving and coming again on the way."""
    while not watcher.ends:
        stay = rng.randrange(1, 15) if rng else None
        async with reading(server, run, watcher.after) as events:
            async for event in events:
                watcher.see(event)
                stay = stay and stay - 1
                if stay == 0:
                    break
        if rng:
            await asyncio.sleep(rng.random() / 10)


async def test_three_watchers_see_the_same_also_when_one_is_stuck_and_one_comes_and_goes(
    servers: Start, model: TalkingModel
) -> None:
    server = await servers("c.ServiceRegistry.max_run_log = 3000\nc.ServerApp.limit_rate = False\n").start()
    for seed in range(3):
        rng = random.Random(seed)
        chat = await server.chat()
        run = f"{chat}/runs/{(await server.ask(chat, 'words'))['id']}"
        await asyncio.sleep(rng.random() / 2)
        steady, coming, stuck = Watcher(), Watcher(), Watcher()
        async with asyncio.timeout(60), reading(server, run) as unread:
            await asyncio.gather(read_on(server, run, steady), read_on(server, run, coming, rng))
            async for event in unread:
                stuck.see(event)
        steady.agrees_with(coming)
        steady.agrees_with(stuck)
        assert steady.text[0][1] == "".join(words(120))


async def test_watchers_come_again_after_a_kill_and_see_the_same(servers: Start, model: TalkingModel) -> None:
    server = await servers().start()
    chat = await server.chat()
    run = f"{chat}/runs/{(await server.ask(chat, 'many'))['id']}"
    watchers = [Watcher() for _ in range(3)]
    tasks = [
        asyncio.create_task(read_on(server, run, watcher, random.Random(seed) if seed else None))
        for seed, watcher in enumerate(watchers)
    ]
    async with asyncio.timeout(60):
        # by now some of it has been stored: that is what is told anew
        while not all(len(watcher.text.get(0, ("", ""))[1]) > 600 for watcher in watchers):
            await asyncio.sleep(0.01)
    server.signal(signal.SIGKILL)
    await server.ended()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    again = await servers().start()
    late = Watcher()
    async with asyncio.timeout(60):
        await asyncio.gather(*(read_on(again, run, watcher) for watcher in [*watchers, late]))
    for watcher in watchers:
        watcher.agrees_with(late)
    assert '"interrupted"' in late.others[-1]
    [*_, answer] = await again("GET", f"{chat}/messages")
    assert answer["parts"][0]["content"] == late.text[0][1]


@pytest.mark.timeout(400)
async def test_fifty_stuck_readers_of_a_long_answer_cost_bounded_memory_and_slow_nobody(
    servers: Start, model: TalkingModel
) -> None:
    server = await servers("c.ServerApp.limit_rate = False\n").start()
    assert server.process is not None
    process = psutil.Process(server.process.pid)

    async def answer(stuck: int) -> tuple[float, float]:
        """Seconds that a quick reader took, and how much resident memory there is when it has read all."""
        model.enough.clear()
        chat = await server.chat()
        run = f"{chat}/runs/{(await server.ask(chat, 'long'))['id']}"
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks, reading(server, run) as quick:
            done, held = asyncio.Event(), asyncio.Semaphore(0)

            async def unread() -> None:
                async with reading(server, run):
                    held.release()
                    await done.wait()

            for _ in range(stuck):
                tasks.create_task(unread())
            for _ in range(stuck):
                await held.acquire()
            watcher, loop = Watcher(), asyncio.get_running_loop()
            began = 0.0
            async for event in quick:
                watcher.see(event)
                if event["type"] == "token" and not model.enough.is_set():
                    began = loop.time()
                    model.enough.set()
            took, rss = loop.time() - began, process.memory_info().rss
            done.set()
        assert watcher.text[0][1] == "begin" + LONG * LONG_ONES
        return took, rss / MB

    await answer(0)
    alone, before = await answer(0)
    among, after = await answer(STUCK)
    print(f"{STUCK} stuck readers: {after - before:.1f} MB; {alone:.2f} s alone, {among:.2f} s among them")
    assert after - before < STUCK * 2
    assert among < 5 * alone + within(2)
