"""The demo model: tiny, offline, without a key. What the catalogue and the registry see of it.

SmolLM2-135M-Instruct, fetched on the user's act, run in a child process of its own. It chats; it can't
call tools.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from ..errors import DemoModelMissing, ProviderTrouble, StreamBroken, Unreachable
from ..lifecycle.supervisor import Supervisor
from ..values import JSON
from .api import FIRST_TOKEN_TIMEOUT, STALL_TIMEOUT, ApiProvider
from .base import ModelEvent, ModelRequest, Spent
from .demo_child import CONTEXT
from .demo_fetch import DEADLINE, DemoFetch
from .demo_files import DemoFiles
from .demo_history import fitting
from .demo_process import IDLE_TIMEOUT, NAME, START_TIMEOUT, Child, DemoProcess
from .endpoint import Endpoint

MODEL = "smollm2-135m-instruct"
#: Tokens of one answer.
MAX_TOKENS = 512
#: Tokens of conversation it is given: a busy small machine reads some thirty a second.
PROMPT_TOKENS = 900
#: Seconds its first token may take whatever the caller says: it reads the conversation, which is work, not silence.
PATIENCE = 120.0
#: Longer instructions only confuse a model of this size: it then gets these instead.
INSTRUCTIONS = "Be brief."
MAX_INSTRUCTIONS = 300
#: Seconds a broken connection is given to turn out as the end of the process.
DEATH = 1.0
INSTALL = "pip install 'mandrake-jupyter[local]'"


class DemoModelNotFetched(DemoModelMissing):
    """Nobody has asked for it yet, or it is on its way."""

    sentence = "The demo model has not been fetched yet."
    then_sentence = "Your message is kept. Fetch it once (93 MB), or connect your own model."
    actions: ClassVar[tuple[str, ...]] = ("fetch_demo_model", "connect_model")


class DemoModelUnavailable(DemoModelMissing):
    """What runs it is not installed."""

    retryable: ClassVar[bool] = False
    sentence = "The demo model needs the package xllamacpp, which is not installed."
    then_sentence = f"Your message is kept. Run {INSTALL} and restart Jupyter, or connect your own model."
    actions: ClassVar[tuple[str, ...]] = ("connect_model",)


class DemoModel:
    """One per Jupyter server. The owner calls `stop_if_idle` now and then, and `stop` at the end."""

    id = f"demo/{MODEL}"
    model = MODEL
    name = "Demo model (tiny, offline)"

    def __init__(
        self,
        data_dir: Path,
        supervisor: Supervisor,
        *,
        environ: Mapping[str, str] = os.environ,
        idle_timeout: float = IDLE_TIMEOUT,
        start_timeout: float = START_TIMEOUT,
        fetch_timeout: float = DEADLINE,
        files: DemoFiles | None = None,
    ) -> None:
        self.download = DemoFetch(data_dir, supervisor, environ, files=files, deadline=fetch_timeout)
        self.process = DemoProcess(
            supervisor, lambda: self.download.model, idle_timeout=idle_timeout, start_timeout=start_timeout
        )
        self.provider = DemoProvider(self)

    @property
    def state(self) -> str:
        """``ready``, ``fetching``, ``missing``, ``failed`` or ``unavailable``."""
        return self.download.state if runnable() else "unavailable"

    def as_json(self) -> JSON:
        """``{state, done_bytes, total_bytes, error}``."""
        if runnable():
            return self.download.as_json()
        return {**self.download.as_json(), "state": "unavailable", "error": DemoModelUnavailable().as_json()}

    def check(self) -> None:
        """Raise a DemoModelMissing that says what to do, unless the model is ready."""
        match self.state:
            case "ready":
                return
            case "unavailable":
                raise DemoModelUnavailable
            case "failed":
                raise self.download.error or DemoModelMissing()
            case "fetching":
                seen = self.download.as_json()
                percent = 100 * seen["done_bytes"] // max(1, seen["total_bytes"])
                raise DemoModelNotFetched(
                    f"The demo model is still being fetched: {percent} %.", then="Your message is kept."
                )
        raise DemoModelNotFetched

    async def fetch(self) -> JSON:
        """Begin to fetch it where it is missing; returns at once. Idempotent."""
        if runnable():
            self.download.start()
        return self.as_json()

    async def cancel_fetch(self) -> JSON:
        await self.download.cancel()
        return self.as_json()

    async def stop_if_idle(self, now: float) -> bool:
        """Stop its process when idle for too long at `now` (monotonic seconds); whether it was stopped."""
        return await self.process.stop_if_idle(now)

    async def stop(self) -> None:
        """End the process and a fetch under way; both can be begun again."""
        await asyncio.gather(self.download.cancel(), self.process.stop())


class DemoProvider:
    """Streams from the demo model's process, which the first request starts."""

    def __init__(self, demo: DemoModel) -> None:
        self._demo = demo

    async def stream(
        self,
        request: ModelRequest,
        *,
        first_token_timeout: float = FIRST_TOKEN_TIMEOUT,
        stall_timeout: float = STALL_TIMEOUT,
        spent: Spent = lambda _: None,
    ) -> AsyncGenerator[ModelEvent]:
        """As :class:`ApiProvider`. Tools are left out; a conversation that is too long loses its oldest
        turns.
        """
        self._demo.check()
        async with self._demo.process.lease() as child:
            provider = ApiProvider(Endpoint("demo", NAME, "http://demo/v1", socket=child.socket))
            await provider.load()
            try:
                fitted = await _fitted(request, child)
                patience = max(first_token_timeout, PATIENCE)
                answer = provider.stream(
                    fitted, first_token_timeout=patience, stall_timeout=stall_timeout, spent=spent
                )
                async with aclosing(answer) as events:
                    async for event in events:
                        yield event
            except (Unreachable, ProviderTrouble, StreamBroken) as exc:
                if await child.gone_within(DEATH):
                    raise StreamBroken(reason="The demo model's process ended.") from exc
                raise


