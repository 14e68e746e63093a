"""What the host is told: acts and work count, looking and waiting do not. Time is moved by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from traitlets import TraitError

from mandrake_jupyter.handlers.base import MandrakeHandler
from mandrake_jupyter.handlers.routes import ROUTES
from mandrake_jupyter.lifecycle.announce import Announcement, Changed, Culled, RunEnded, RunMoved, ToolCalled
from mandrake_jupyter.registry.activity import HostActivity
from mandrake_jupyter.values import Usage

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Timer:
    """Stands in for the loop: calls what is due when the time is moved."""

    seconds: float = 0.0
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        self.due.append((self.seconds + seconds, call))
        return self

    def cancel(self) -> None:
        self.due.clear()

    def move(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self.due and min(at for at, _ in self.due) <= until:
            self.due.sort(key=lambda entry: entry[0])
            self.seconds, call = self.due.pop(0)
            call()
        self.seconds = until


@dataclass
class Host:
    timer: Timer = field(default_factory=Timer)
    times: dict[str, datetime] = field(default_factory=dict)
    busy: bool = False

    def activity(self, **traits: int) -> HostActivity:
        return HostActivity(
            self.times, lambda: self.busy, now=self.timer.now, later=self.timer.later, **traits
        )

    @property
    def age(self) -> float:
        """Seconds since what the host believes to be the last activity."""
        last = self.times["mandrake"]
        assert last.tzinfo is not None, "a naive time breaks /api/status"
        return (self.timer.now() - last).total_seconds()


def test_while_something_is_at_work_the_last_activity_is_never_older_than_the_heartbeat() -> None:
    host = Host(busy=True)
    activity = host.activity(heartbeat=20)
    activity.touch()
    for _ in range(200):
        host.timer.move(7)
        assert 0 <= host.age <= 20


def test_when_the_work_is_over_the_heartbeat_stops_and_nothing_is_left_to_be_called() -> None:
    host = Host(busy=True)
    host.activity(heartbeat=20).touch()
    host.timer.move(100)
    host.busy = False
    host.timer.move(1000)
    assert host.age == 1000
    assert host.timer.due == []


def test_an_act_that_leads_to_work_later_is_followed_by_the_heartbeat() -> None:
    host = Host()
    host.activity(heartbeat=20).touch()
    host.busy = True
    host.timer.move(300)
    assert host.age <= 20


def test_many_acts_make_one_heartbeat() -> None:
    host = Host(busy=True)
    activity = host.activity()
    for _ in range(100):
        activity.touch()
    assert len(host.timer.due) == 1


def test_a_stopped_heartbeat_stays_stopped() -> None:
    host = Host(busy=True)
    activity = host.activity()
    activity.touch()
    activity.stop()
    activity.stop()
    host.timer.move(1000)
    assert host.age == 1000


def test_only_what_is_at_work_is_current() -> None:
    host = Host()
    activity = host.activity()
    assert activity.current() is None
    host.busy = True
    assert activity.current()


def test_what_cannot_be_told_is_no_activity_and_never_raises() -> None:
    def broken() -> bool:
        raise RuntimeError("no")

    timer = Timer()
    activity = HostActivity({}, broken, now=timer.now, later=timer.later)
    assert activity.current() is None
    activity.touch()
    timer.move(1000)


@pytest.mark.parametrize("seconds", [0, 61])
def test_a_heartbeat_a_host_would_miss_is_refused(seconds: int) -> None:
    with pytest.raises(TraitError):
        Host().activity(heartbeat=seconds)


USAGE = Usage()


@pytest.mark.parametrize(
    ("announcement", "counts"),
    [
        (RunMoved("w", "s", "r", "calling_model"), True),
        (RunEnded("w", "s", "r", "done", None, "m", 1.0, None, USAGE), True),
        (ToolCalled("w", "s", "time", "stdio", "done", 1.0), True),
        (Culled("session", "w", "s", "idle", "idle for 1800 s"), False),
        (Changed("session", "w", "s", "changed"), False),
    ],
)
def test_news_of_answers_and_calls_is_activity_and_the_end_of_idle_things_is_not(
    announcement: Announcement, counts: bool
) -> None:
    host = Host()
    host.activity().hear(announcement, {})
    assert bool(host.times) is counts


#: What changes something and is no sign of a person.
NO_ACTS = {("post", "cleanup")}
VERBS = ("get", "post", "put", "patch", "delete")


def verbs() -> set[tuple[str, str, bool]]:
    """(verb, route, whether it counts as activity) of every route."""
    found = set()
    for pattern, handler in ROUTES:
        route = re.sub(r"\(\?P<(\w+)>[^()]*\)", lambda m: f"{{{m[1]}}}", pattern)
        for verb in VERBS:
            if verb in vars(handler):
                found.add((verb, route, _counts(handler, verb)))
    return found


def _counts(handler: type[MandrakeHandler], verb: str) -> bool:
    class Request:
        method = verb.upper()

    instance = handler.__new__(handler)
    instance.request = Request()
    return instance._track_activity


def test_looking_at_a_route_is_no_activity_and_changing_something_is() -> None:
    """What a page polls must not keep a server alive; whoever adds a route that differs names it here."""
    expected = {(verb, route, verb != "get" and (verb, route) not in NO_ACTS) for verb, route, _ in verbs()}
    assert verbs() == expected
    assert ("post", "workspaces/{workspace}/sessions/{session}/messages", True) in expected
    assert ("get", "events", False) in expected
