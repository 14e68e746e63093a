"""Whatever is done in a chat, and however often its Jupyter server dies: runs move by the table only, and each ends once."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mandrake_jupyter.errors import Conflict, NotFound, TooMany
from mandrake_jupyter.lifecycle.announce import RunMoved
from mandrake_jupyter.lifecycle.supervisor import Supervisor
from mandrake_jupyter.providers.base import Finished, ModelRequest, TextDelta
from mandrake_jupyter.sessions.run_state import NEXT, RunState
from mandrake_jupyter.sessions.session import SessionCoordinator
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.values import Usage

from .conftest import Chat, ScriptedModel, ScriptedTools, call

ENDS = {"complete": RunState.DONE, "error": RunState.FAILED, "cancelled": RunState.CANCELLED}
POSTS = ("say", "read", "write", "both", "/tool files write {}", "break")
ACTS = st.one_of(
    st.tuples(st.just("post"), st.sampled_from(POSTS)),
    st.tuples(st.sampled_from(["decide", "deny", "cancel"]), st.integers(0, 3)),
    st.tuples(st.sampled_from(["rest", "crash", "stop", "put_away"]), st.none()),
)


class Model(ScriptedModel):
    """Does what the message says."""

    async def stream(self, request: ModelRequest, **deadlines: float) -> AsyncIterator[Any]:
        last = request.messages[-1]
        yield TextDelta("Well. ")
        await asyncio.sleep(0)
        if last.text == "break":
            return
        wants = {"read": ["read"], "write": ["write"], "both": ["read", "write", "write"]}
        for tool in wants.get(last.text, []):
            yield call(tool, path="a")
        yield Finished("stop", Usage(1, 1))


class Life:
    """A chat over Jupyter servers that follow one another."""

    def __init__(self, made: Chat) -> None:
        self.made = made
        self.number = 0
        self.runs: list[str] = []
        self.session: SessionCoordinator

    async def begin(self) -> None:
        self.number += 1
        self.session = await self.made.open(f"server {self.number}")

    async def act(self, what: str, which: Any) -> None:
        session = self.session
        if what == "post":
            self.runs.append((await session.post(which)).id)
        elif what == "rest":
            await self.at_rest()
        elif what == "cancel" and self.runs:
            await session.cancel(self.runs[which % len(self.runs)], "ann")
        elif what in ("decide", "deny"):
            await self.decide("once" if what == "decide" else "deny")
        elif what == "crash":
            await self.made.supervisor.close(1)
            self.made.supervisor = Supervisor()
            await self.begin()
        elif what in ("stop", "put_away"):
            await (session.close() if what == "stop" else session.put_away())
            await self.begin()

    async def decide(self, decision: Any) -> None:
        for run in self.session.runs:
            for part in [part for part in run.ledger.answer.parts if part.status == "waiting"]:
                await self.session.decide(run.id, str(part.call_id), decision, None, "", "ann")
                return

    async def at_rest(self) -> None:
        async with asyncio.timeout(60):
            while self.session.busy:
                await asyncio.wait([*self.session._tasks.values()])
                await asyncio.sleep(0)

    async def to_the_end(self) -> None:
        for run in self.runs:  # who reads is there: the queue goes on
            reading = asyncio.ensure_future(self.read(run))
            async with asyncio.timeout(60):
                while not reading.done():
                    await self.at_rest()
                    await self.decide("once")
                    await asyncio.wait({reading}, timeout=0.01)
            await reading

    async def read(self, run: str) -> None:
        async for _ in self.session.watch(run):
            pass


async def live(folder: Path, acts: list[tuple[str, Any]]) -> None:
    database = Database(folder / "mandrake.sqlite")
    store = SessionStore(database)
    workspace = await store.workspace_for(folder)
    session = await store.create(workspace.id)
    made = Chat(database, Supervisor(), Model([]), ScriptedTools(), workspace.id, session.id)
    life = Life(made)
    try:
        await life.begin()
        for what, which in acts:
            with suppress(Conflict, NotFound, TooMany):  # it has ended, it was decided: as a person is told
                await life.act(what, which)
        await life.to_the_end()
        runs = RunStore(database)
        for run in life.runs:
            row = await runs.get(session.id, run)
            ends = [event.type for event in await runs.replay(row) if event.terminal]
            assert [ENDS[end] for end in ends] == [row.state]
            by_the_table(made, run)
        calls = [part.call_id for message, _ in await runs.history(session.id) for part in message.parts]
        done = [call_id for call_id in calls if call_id]
        assert len(made.tools.calls) <= len(done), "no call was made that is not in the history"
    finally:
        await made.supervisor.close(2)
        await database.close()


def by_the_table(made: Chat, run: str) -> None:
    states = [
        RunState(told.state) for told in made.announced if isinstance(told, RunMoved) and told.run_id == run
    ]
    assert states[0] is RunState.QUEUED
    for old, new in pairwise(states):
        assert new in NEXT[old], states
    assert NEXT[states[-1]] == set()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTS, min_size=1, max_size=12))
def test_runs_move_by_the_table_and_end_once_whatever_is_done(acts: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder), acts))
