"""What an MCP server in a container costs beside `docker run -i` and the SDK alone: ``python -m tests.benchmarks.containers``.

The same image, MCP server and profile on both sides, in turn, so that what else the machine does falls on both; what is
bounded is the median within the pairs. Needs an engine that answers and the images of `make test`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

from mandrake_jupyter.lifecycle.sweep import marker
from mandrake_jupyter.provisioners.base import LaunchSpec
from mandrake_jupyter.provisioners.docker.provisioner import DockerProvisioner
from mandrake_jupyter.values import CONTAINER_LIMITS, CallContext, Container, Mount

from ..support.docker_engine import PYTHON
from .mcp_sides import SUPPORT, TOOL
from .population import population
from .report import Figure, machine, tell

MILLI = 1e3
AT_ONCE = 20
SERVER = ("-S", "/mcp/mcp_raw.py")
#: The profile as a user of ``docker run`` writes it.
RUN = (
    "run", "-i", "--rm", "--init", "--pull=never", "--network=none", "--cap-drop=ALL", "--read-only", "--log-driver=none",
    "--security-opt=no-new-privileges", "--user=1000:1000", "--tmpfs=/tmp:size=64m", "--memory=512m", "--memory-swap=512m",
    "--pids-limit=128", "--cpus=1", f"--volume={SUPPORT}:/mcp:ro", PYTHON, *SERVER,
)  # fmt: skip


def provisioner() -> DockerProvisioner:
    container = Container(PYTHON, "never", mounts=(Mount(".", "/mcp"),))
    spec = LaunchSpec(
        "raw", args=SERVER, root=str(SUPPORT), marker=marker("w/raw", "benchmark"), limits=CONTAINER_LIMITS, container=container
    )  # fmt: skip
    return DockerProvisioner(spec, lambda stream, text: None)


@asynccontextmanager
async def client(over: Any) -> AsyncIterator[Any]:
    from mcp import Client

    async with Client(over, mode="legacy", read_timeout_seconds=60) as client:
        yield client


def by_hand() -> Any:
    from mcp import StdioServerParameters, stdio_client

    return stdio_client(StdioServerParameters(command="docker", args=list(RUN)))


async def cold(over: Any) -> float:
    """Milliseconds from nothing to the first answer of a tool."""
    began = time.perf_counter()
    async with client(over) as mcp:
        await mcp.call_tool(TOOL, {})
        return (time.perf_counter() - began) * MILLI


async def cold_starts(pairs: int) -> list[Figure]:
    took = []
    for turn in range(pairs + 1):
        if turn % 2:
            ours, theirs = await cold(provisioner().launch(2.0)), await cold(by_hand())
        else:
            theirs, ours = await cold(by_hand()), await cold(provisioner().launch(2.0))
        took.append((ours, theirs))
    took = took[1:]  # the first one imports
    return [
        Figure("cold start to the first answer: docker run -i", median(theirs for _, theirs in took), "ms"),
        Figure("cold start to the first answer: ours", median(ours for ours, _ in took), "ms"),
        Figure("ours over docker run -i", median(ours - theirs for ours, theirs in took), "ms", 150),
    ]


async def calls(number: int) -> list[Figure]:
    """Through the manager, and by the SDK's client on the same provisioner."""
    context = CallContext()
    async with population(10) as chats:
        files = await chats.registry.get_workspace_manager("default")
        mount = {"source": str(SUPPORT), "target": "/mcp", "outside": True}
        files.add_mcp_servers(
            {"raw": {"image": PYTHON, "pull": "never", "args": list(SERVER), "mounts": [mount]}}
        )
        async with client(provisioner().launch(2.0)) as mcp:

            async def ours() -> None:
                async with chats.registry.get_mcp_manager_for_request("default") as manager:
                    assert (await manager.call("raw", TOOL, {}, context=context)).ok

            async def theirs() -> None:
                await mcp.call_tool(TOOL, {})

            for work in (ours, theirs) * 20:
                await work()
            pairs = []
            for turn in range(number):
                took = {}
                for work in (ours, theirs) if turn % 2 else (theirs, ours):
                    began = time.perf_counter()
                    await work()
                    took[work] = (time.perf_counter() - began) * MILLI
                pairs.append((took[ours], took[theirs]))
    return [
        Figure("a call by the SDK alone, over the same socket", median(sdk for _, sdk in pairs), "ms"),
        Figure("a call through the registry", median(mine for mine, _ in pairs), "ms"),
        Figure("the registry over the SDK", median(mine - sdk for mine, sdk in pairs), "ms", 0.15),
    ]


async def resumes(number: int) -> list[Figure]:
    """From the wish to resume until a call is answered."""
    one, took = provisioner(), []
    async with client(one.launch(2.0)) as mcp:
        await mcp.call_tool(TOOL, {})
        for _ in range(number):
            await one.pause()
            began = time.perf_counter()
            await one.resume()
            await mcp.call_tool(TOOL, {})
            took.append((time.perf_counter() - began) * MILLI)
    return [
        Figure("resumed from pause and answered, p50", _part(took, 0.50), "ms", 50),
        Figure("resumed from pause and answered, p95", _part(took, 0.95), "ms", 250),
    ]


def _part(took: Sequence[float], part: float) -> float:
    return sorted(took)[min(len(took) - 1, round(part * len(took)))]


async def crowd() -> list[Figure]:
    """Started at once and kept until all of them have answered."""
    all_answered = asyncio.Barrier(AT_ONCE)

    async def one(number: int) -> int:
        async with client(provisioner().launch(2.0)) as mcp:
            said = await mcp.call_tool("add", {"a": number, "b": 1000})
            await all_answered.wait()
            again = await mcp.call_tool("add", {"a": number, "b": 2000})
            got = [said.content[0].text, again.content[0].text]
            answered.append(time.perf_counter())
            return int(got != [str(number + 1000), str(number + 2000)])

    answered: list[float] = []
    began = time.perf_counter()
    wrong = sum(await asyncio.gather(*(one(number) for number in range(AT_ONCE))))
    return [
        Figure(f"{AT_ONCE} containers at once: answers that were not right", wrong, "", 0),
        Figure(f"{AT_ONCE} containers at once: until all have answered twice", max(answered) - began, "s"),
    ]


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=24, help="cold starts on each side")
    parser.add_argument("--calls", type=int, default=1_000, help="calls on each side")
    parser.add_argument("--resumes", type=int, default=60)
    options = parser.parse_args()
    print(machine(), flush=True)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    figures = await cold_starts(options.pairs)
    figures += await calls(options.calls)
    figures += await resumes(options.resumes)
    figures += await crowd()
    passed = tell("MCP servers in containers", figures)
    print(machine().splitlines()[-1], "at the end")
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
