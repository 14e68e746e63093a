"""What a streamed answer costs beside the provider's library alone: ``python -m tests.benchmarks.streaming`` (5 minutes).

The same provider, which sends 50 tokens a second to each of the sessions, is drained by pydantic-ai's ``run_stream_events`` in a
process that does nothing else, by readers of a Jupyter server, and by the library again.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from ..support.jupyter_process import JupyterProcess
from .report import Figure, machine, tell
from .streaming_sides import RATE, Drained, Library, answered, provider

MILLI, MICRO, MB = 1e3, 1e6, 1e6
JUPYTER = "c.ServerApp.limit_rate = False\n"
#: Seconds after which memory is looked at; half and the whole time where that is shorter.
EARLY = 20


@dataclass
class Jupyter:
    """`cpu` and `memory` are of its process alone."""

    server: JupyterProcess

    async def drain(self, sessions: int, tokens: int) -> Drained:
        chats = [await self.server.chat() for _ in range(sessions)]
        drained, began = Drained(), self.cpu
        url, token = self.server.url, self.server.token
        await asyncio.gather(*(answered(url, token, chat, tokens, drained) for chat in chats))
        drained.cpu = self.cpu - began
        return drained

    @property
    def cpu(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    @property
    def memory(self) -> float:
        return float(self._process.memory_info().rss)

    @property
    def _process(self) -> psutil.Process:
        assert self.server.process is not None
        return psutil.Process(self.server.process.pid)


async def main() -> int:
    options = _options()
    print(machine(), flush=True)
    with provider() as url, tempfile.TemporaryDirectory(prefix="streaming-") as folder:
        home = Path(folder)
        env = {"OPENAI_API_KEY": "not-a-secret", "OPENAI_BASE_URL": url}
        server = JupyterProcess(home=home, root=home / "root", data=home / "data", config=JUPYTER, env=env)
        library = Library(url)
        try:
            jupyter = Jupyter(await server.start())
            await jupyter.drain(2, 10)
            figures = await one_at_a_time(jupyter, library, options.firsts)
            figures += await together(jupyter, library, options.sessions, options.seconds)
        finally:
            server.kill()
            library.close()
    passed = tell("Streaming", figures)
    print(machine().splitlines()[-1], "at the end")
    return 0 if passed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=20, help="answers at once")
    parser.add_argument("--seconds", type=int, default=60, help="how long each is; a look needs 10")
    parser.add_argument("--firsts", type=int, default=100, help="first tokens of one answer at a time")
    return parser.parse_args()


async def one_at_a_time(jupyter: Jupyter, library: Library, firsts: int) -> list[Figure]:
    """From the provider's first byte to the reader's first token, in turn."""
    ours, theirs = [], []
    for _ in range(firsts):
        theirs += (await library.drain(1, 2)).first
        ours += (await jupyter.drain(1, 2)).first
    added = [mine - alone for mine, alone in zip(ours, theirs, strict=True)]
    return [
        Figure("first token of one answer: the library alone, p50", median(theirs) * MILLI, "ms"),
        Figure("first token of one answer: added, p50", median(added) * MILLI, "ms", 10),
    ]


async def together(jupyter: Jupyter, library: Library, sessions: int, seconds: int) -> list[Figure]:
    """The library, then Jupyter, then the library: both with the same load for as long."""
    tokens = RATE * seconds
    before = await library.drain(sessions, tokens)
    draining = asyncio.create_task(jupyter.drain(sessions, tokens))
    early = EARLY if seconds > EARLY else seconds / 2
    await asyncio.sleep(early)
    was = jupyter.memory
    await asyncio.sleep(seconds - early - 0.5)
    grown = jupyter.memory - was
    mine = await draining
    after = await library.drain(sessions, tokens)
    alone = (before.cpu + after.cpu) / 2
    each, theirs = sessions * tokens, [*before.first, *after.first]
    late = _p95(mine.first) - _p95(theirs)
    return [
        Figure(f"{sessions} answers of {tokens} tokens: lost by the library", before.lost + after.lost),
        Figure(f"{sessions} answers of {tokens} tokens: lost", mine.lost, "", 0),
        Figure("CPU a token: the library alone, before", before.cpu / each * MICRO, "µs"),
        Figure("CPU a token: the library alone, after", after.cpu / each * MICRO, "µs"),
        Figure("CPU a token: the Jupyter server", mine.cpu / each * MICRO, "µs"),
        Figure("CPU a token: the Jupyter server, of the library", mine.cpu / alone, "x", 1.5),
        Figure(f"first token of {sessions} answers: the library alone, p95", _p95(theirs) * MILLI, "ms"),
        Figure(f"first token of {sessions} answers: added, p95", late * MILLI, "ms", 100),
        Figure(f"resident memory from {early:g} s to {seconds} s", grown / MB, "MB", 10),
    ]


def _p95(values: list[float]) -> float:
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
