"""A call inside a run: a model that wants the tool again and again, over the real store, history and MCP server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from mandrake_jupyter.lifecycle.sweep import all_live
from mandrake_jupyter.providers.base import Finished, ToolCallRequested
from mandrake_jupyter.sessions.seams import Bounds, Seams
from mandrake_jupyter.sessions.session import SessionCoordinator
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.values import ToolResult, Usage

from .mcp_sides import TOOL, bare_client
from .population import Population
from .report import Figure

MILLI = 1e3
#: Calls of one run; with the answer it grows.
EACH = 20


@dataclass
class Wishes:
    """The model: each request but the last is answered with a call of the tool, right after a call by the SDK alone."""

    client: Any
    left: int
    sdk: list[float] = field(default_factory=list)
    wished: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    id: str = "benchmark/wishes"
    model: str = "wishes"
    tools: bool = True
    images: bool | None = None

    @property
    def provider(self) -> Wishes:
        return self

    async def resolve(self, model_id: str | None) -> Wishes:
        return self

    async def stream(self, request: Any, **deadlines: float) -> AsyncIterator[Any]:
        self.asked.append(time.perf_counter())
        if self.left:
            self.left -= 1
            began = time.perf_counter()
            await self.client.call_tool(TOOL, {})
            self.sdk.append(time.perf_counter() - began)
            self.wished.append(time.perf_counter())
            yield ToolCallRequested("x", f"raw__{TOOL}", {})
        yield Finished("stop", Usage(10, 2))


@dataclass
class Timed:
    """The real manager; notes when each answer came."""

    manager: Any
    answered: list[float] = field(default_factory=list)

    async def catalogue(self, learn: bool) -> Any:
        return await self.manager.catalogue(learn)

    @property
    def rules(self) -> Any:
        return self.manager.rules

    async def tools(self, name: str) -> Any:
        return await self.manager.tools(name)

    async def call(self, *args: Any, **kwargs: Any) -> ToolResult:
        result: ToolResult = await self.manager.call(*args, **kwargs)
        self.answered.append(time.perf_counter())
        assert result.ok
        return result


async def in_a_run(chats: Population, calls: int) -> list[Figure]:
    """From the model's wish to the tool's answer (its intent committed before it is sent), and until the model goes on."""
    services = await chats.registry.initialize_services()
    sessions = SessionStore(services.database)
    tools = Timed(await chats.registry.get_mcp_manager("default"))
    answers, ons = [], []
    async with bare_client() as client:
        for _ in range(max(1, calls // EACH)):
            row = await sessions.create(chats.workspace_id)
            model = Wishes(client, EACH + 1)
            tools.answered.clear()
            seams = Seams(
                RunStore(services.database), sessions, model, tools, "project", "one", Bounds(steps=EACH + 5)
            )
            chat = SessionCoordinator(row, seams, services.supervisor, alive=all_live)
            await chat.open()
            run = await chat.post("go")
            async with asyncio.timeout(120):
                async for _event in chat.watch(run.id):
                    pass
            rounds = list(zip(model.wished, tools.answered, model.asked[1:], model.sdk, strict=True))[1:]
            answers += [(answered - wished - sdk) * MILLI for wished, answered, _, sdk in rounds]
            ons += [(on - wished - sdk) * MILLI for wished, _, on, sdk in rounds]
            await chat.close()
    return [
        Figure("in a run, from the wish to the answer, over the SDK", median(answers), "ms", 2),
        Figure("in a run, until the result is stored and the model goes on, over it", median(ons), "ms"),
    ]
