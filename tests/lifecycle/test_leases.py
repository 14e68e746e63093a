"""Counts of use, with clocks of our own."""

from __future__ import annotations

from datetime import UTC, datetime

from mandrake_jupyter.lifecycle.leases import Leases


def test_work_is_counted_and_touches_at_both_ends() -> None:
    time = 100.0
    leases = Leases(clock=lambda: time, now=lambda: datetime.fromtimestamp(time, UTC))
    assert leases.idle_seconds is None
    with leases.work():
        time = 150.0
        assert (leases.busy, leases.idle_seconds) == (1, 0.0)
    time = 160.0
    assert (leases.busy, leases.idle_seconds) == (0, 10.0)
    assert leases.last_activity == datetime.fromtimestamp(150, UTC)


def test_a_watcher_is_a_connection_and_not_work() -> None:
    leases = Leases()
    with leases.attach():
        assert (leases.busy, leases.connections) == (0, 1)
    assert leases.connections == 0
