"""What the registry costs once chats are open: ``python -m tests.benchmarks.registry``.

A use of an open chat, a look of the culler at all of them, and the memory of one that nobody uses. Everything is real but the
chats' content: they have none. Beside the culler's look stands the one of Jupyter's own ``MappingKernelManager``, over as many
kernels that do nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median
from types import SimpleNamespace
from typing import NamedTuple

import psutil
from jupyter_server._tz import utcnow
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from .population import Population, population
from .report import Figure, machine, tell

BATCHES = 9
MICRO, MILLI, KB = 1e6, 1e3, 1e3


async def main() -> int:
    options = _options()
    print(machine(), flush=True)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    async with population(options.many + 2 * options.few) as chats:
        figures = await resident(chats, options.few)
        figures += await hit(chats, options.uses)
        figures += await sweeps(chats, options.few, options.rounds)
        await chats.open(options.many - options.few)
        figures += await blocks(chats, options.many, options.rounds)
    passed = tell("The registry", figures)
    print(machine().splitlines()[-1], "at the end")
    return 0 if passed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--uses", type=int, default=5_000, help="uses of a chat in a batch")
    parser.add_argument("--rounds", type=int, default=51, help="looks of the culler")
    return parser.parse_args()


async def resident(chats: Population, count: int) -> list[Figure]:
    """What `count` open chats hold, as Python counts it and as the system does; the first ones load what all share."""
    await chats.open(100)
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    await chats.open(count)
    gc.collect()
    system = (process.memory_info().rss - before) / count / KB
    await chats.release()
    tracemalloc.start()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    await chats.open(count)
    gc.collect()
    traced = (tracemalloc.get_traced_memory()[0] - before) / count / KB
    tracemalloc.stop()
    return [
        Figure("an idle open chat, traced", traced, "KB", 50),
        Figure("an idle open chat, of the process's resident memory", system, "KB", 50),
    ]


async def hit(chats: Population, uses: int) -> list[Figure]:
    """A leased use of an open chat, and the same with nothing in it: a lookup and an empty context manager."""
    registry, workspace, chat = chats.registry, chats.workspace_id, chats.ids[0]
    table = {(workspace, chat): object()}

    @asynccontextmanager
    async def nothing(workspace_id: str, chat_id: str) -> AsyncIterator[object]:
        yield table[workspace_id, chat_id]

    async def used() -> None:
        async with registry.use_session_coordinator(workspace, chat):
            pass

    async def floor() -> None:
        async with nothing(workspace, chat):
            pass

    await _batch(used, uses)
    floors, useds = [], []
    for _ in range(BATCHES):
        floors.append(await _batch(floor, uses) * MICRO)
        useds.append(await _batch(used, uses) * MICRO)
    return [
        Figure("a use of an open chat", median(useds), "µs", 20),
        Figure("an empty context manager and a lookup", median(floors), "µs"),
    ]


async def _batch(work: Callable[[], Awaitable[None]], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        await work()
    return (time.perf_counter() - began) / times


async def sweeps(chats: Population, count: int, rounds: int) -> list[Figure]:
    """The median of looks at `count` chats of which none may go yet."""
    assert len(chats.ids) == count
    kernels = _kernels(count)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(await _batch(chats.registry.session_culler.sweep, 1) * MILLI)
        theirs.append(await _batch(kernels.cull_kernels, 1) * MILLI)
    return [
        Figure(f"a sweep over {count} chats, median", median(ours), "ms", 10),
        Figure(f"MappingKernelManager's over {count} kernels, median", median(theirs), "ms"),
    ]


async def blocks(chats: Population, count: int, rounds: int) -> list[Figure]:
    """The longest time for which anything else waited during looks at `count` chats, then during one that ends them all."""
    assert len(chats.ids) == count
    culler, kernels = chats.registry.session_culler, _kernels(count)
    ours = await _longest_block(culler.sweep, rounds)
    theirs = await _longest_block(kernels.cull_kernels, rounds)
    culler.cull_idle_timeout = 1
    await asyncio.sleep(1.5)
    ends = await _longest_block(culler.sweep, 1)
    left = len(chats.registry.opened.chats.entries)
    return [
        *_block_figures(f"sweeps over {count} chats", ours, 20),
        *_block_figures(f"MappingKernelManager over {count} kernels", theirs, None),
        *_block_figures(f"{count} chats culled at once", ends, None),
        Figure("chats left after it", left, "", 0),
    ]


def _block_figures(of: str, block: Block, at_most: float | None) -> list[Figure]:
    return [
        Figure(f"{of}: longest block of the loop", block.wall * MILLI, "ms", at_most),
        Figure(f"{of}: the longest in CPU time", block.cpu * MILLI, "ms", at_most),
    ]


class Block(NamedTuple):
    """Seconds in which nothing else ran: by the clock, in which other programs may have had the processor, and of our own."""

    wall: float
    cpu: float


async def _longest_block(work: Callable[[], Awaitable[object]], rounds: int) -> Block:
    """The longest of each; the garbage collector's pauses count."""
    walls, cpus, done = [0.0], [0.0], False

    async def tick() -> None:
        while not done:
            wall, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0)
            walls[0] = max(walls[0], time.perf_counter() - wall)
            cpus[0] = max(cpus[0], time.thread_time() - cpu)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    for _ in range(rounds):
        await work()
        await asyncio.sleep(0)
    done = True
    await ticking
    return Block(walls[0], cpus[0])


def _kernels(count: int) -> AsyncMappingKernelManager:
    manager = AsyncMappingKernelManager(cull_idle_timeout=1800)
    spec = SimpleNamespace(metadata={})
    manager._kernels = {
        str(n): SimpleNamespace(
            execution_state="idle", kernel_name="python3", kernel_spec=spec, last_activity=utcnow()
        )
        for n in range(count)
    }
    return manager


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
