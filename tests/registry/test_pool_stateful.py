"""Whatever is asked, in whatever order: limits hold, nothing in use is ended, and everything made is ended at the end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mandrake_jupyter.errors import MandrakeError
from mandrake_jupyter.lifecycle.culling import CullPolicy, CullSettings, Finding
from mandrake_jupyter.registry.culler import SessionCuller

from .pools import Thing, Things
from .subjects import PoolSubjects

KEYS = st.sampled_from("abcdefgh")
LIMIT = 3


class _Life(RuleBasedStateMachine):
    """Each rule runs on one loop and lets the tasks run for a few turns, not always to their end."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.pool = self.run(self._made())
        self.held: list[tuple[AsyncExitStack, Thing]] = []
        self.asking: list[asyncio.Task[Any]] = []
        self.culler = SessionCuller(cull_idle_timeout=60, cull_stop_timeout=60)
        self.culler.look_after(PoolSubjects(self.pool))

    async def _made(self) -> Things:
        return Things(limit=LIMIT, stop_seconds=60)

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def _turns(self, count: int = 3) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    @rule(key=KEYS)
    def look(self, key: str) -> None:
        self.run(self._try(self.pool.get(key)))

    @rule(key=KEYS)
    def lease(self, key: str) -> None:
        async def take() -> None:
            stack = AsyncExitStack()
            thing = await stack.enter_async_context(self.pool.use(key))
            self.held.append((stack, thing))

        self.run(self._try(take()))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        stack, _ = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self.run(stack.aclose())

    @rule(key=KEYS)
    def ask_without_waiting(self, key: str) -> None:
        async def ask() -> None:
            self.asking.append(asyncio.ensure_future(self._try(self.pool.get(key))))
            await self._turns(1)

        self.run(ask())

    @precondition(lambda self: self.asking)
    @rule(data=st.data())
    def give_up_asking(self, data: st.DataObject) -> None:
        task = self.asking.pop(data.draw(st.integers(0, len(self.asking) - 1)))
        task.cancel()
        self.run(self._turns(1))

    @rule(key=KEYS)
    def release(self, key: str) -> None:
        self.run(self._try(self.pool.release(key)))

    @rule(key=KEYS, broken=st.booleans())
    def starts_fail(self, key: str, broken: bool) -> None:
        self.pool.starts[key] = OSError("start") if broken else None

    @rule(key=KEYS, broken=st.booleans())
    def stops_fail(self, key: str, broken: bool) -> None:
        self.pool.stops[key] = OSError("stop") if broken else None

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0, -100.0]))
    def time_passes(self, seconds: float) -> None:
        self.pool.clock.now += seconds

    @rule()
    def cull(self) -> None:
        self.run(self.culler.sweep())

    async def _try(self, work: Any) -> None:
        with suppress(MandrakeError, OSError):
            await work

    @invariant()
    def never_more_than_the_limit(self) -> None:
        if hasattr(self, "pool"):
            assert self.pool.most <= LIMIT

    @invariant()
    def nothing_in_use_was_ended(self) -> None:
        if hasattr(self, "pool"):
            assert not [thing for _, thing in self.held if thing.closed]
            for entry in self.pool.entries.values():
                assert entry.leases.busy >= 0

    @invariant()
    def one_of_a_key_at_a_time(self) -> None:
        if hasattr(self, "pool"):
            keys = [thing.key for thing in self.pool.open]
            assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        for stack, _ in self.held:
            self.run(stack.aclose())
        self.run(self.pool.stop(60))
        self.run(self.pool.supervisor.close(60))
        for task in self.asking:
            task.cancel()
        self.run(self._turns())
        assert self.pool.open == []
        assert self.pool.entries == {}
        assert not asyncio.all_tasks(self.loop)
        self.loop.close()


TestLife = _Life.TestCase
TestLife.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def test_what_the_policy_lets_go_was_idle_and_unused() -> None:
    """The machine above would not see a policy that never culls."""
    seen = PoolSubjects.example(idle_seconds=61.0)
    [verdict] = CullPolicy().judge([seen], CullSettings(cull_idle_timeout=60))
    assert verdict.finding is Finding.IDLE
