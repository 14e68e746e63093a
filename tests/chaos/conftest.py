"""A user's machine on which Jupyter servers are killed: a scripted model and real MCP servers' log outlive them."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.lifecycle import crash_points
from tests.support.jupyter_fork import Forkery
from tests.support.jupyter_process import ForkedJupyter, JupyterProcess
from tests.support.mcp_leaks import eventually
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn, last_text

from . import checks
from .person import MCP, PLANS, Gone, Person

RAW = str(Path(__file__).parent.parent / "support" / "mcp_raw.py")
JOURNAL = json.dumps([{"name": "journal", "inputSchema": {"type": "object"}}])
CONFIG = "c.ServerApp.limit_rate = False\n"
PEOPLE = 4
#: Seconds within which a Jupyter server must have come to the place where it dies.
REACHED = 100.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=20, help="How often to kill a Jupyter server at random.")
    parser.addoption("--seed", type=int, default=None, help="Of the random moments; it is printed.")


@dataclass
class World:
    """Jupyter servers that follow one another on one data dir, and people who go on in the next one."""

    folder: Path
    forkery: Forkery
    model: ScriptedOpenAI
    server: JupyterProcess | None = None
    people: list[Person] = field(default_factory=list)
    lives: int = 0
    place: str = ""
    behind: list[float] = field(default_factory=list)
    deaths: list[datetime] = field(default_factory=list)
    config: str = CONFIG
    ask: Callable[[str], list[Any]] | None = None  #: of the database, where it is none of SQLite's
    #: Before the last words of an answer: closed, all are in the middle of one.
    held: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.held.set()

    @property
    def log(self) -> list[str]:
        """The marks that MCP servers really were called with, in order."""
        path = self.folder / "called.log"
        return path.read_text("utf-8").split() if path.exists() else []

    def turn(self, body: dict[str, Any]) -> Turn:
        words, last = last_text(body), body["messages"][-1]
        if last["role"] == "tool":
            return Turn(["It ", "is ", "done."])
        if words.startswith("note"):
            arguments = {"mark": words.split()[-1], "file": str(self.folder / "called.log")}
            return Turn(["I ", "will."], calls=[Call(f"{MCP}__journal", arguments)])
        return Turn([f"word{number} " for number in range(14)], gates={12: self.held}, delay=0.03)

    def arm(self, place: str) -> None:
        """From now on a Jupyter server dies where it passes there."""
        self.place = place
        written = self.folder / "armed.part"
        written.write_text(place, "utf-8")
        written.rename(self.folder / "armed")

    async def start(self, dies_at: str = "") -> bool:
        """The next Jupyter server; False when it died at that place before it answered."""
        self.arm(dies_at)
        self.lives += 1
        env = {"OPENAI_API_KEY": "sk-canary-0123456789", "OPENAI_BASE_URL": self.model.url}
        env[crash_points.VARIABLE] = str(self.folder / "armed")
        folders = {"root": self.folder / "root", "data": self.folder / "data"}
        self.server = ForkedJupyter(
            home=self.folder / f"home{self.lives}",
            **folders,
            config=self.config,
            env=env,
            forkery=self.forkery,
        )
        for person in self.people:
            person.server = self.server
        try:
            await self.server.start()
        except AssertionError:
            if dies_at and self.server.process and self.server.process.poll() == -9:
                return False
            raise
        return True

    async def populate(self) -> None:
        """A first life, in which an MCP server and the chats are made."""
        assert await self.start()
        assert self.server is not None
        arguments = ["-S", RAW, "--tools", JOURNAL, "--prompts", '["ask"]']
        await self.server.add_mcp_server(MCP, *arguments)
        log = str(self.folder / "called.log")
        self.people = [
            Person("abcdefgh"[number], await self.server.chat(), log, self.server) for number in range(PEOPLE)
        ]
        self.server.signal(signal.SIGKILL)
        await self.died()

    async def go_on(self) -> None:
        """All follow up what they were at, and it is as they were told."""

        async def one(person: Person) -> None:
            for told in await person.go_on():
                self.behind.append(await checks.check(person, told, self.log, self.deaths))

        await asyncio.gather(*(one(person) for person in self.people))
        checks.nothing_was_called_twice(self.log)

    async def go_on_until_it_dies(self) -> None:
        await self._until_it_dies(self.go_on())

    async def work_until_it_dies(self, after: float | None = None) -> None:
        """All begin one message after the other, in every way there is; killed `after` some seconds, or by itself."""

        async def one(person: Person, number: int) -> None:
            while True:
                for plan in (*PLANS[2 * number :], *PLANS[: 2 * number]):
                    await person.do(plan)

        working = [one(person, number) for number, person in enumerate(self.people)]
        await self._until_it_dies(*working, self._kill(after))

    async def work_until_killed(self, plan: str) -> None:
        """A life that ends in the middle of messages of that `plan`, when all have read some of the answer."""

        async def kill() -> None:
            await eventually(
                lambda: all(
                    person.told and person.told[-1].events and not person.told[-1].ended
                    for person in self.people
                )
            )
            await self._kill(0)

        assert await self.start()
        await self.go_on()
        self.held.clear()
        working = [person.do(plan) for person in self.people]
        await self._until_it_dies(*working, kill())
        self.held.set()

    async def _kill(self, after: float | None) -> None:
        if after is not None:
            await asyncio.sleep(after)
            assert self.server is not None
            self.deaths.append(datetime.now(UTC))
            self.server.signal(signal.SIGKILL)
        raise Gone

    async def _until_it_dies(self, *work: Coroutine[Any, Any, None]) -> None:
        working = [asyncio.ensure_future(one) for one in work]
        try:
            await self.died()
            ended = await asyncio.wait_for(asyncio.gather(*working, return_exceptions=True), 60)
            assert all(isinstance(end, Gone) for end in ended), ended
        finally:
            for one in working:
                one.cancel()

    async def died(self) -> None:
        assert self.server is not None
        process = self.server.process
        assert process is not None
        try:
            await eventually(lambda: process.poll() is not None, REACHED)
        except AssertionError as exc:
            raise AssertionError(f"no Jupyter server came to {self.place}") from exc
        assert process.poll() == -9, self.server.log[-3000:]
        heard = [event["time"] for person in self.people for told in person.told for event in told.events]
        self.deaths.extend(datetime.fromisoformat(max(heard)) for _ in heard[:1])
        self.arm("")

    async def end(self) -> None:
        """A last life without a crash: everything comes to its end, and the chats go on."""
        assert await self.start()
        await self.go_on()
        assert self.server is not None
        unknown = 0
        for person in self.people:
            history = await person.get(f"{person.chat}/messages")
            await person.do("tell")
            last = person.told[-1]
            request = next(body for body in reversed(self.model.chats) if last_text(body) == last.content)
            unknown += checks.the_model_was_told(person, history, request)
            assert last.events[-1]["type"] == "complete"
        file = self.server.data / "mandrake" / "mandrake.sqlite"
        runs = checks.every_run_has_one_end(self.ask or partial(checks.in_sqlite, file))
        posted = sum(len(person.told) for person in self.people)
        assert runs == posted, "each message is one run, however often it was posted"
        print(
            f"{self.lives - 1} kills, {runs} messages, {len(self.log)} calls, {unknown} of unknown outcome, "
            f"text behind by at most {max(self.behind, default=0) * 1000:.0f} ms"
        )


@pytest.fixture
def world(tmp_path: Path, forkery: Forkery, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[World]:
    model = ScriptedOpenAI()
    made = World(tmp_path, forkery, model)
    model.brain = made.turn
    jp_asyncio_loop.run_until_complete(model.start())
    yield made
    if made.people:
        print(f"last armed for {made.place or 'nothing'}, {made.lives} lives")
    if made.server is not None:
        made.server.kill()
    jp_asyncio_loop.run_until_complete(model.stop())
