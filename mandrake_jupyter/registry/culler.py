"""The cullers: at each interval they look at everything of their kind, ask the policy, and end what it names.

Traits as ``MappingKernelManager`` has them, with the same names, meanings and log lines; what differs is said in
``lifecycle.culling``. Traits may change while a culler runs. Looking, judging and beginning to end never hold the loop for long;
each end is bounded, all run at once, and whatever was used since the look is left alone.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

from traitlets import Bool, Integer, Type, observe, validate
from traitlets.config import LoggingConfigurable

from ..lifecycle.culling import CullPolicy, CullSettings, Finding, Seen, Verdict, sentence
from ..lifecycle.phases import Phase
from ..lifecycle.seconds import Seconds
from .sweep import Pace, Pausable, Subjects, Sweep, begin, id_of, told, used_since

IDLE = (
    "Timeout (in seconds) after which one that nobody used is considered idle and ready to be culled. Values of 0 or lower "
    "disable culling of what is idle. One with a timeout of its own goes by that (0: never)."
)


class Culler(LoggingConfigurable):
    """Of one kind of resource. ``sweep`` is one look; ``run`` looks at each interval until it is cancelled."""

    noun = "resource"

    cull_idle_timeout = Integer(1800, config=True, help=f"{IDLE} See its subclasses.")
    cull_interval_default = 300
    cull_interval = Integer(
        cull_interval_default,
        config=True,
        help="The interval (in seconds) on which to check for those that exceed a timeout.",
    )
    cull_connected = Bool(
        False, config=True, help="Whether to consider culling those which have one or more connections."
    )
    cull_busy = Bool(
        False, config=True, help="Whether to consider culling those which are busy and show no sign of life."
    )
    cull_starting_timeout = Seconds(
        600.0, min=0.0, config=True, help="Seconds after which one that is still starting is ended. 0: never."
    )
    cull_busy_timeout = Seconds(
        0.0,
        min=0.0,
        config=True,
        help="Seconds after which one that was busy without a pause is ended, whatever it does. 0: never.",
    )
    cull_stop_timeout = Seconds(
        30.0, min=0.1, config=True, help="Seconds one may take to end before it is given up and reported."
    )
    policy_class = Type(
        CullPolicy,
        klass=CullPolicy,
        config=True,
        help="The policy that says what goes. It stops nothing itself.",
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._subjects: Subjects | None = None
        self._changed = asyncio.Event()
        self._due = False

    def look_after(self, subjects: Subjects) -> None:
        """Before this there is nothing to cull."""
        self._subjects = subjects

    @validate("cull_interval")
    def _valid_interval(self, proposal: Any) -> int:
        """As ``MappingKernelManager.initialize_culler`` does, each time it is set."""
        value = cast(int, proposal["value"])
        if value <= 0:
            self.log.warning(
                "Invalid value for 'cull_interval' detected (%s) - using default value (%s).",
                value,
                self.cull_interval_default,
            )
            return self.cull_interval_default
        return value

    @observe("cull_idle_timeout", "cull_interval", "cull_connected", "cull_busy")
    def _trait_changed(self, change: Any) -> None:
        if hasattr(self, "_changed"):
            self._changed.set()

    @property
    def settings(self) -> CullSettings:
        subjects = self._subjects
        return CullSettings(
            max(0, self.cull_idle_timeout),
            self.cull_connected,
            self.cull_busy,
            self.cull_starting_timeout,
            self.cull_busy_timeout,
            subjects.limit if subjects is not None else None,
            subjects.memory_over if subjects is not None else 0,
            subjects.count if subjects is not None else None,
        )

    def culls_in(self, one: Seen) -> float | None:
        """Seconds until it is idle for long enough, if nobody uses it; None when it would stay."""
        settings = self.settings
        timeout = settings.cull_idle_timeout if one.cull_idle_timeout is None else one.cull_idle_timeout
        verdict = self.policy_class().rested(one, settings)
        if verdict is Finding.IDLE:
            return 0.0
        return timeout - (one.idle_seconds or 0.0) if verdict is Finding.RECENT and timeout > 0 else None

    def hurry(self) -> None:
        """Look now instead of at the end of the interval: a limit was lowered."""
        self._due = True
        self._changed.set()

    async def run(self) -> None:
        """Until it is cancelled. A change of a trait holds at once."""
        self._say()
        self._changed.clear()
        while True:
            try:
                async with asyncio.timeout(self.cull_interval):
                    await self._changed.wait()
            except TimeoutError:
                self._due = True
            self._changed.clear()  # before the look: what changes during it is looked after next
            if not self._due:
                self._say()
                continue
            self._due = False
            try:
                await self.sweep()
            except Exception:
                self.log.exception("The culler of %ss could not look", self.noun)

    def _say(self) -> None:
        if self.cull_idle_timeout > 0:
            self.log.info(
                "Culling %ss with idle durations > %s seconds at %s second intervals ...",
                self.noun,
                self.cull_idle_timeout,
                self.cull_interval,
            )
            if self.cull_busy:
                self.log.info("Culling %ss even if busy", self.noun)
            if self.cull_connected:
                self.log.info("Culling %ss even with connected clients", self.noun)

    async def sweep(
        self, *, dry_run: bool = False, explain: bool = False, without: frozenset[str] = frozenset()
    ) -> Sweep:
        """One look at everything; never raises for one of them. `dry_run` ends nothing, `explain` lists what stays, too;
        `without` are ids of sessions to be taken for gone."""
        settings, done = self.settings, Sweep()
        if (subjects := self._subjects) is None:
            return done
        pace = Pace()
        if not dry_run:
            for _ in subjects.tidy():
                await pace.rest()
        self.log.debug(
            "Polling every %s seconds for %ss idle > %s seconds...",
            self.cull_interval,
            self.noun,
            self.cull_idle_timeout,
        )
        seen = subjects.look(without)
        if settings.crowded:
            whole = []
            for one in seen:
                whole.append(one)
                await pace.rest()
            seen = whole
        ends: dict[asyncio.Future[None], Seen] = {}
        for verdict in self.policy_class().judge(seen, settings):
            await pace.rest()
            done.considered += 1
            pauses = verdict.finding is Finding.PAUSE and isinstance(subjects, Pausable)
            if not (verdict.goes or pauses):
                if explain:
                    done.kept.append(told(verdict, settings))
                continue
            now = verdict.seen if dry_run else subjects.look_at(verdict.seen.key)
            if now is None or used_since(verdict.seen, now):
                continue
            (done.paused if pauses else done.culled).append(told(verdict, settings))
            if not pauses:
                done.gone.add(verdict.seen.key)
            if not dry_run:
                self._log(verdict)
                ends[begin(subjects, verdict, sentence(verdict, settings))] = now
        await self._ended(ends, done)
        return done

    async def _ended(self, ends: dict[asyncio.Future[None], Seen], done: Sweep) -> None:
        if not ends:
            return
        finished, late = await asyncio.wait(ends, timeout=self.cull_stop_timeout)
        failed = {task: exc for task in finished if not task.cancelled() and (exc := task.exception())}
        for task, exc in failed.items():
            self.log.error(
                "The following exception was encountered while culling %s '%s' (%s): %s",
                self.noun,
                ends[task].name,
                id_of(ends[task].key),
                exc,
            )
            done.errors.append(f"{ends[task].name}: {exc}")
        for task in late:
            self.log.error(
                "The %s '%s' (%s) did not end within %s seconds.",
                self.noun,
                ends[task].name,
                id_of(ends[task].key),
                self.cull_stop_timeout,
            )
            done.errors.append(f"{ends[task].name}: did not end within {self.cull_stop_timeout:g} s")

    def _log(self, verdict: Verdict) -> None:
        one = verdict.seen
        if verdict.finding is Finding.DEAD:
            self.log.warning(
                "Culling '%s' dead %s '%s' (%s).", one.phase, self.noun, one.name, id_of(one.key)
            )
        elif verdict.finding is Finding.PAUSE:
            idle = round(one.idle_seconds or 0)
            self.log.info("Pausing '%s' due to %s seconds of inactivity.", one.name, idle)
        elif verdict.finding is Finding.IDLE:
            self.log.warning(
                "Culling '%s' %s '%s' (%s) with %d connections due to %s seconds of inactivity.",
                "busy" if one.busy else "idle",
                self.noun,
                one.name,
                id_of(one.key),
                one.connections,
                round(one.idle_seconds or 0),
            )
        else:
            self.log.warning(
                "Culling %s '%s' (%s): %s", self.noun, one.name, id_of(one.key), verdict.finding.value
            )


class SessionCuller(Culler):
    """Puts chats away that nobody uses. What they store comes back at the next use, as if they had never been away."""

    noun = "chat"

    cull_idle_timeout = Integer(
        1800,
        config=True,
        help=f"{IDLE} A culled chat comes back whole at its next use, so this is on by default.",
    )


class MCPServerCuller(Culler):
    """Pauses MCP servers in containers that nobody uses, and stops all that stay unused; the next call goes on or starts them
    again. What one keeps in its own memory is lost with it:
    ``"cull_idle_timeout": 0`` or ``"stateful": true`` in its entry keeps it."""

    noun = "MCP server"

    cull_idle_timeout = Integer(
        1800,
        config=True,
        help=f"{IDLE} A culled MCP server starts again at its next call, without what it kept in its own memory: "
        'say "stateful": true in the entry of one that must stay.',
    )
    cull_pause_timeout = Seconds(
        300.0,
        min=0.0,
        config=True,
        help="Seconds after which a container that nobody used is paused, also where a chat that used it is open or it is never "
        "stopped for being idle: its next call goes on where it was. It keeps its memory. 0: never.",
    )
    cull_memory_percent = Integer(
        95,
        min=0,
        max=100,
        config=True,
        help="Percent of memory (of the container Jupyter runs in, where that has a limit, else of the machine) above which "
        "unused MCP servers are ended, least recently used first, until it is enough. 0: never. Linux only.",
    )

    @property
    def settings(self) -> CullSettings:
        return replace(super().settings, cull_pause_timeout=self.cull_pause_timeout)

    def pauses_in(self, one: Seen) -> float | None:
        """Seconds until it is paused, if nobody uses it; None when it is not, or ends before."""
        if not (one.can_pause and one.phase is Phase.READY and self.cull_pause_timeout > 0) or one.busy:
            return None
        left, ends = max(0.0, self.cull_pause_timeout - (one.idle_seconds or 0.0)), self.culls_in(one)
        return left if ends is None or left < ends else None
