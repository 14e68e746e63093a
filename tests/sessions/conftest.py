"""A coordinator over a real database, with a model and tools that follow a script at the seams."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import MCPServerNotFound
from mandrake_jupyter.lifecycle.announce import Announcement
from mandrake_jupyter.lifecycle.supervisor import Supervisor
from mandrake_jupyter.providers.base import Finished, ModelRequest, TextDelta, ToolCallRequested
from mandrake_jupyter.sessions.seams import Bounds, Seams
from mandrake_jupyter.sessions.session import SessionCoordinator
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.migrate import migrate
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.values import Event, ToolResult, ToolSpec, Usage
from mandrake_jupyter.values.tool_rules import NO_RULES, ToolRules

READ = ToolSpec("files", "read", "Read file", read_only=True)
WRITE = ToolSpec(
    "files",
    "write",
    "Write file",
    input_schema={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)


def call(name: str, **arguments: Any) -> ToolCallRequested:
    return ToolCallRequested("x", f"files__{name}", arguments)


class Paced(asyncio.Event):
    """In a model's script: so many turns of the loop, in which others come between."""

    def __init__(self, turns: int) -> None:
        super().__init__()
        self.turns = turns

    async def wait(self) -> Any:
        for _ in range(self.turns):
            await asyncio.sleep(0)


@dataclass
class ScriptedModel:
    """Answers with the next entry of `script`: strings are tokens, calls are calls, exceptions are raised, events awaited."""

    script: list[list[Any]]
    id: str = "scripted/one"
    model: str = "one"
    tools: bool = True
    images: bool | None = None
    requests: list[ModelRequest] = field(default_factory=list)
    closed: int = 0

    @property
    def provider(self) -> ScriptedModel:
        return self

    async def resolve(self, model_id: str | None) -> ScriptedModel:
        return self

    async def stream(self, request: ModelRequest, **deadlines: float) -> AsyncIterator[Any]:
        self.requests.append(request)
        try:
            for item in self.script.pop(0):
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, asyncio.Event):
                    await item.wait()
                else:
                    yield TextDelta(item) if isinstance(item, str) else item
            yield Finished("stop", Usage(10, 2))
        finally:
            self.closed += 1


@dataclass
class ScriptedTools:
    """``read`` answers at once, ``write`` may be held by `gate`; `calls` holds what was dispatched."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    called: asyncio.Event = field(default_factory=asyncio.Event)
    says: ToolRules = NO_RULES

    def rules(self) -> ToolRules:
        return self.says

    async def catalogue(self, learn: bool) -> tuple[Sequence[ToolSpec], Sequence[Any]]:
        return [READ, WRITE], []

    async def tools(self, name: str) -> Sequence[ToolSpec]:
        if name != "files":
            raise MCPServerNotFound(name=name, known="files")
        return [READ, WRITE]

    async def call(
        self,
        server: str,
        tool: str,
        arguments: Any,
        *,
        context: Any,
        on_progress: Any = None,
        expected: Any = None,
        asker: Any = None,
    ) -> ToolResult:
        self.calls.append((tool, dict(arguments)))
        self.called.set()
        if on_progress:
            await on_progress(1.0, 2.0, "half")
        if self.gate:
            await self.gate.wait()
        return ToolResult(True, f"{tool} done", duration_ms=1)


@dataclass
class Pauses:
    """The waits between tries: over at once, or `held` until a person says now or the run is stopped."""

    held: bool = False
    seconds: list[float] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, seconds: float, now: asyncio.Event) -> None:
        self.seconds.append(seconds)
        self.begun.set()
        if self.held:
            await now.wait()


@dataclass
class Chat:
    """One session under test; ``reopen`` is what a second Jupyter server finds after this one died."""

    database: Database
    supervisor: Supervisor
    model: ScriptedModel
    tools: ScriptedTools
    workspace_id: str
    session_id: str
    bounds: Bounds = field(default_factory=lambda: Bounds(flush=0.01, cancel=1.0))
    alive: frozenset[str] = frozenset()
    announced: list[Announcement] = field(default_factory=list)
    clock: Any = None
    pauses: Pauses = field(default_factory=Pauses)

    async def open(self, instance: str = "one", session_id: str | None = None) -> SessionCoordinator:
        store = SessionStore(self.database)
        clocks = {"clock": self.clock.monotonic, "now": self.clock.now} if self.clock else {}
        seams = Seams(
            RunStore(self.database),
            store,
            self.model,
            self.tools,
            "project",
            instance,
            self.bounds,
            self.announced.append,
            pause=self.pauses,
            **clocks,
        )

        async def alive(other: str) -> bool:
            return other in self.alive

        row = await store.get(self.workspace_id, session_id or self.session_id)
        coordinator = SessionCoordinator(row, seams, self.supervisor, alive=alive)
        await coordinator.open()
        return coordinator


async def collect(
    coordinator: SessionCoordinator, run_id: str, until: Callable[[Event], bool] | None = None
) -> list[Event]:
    """Events of a run until the terminal one, or the first for which `until` holds."""
    seen = []
    async with asyncio.timeout(60):
        async for event in coordinator.watch(run_id):
            if event is not None:
                seen.append(event)
                if until and until(event):
                    break
    return seen


def types(events: Sequence[Event]) -> list[str]:
    return [event.type for event in events]


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which nothing is yet: to make one takes longer than most tests here."""
    path = tmp_path_factory.mktemp("empty") / "mandrake.sqlite"
    migrate(path)
    return path


@pytest.fixture
def chat(
    place: Any, empty: Path, tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Callable[..., Any]]:
    opened: list[Chat] = []

    async def make(*script: list[Any], **kwargs: Any) -> Chat:
        if isinstance(place, Path) and not place.exists():
            shutil.copy(empty, place)
        database = Database(place)
        store = SessionStore(database)
        workspace = await store.workspace_for(tmp_path)
        session = await store.create(workspace.id)
        made = Chat(
            database,
            Supervisor(),
            ScriptedModel(list(script)),
            ScriptedTools(),
            workspace.id,
            session.id,
            **kwargs,
        )
        opened.append(made)
        return made

    yield make

    async def close() -> None:
        for made in opened:
            assert await made.supervisor.close(20) == []
            await made.database.close()

    jp_asyncio_loop.run_until_complete(close())
