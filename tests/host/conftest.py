"""Jupyter servers in processes of their own, with a scripted model that answers when it is told to."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..support.jupyter_fork import Forkery
from ..support.jupyter_process import ForkedJupyter, JupyterProcess
from ..support.scripted_openai import ScriptedOpenAI
from ..support.scripted_turns import Call, Turn, last_text

Start = Callable[..., JupyterProcess]
RAW = str(Path(__file__).parent.parent / "support" / "mcp_raw.py")


class HeldModel(ScriptedOpenAI):
    """``hold …`` is answered with one word, and a second one when `gate` opens; ``add`` asks for a tool that needs
    permission; anything else is answered at once, and so is the tool's result."""

    def __init__(self) -> None:
        super().__init__(brain=self._turn)
        self.gate = asyncio.Event()

    def _turn(self, body: dict[str, Any]) -> Turn:
        text = last_text(body)
        if text.startswith("hold"):
            return Turn(["first", " last"], gates={1: self.gate})
        if text.startswith("add") and body["messages"][-1]["role"] != "tool":
            return Turn(calls=[Call("raw__add", {"a": 1, "b": 1})])
        return Turn(["done"])


@pytest.fixture
def model(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[HeldModel]:
    scripted = HeldModel()
    jp_asyncio_loop.run_until_complete(scripted.start())
    yield scripted
    jp_asyncio_loop.run_until_complete(scripted.stop())


@pytest.fixture
def servers(tmp_path: Path, model: HeldModel, forkery: Forkery) -> Iterator[Start]:
    """Makes Jupyter servers that share a folder and a data dir; what lives at the end is killed. With ``alone`` one is begun
    as a shell begins it, else it comes from the forkery.
    """
    made: list[JupyterProcess] = []

    def make(config: str = "", *, alone: bool = False) -> JupyterProcess:
        env = {"OPENAI_API_KEY": "sk-canary-0123456789", "OPENAI_BASE_URL": model.url}
        home = tmp_path / f"home{len(made)}"
        folders = {"home": home, "root": tmp_path / "root", "data": tmp_path / "data"}
        if alone or sys.platform != "linux":
            made.append(JupyterProcess(**folders, config=config, env=env))
        else:
            made.append(ForkedJupyter(**folders, config=config, env=env, forkery=forkery))
        return made[-1]

    yield make
    for server in made:
        server.kill()