def runnable() -> bool:
    """Whether what runs the model is installed; it is not imported here."""
    return importlib.util.find_spec("xllamacpp") is not None


async def _fitted(request: ModelRequest, child: Child) -> ModelRequest:
    """The request as this model can take it."""
    instructions = request.instructions if len(request.instructions) <= MAX_INSTRUCTIONS else ""
    wanted = request.settings.get("max_tokens")
    answer = min(wanted, MAX_TOKENS) if isinstance(wanted, int) else MAX_TOKENS
    budget = min(PROMPT_TOKENS, CONTEXT - answer - MAX_INSTRUCTIONS)
    # Greedy and without a repetition penalty: of what was tried, this answered simple questions best.
    settings: dict[str, Any] = {"max_tokens": answer, "temperature": 0.0}
    return replace(
        request,
        model=MODEL,
        instructions=instructions or INSTRUCTIONS,
        messages=await _counted(request, child, budget),
        tools=(),
        settings=settings,
    )


async def _counted(request: ModelRequest, child: Child, budget: int) -> Any:
    import httpx2

    transport = httpx2.AsyncHTTPTransport(uds=child.socket)
    async with httpx2.AsyncClient(transport=transport, base_url="http://demo", timeout=STALL_TIMEOUT) as http:

        async def count(text: str) -> int:
            try:
                answer = await http.post("/tokenize", json={"content": text})
                return len(answer.json()["tokens"])
            except (httpx2.HTTPError, ValueError, KeyError) as exc:
                raise StreamBroken(reason=f"The demo model could not count tokens: {exc}") from exc

        return await fitting(request.messages, budget, count)


async def _fetch(data_dir: Path) -> int:
    supervisor = Supervisor()
    download = DemoFetch(data_dir, supervisor, os.environ)
    try:
        download.start()
        waiting = asyncio.ensure_future(download.wait())
        while not (await asyncio.wait([waiting], timeout=1.0))[0]:
            seen = download.as_json()
            _say(f"{seen['done_bytes'] / 1e6:.0f} of {seen['total_bytes'] / 1e6:.0f} MB")
        waiting.result()
    except DemoModelMissing as exc:
        _say(f"{exc} {exc.reason or ''}".strip())
        return 1
    finally:
        await download.cancel()
        await supervisor.close()
    _say(f"The demo model is in {download.model.parent}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m mandrake_jupyter.providers.demo fetch --data-dir DIR``: progress lines; 0, or 1 with the
    reason.
    """
    parser = argparse.ArgumentParser(prog="mandrake-demo", description="The demo model's files.")
    parser.add_argument("act", choices=["fetch"])
    parser.add_argument("--data-dir", type=Path, required=True, help="Mandrake's data directory")
    options = parser.parse_args(argv)
    return asyncio.run(_fetch(options.data_dir))


if __name__ == "__main__":
    sys.exit(main())
