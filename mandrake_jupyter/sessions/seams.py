"""What a run is handed: its seams to models, tools and the store, and its bounds. Protocols, so that rooms stay apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Protocol

from ..lifecycle.announce import Announce, unheard
from ..lifecycle.limits import Slots
from ..providers.base import LLMProvider
from ..servers.offered import FilledPrompt
from ..stores.runs import RunStore
from ..stores.sessions import SessionStore
from ..values import Asker, CallContext, ToolResult, ToolSpec, utcnow
from ..values.tool_rules import ToolRules


class ResolvedModel(Protocol):
    """A model ready to answer. `id` is ours (``openai/gpt-5``), `model` the provider's own name."""

    @property
    def id(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def tools(self) -> bool: ...
    @property
    def images(self) -> bool | None: ...
    @property
    def provider(self) -> LLMProvider: ...


class Models(Protocol):
    async def resolve(self, model_id: str | None) -> ResolvedModel: ...


class Offers(Protocol):
    async def prompt(self, name: str, arguments: Mapping[str, str]) -> FilledPrompt: ...


class Tools(Protocol):
    @property
    def rules(self) -> Callable[[], ToolRules]: ...
    async def catalogue(self, learn: bool) -> tuple[Sequence[ToolSpec], Sequence[Any]]: ...
    async def tools(self, name: str) -> Sequence[ToolSpec]: ...
    async def call(
        self,
        server: str,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        context: CallContext,
        on_progress: Callable[[float, float | None, str | None], Awaitable[None]] | None = None,
        expected: tuple[str, bool | None] | None = None,
        asker: Asker | None = None,
    ) -> ToolResult: ...
    async def offers(self, name: str, session_id: str = "") -> Offers: ...


@dataclass(frozen=True)
class Bounds:
    """Limits of a run. Sizes in characters (`log`, `reader`: bytes), times in seconds; no `run` or `approval` (0) is no limit.
    Text that was shown is stored within `flush`."""

    message: int = 1_000_000
    part: int = 4_000_000
    tool_result: int = 1_000_000
    log: int = 8_000_000
    reader: int = 1_000_000
    steps: int = 25
    queued: int = 20
    first_token: float = 120.0
    stall: float = 60.0
    retries: int = 3
    longest_wait: float = 60.0
    run: float = 3600.0
    approval: float = 604_800.0
    question: float = 300.0
    flush: float = 0.25
    cancel: float = 5.0


async def pause(seconds: float, now: asyncio.Event) -> None:
    """Waits for `seconds`, or until `now` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await now.wait()


@dataclass(frozen=True)
class Seams:
    """`clock` is monotonic, in seconds; `now` is what outlives a restart, UTC. `pause` waits between tries."""

    runs: RunStore
    sessions: SessionStore
    models: Models
    tools: Tools
    workspace: str
    instance: str
    bounds: Bounds = Bounds()
    announce: Announce = unheard
    slots: Slots | None = None
    clock: Callable[[], float] = monotonic
    now: Callable[[], datetime] = utcnow
    instructions: Callable[[], str] = str
    pause: Callable[[float, asyncio.Event], Awaitable[None]] = pause
