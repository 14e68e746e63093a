"""What a call of an MCP server's tool costs beside the SDK alone: ``python -m tests.benchmarks.mcp``.

The same MCP server and the same tool, which does nothing, on every side; a process of it for each. The sides take turns, call
by call, so that what else the machine does falls on all of them; what is bounded is the median within the turns. Beside our REST
API stands mcpo, which does the same with an older SDK, in an environment that this makes (``--without-mcpo`` leaves it out).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from mandrake_jupyter.values import CallContext

from .mcp_run import in_a_run
from .mcp_sides import (
    MCPO_AUTHORIZATION,
    ROOT,
    SERVER,
    TOOL,
    BareProcess,
    Post,
    bare_client,
    call_url,
    jupyter,
    mcpo,
    mcpo_environment,
    noop_url,
)
from .population import population
from .report import Figure, machine, tell

MILLI = 1e3
CALLERS = 50


async def main() -> int:
    options = _options()
    print(machine(), flush=True)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    async with population(10) as chats:
        files = await chats.registry.get_workspace_manager("default")
        files.add_mcp_servers({"raw": {"command": SERVER[0], "args": list(SERVER[1:])}})
        figures = await direct(chats.registry, options.calls)
        figures += await in_a_run(chats, options.calls)
        figures += await crowd(chats.registry, options.rounds)
        more = {f"raw{n}": {"command": SERVER[0], "args": list(SERVER[1:])} for n in range(199)}
        files.add_mcp_servers(more)
        figures += (await direct(chats.registry, options.calls, "200 MCP servers registered: "))[1:2]
    passed = tell("In the Jupyter server", figures)
    with tempfile.TemporaryDirectory(prefix="mcp-") as home:
        figures = await over_rest(Path(home), options.calls, options.rounds, not options.without_mcpo)
    passed = tell("Over REST", figures) and passed
    print(machine().splitlines()[-1], "at the end")
    return 0 if passed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1_000, help="calls on each side")
    parser.add_argument("--rounds", type=int, default=20, help="calls of each of the callers at once")
    parser.add_argument(
        "--without-mcpo", action="store_true", help="make no environment, compare with nobody"
    )
    return parser.parse_args()


async def direct(registry: Any, calls: int, prefix: str = "") -> list[Figure]:
    """A call of our own code: the manager is asked for, the MCP server held in use, the tool called, its answer told."""
    context = CallContext()

    async def ours() -> None:
        async with registry.get_mcp_manager_for_request("default") as manager:
            assert (await manager.call("raw", TOOL, {}, context=context)).ok

    async with bare_client() as client:

        async def theirs() -> None:
            await client.call_tool(TOOL, {})

        for work in (ours, theirs) * 20:
            await work()
        pairs = []
        for turn in range(calls):
            took = {}
            for work in (ours, theirs) if turn % 2 else (theirs, ours):
                began = time.perf_counter()
                await work()
                took[work] = (time.perf_counter() - began) * MILLI
            pairs.append((took[ours], took[theirs]))
    return [
        Figure(f"{prefix}a call by the SDK alone", median(sdk for _, sdk in pairs), "ms"),
        Figure(f"{prefix}a call through the registry", median(mine for mine, _ in pairs), "ms"),
        Figure(f"{prefix}the registry over the SDK", median(mine - sdk for mine, sdk in pairs), "ms", 0.15),
    ]


async def crowd(registry: Any, rounds: int) -> list[Figure]:
    """Callers at once: how many answers were not their own, and how many came in a second."""
    context = CallContext()

    async def one(number: int) -> int:
        lost = 0
        for turn in range(rounds):
            async with registry.get_mcp_manager_for_request("default") as manager:
                asked = {"a": number, "b": 1000 * turn}
                result = await manager.call("raw", "add", asked, context=context)
            lost += result.content != str(number + 1000 * turn)
        return lost

    began = time.perf_counter()
    lost = sum(await asyncio.gather(*(one(number) for number in range(CALLERS))))
    each = CALLERS * rounds / (time.perf_counter() - began)
    return [
        Figure(f"{CALLERS} callers at once: answers lost of {CALLERS * rounds}", lost, "", 0),
        Figure(f"{CALLERS} callers at once: answers", each, "a second"),
    ]


async def over_rest(home: Path, calls: int, rounds: int, with_mcpo: bool) -> list[Figure]:
    """A call over REST, a POST that does nothing, the SDK alone; and mcpo with the SDK that it has."""
    async with jupyter(home) as server:
        token = f"token {server.token}"
        noop, call = Post(noop_url(server), token), Post(call_url(server), token)
        bare = BareProcess(Path(SERVER[0]))
        asked = {"tool": TOOL, "arguments": {}}
        sides: dict[str, Callable[[], float]] = {
            "sdk": bare.call,
            "noop": lambda: noop.call(asked),
            "rest": lambda: call.call(asked),
        }
        if not with_mcpo:
            figures = _judged(_turns(sides, calls))
        else:
            python = mcpo_environment(ROOT / ".cache" / "mcpo")
            older = BareProcess(python)
            with mcpo(python, home) as url:
                other = Post(url, MCPO_AUTHORIZATION)
                sides |= {"sdk1": older.call, "mcpo": lambda: other.call({})}
                figures = _judged(_turns(sides, calls))
                other.close()
            older.close()
        bare.close()
        for post in (noop, call):
            post.close()
        figures += await _rest_crowd(server, rounds)
    return figures


def _turns(sides: dict[str, Callable[[], float]], calls: int) -> list[dict[str, float]]:
    """Milliseconds by side, turn by turn; who goes first rotates."""
    names = list(sides)
    for name in names * 20:
        sides[name]()
    turns = []
    for turn in range(calls):
        first = turn % len(names)
        turns.append({name: sides[name]() * MILLI for name in (*names[first:], *names[:first])})
    return turns


def _judged(turns: Sequence[dict[str, float]]) -> list[Figure]:
    def mid(of: Callable[[dict[str, float]], float]) -> float:
        return median(of(turn) for turn in turns)

    ours = mid(lambda t: t["rest"] - t["sdk"])
    figures = [
        Figure("a call by the SDK alone", mid(lambda t: t["sdk"]), "ms"),
        Figure("an authenticated POST that does nothing", mid(lambda t: t["noop"]), "ms"),
        Figure("a call over REST", mid(lambda t: t["rest"]), "ms"),
        Figure("REST over that POST and the SDK", mid(lambda t: t["rest"] - t["noop"] - t["sdk"]), "ms", 0.5),
        Figure("REST over its own SDK", ours, "ms"),
    ]
    if "mcpo" in turns[0]:
        theirs = mid(lambda t: t["mcpo"] - t["sdk1"])
        figures += [
            Figure("mcpo: a call by its SDK alone", mid(lambda t: t["sdk1"]), "ms"),
            Figure("mcpo: a call", mid(lambda t: t["mcpo"]), "ms"),
            Figure("mcpo over its own SDK", theirs, "ms"),
            Figure("REST over its own SDK, of mcpo's", ours / theirs, "x", 1),
        ]
    return figures


async def _rest_crowd(server: Any, rounds: int) -> list[Figure]:
    path = "m/workspaces/default/mcp-servers/raw/call"

    async def one(number: int) -> int:
        lost = 0
        for turn in range(max(1, rounds // 5)):
            body = {"tool": "add", "arguments": {"a": number, "b": 1000 * turn}}
            lost += (await server("POST", path, body))["content"] != str(number + 1000 * turn)
        return lost

    lost = sum(await asyncio.gather(*(one(number) for number in range(CALLERS))))
    asked = CALLERS * max(1, rounds // 5)
    return [Figure(f"{CALLERS} callers at once: answers lost of {asked}", lost, "", 0)]


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
