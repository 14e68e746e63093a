"""Numbers are made from announcements, are the same as JSON, and carry words of the code only."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from prometheus_client import REGISTRY

from mandrake_jupyter.lifecycle.announce import Culled, Moved, RunEnded, ToolCalled
from mandrake_jupyter.lifecycle.phases import Phase
from mandrake_jupyter.registry.hub import Hub
from mandrake_jupyter.registry.metrics import Metrics, as_json, count_error
from mandrake_jupyter.values import Usage


class Numbers:
    """What a number of ``/metrics`` grew by since the test began."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._before = self._all()

    def __call__(self, name: str, **labels: str) -> float:
        key = (f"mandrake_{name}", tuple(sorted(labels.items())))
        return self._all().get(key, 0.0) - self._before.get(key, 0.0)

    def _all(self) -> dict[Any, float]:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in REGISTRY.collect()
            for sample in family.samples
        }


@pytest.fixture
def grew() -> Iterator[Numbers]:
    hub, metrics = Hub(), Metrics()
    hub.add(metrics)
    numbers = Numbers(hub)
    yield numbers
    metrics.close()
    assert [numbers("resident", kind=k, phase=p) for k in ("session", "mcp_server") for p in Phase] == [
        0
    ] * 14


def move(hub: Hub, *phases: Phase, id: str = "a", seconds: float = 1.0) -> None:
    for old, new in pairwise(phases):
        hub.announce(Moved("mcp_server", "w", id, old, new, "why", seconds))


def errors(code: str) -> float:
    values = as_json()["mandrake_errors_total"]["values"]
    return next((value["value"] for value in values if value["code"] == code), 0.0)


def test_what_came_to_be_ready_is_resident_until_it_is_over(grew: Numbers) -> None:
    move(grew.hub, Phase.NEW, Phase.STARTING, Phase.READY)
    move(grew.hub, Phase.NEW, Phase.STARTING, id="b")
    assert grew("created_total", kind="mcp_server") == 1
    assert grew("resident", kind="mcp_server", phase="ready") == 1
    assert grew("resident", kind="mcp_server", phase="starting") == 1
    move(grew.hub, Phase.READY, Phase.STOPPING, Phase.STOPPED)
    move(grew.hub, Phase.STARTING, Phase.FAILED, id="b")
    assert grew("resident", kind="mcp_server", phase="ready") == 0
    assert grew("phase_duration_seconds_count", kind="mcp_server", phase="starting") == 2
    assert grew("phase_duration_seconds_sum", kind="mcp_server", phase="ready") == 1.0
    assert grew("phase_duration_seconds_count", kind="mcp_server", phase="new") == 0


def test_what_is_left_at_the_end_of_an_app_is_not_counted_for_ever(grew: Numbers) -> None:
    """Two apps in one process share the gauges."""
    other = Metrics()
    forget = grew.hub.add(other)
    move(grew.hub, Phase.NEW, Phase.STARTING, Phase.READY)
    assert grew("resident", kind="mcp_server", phase="ready") == 2
    forget()
    other.close()
    other.close()
    assert grew("resident", kind="mcp_server", phase="ready") == 1


def test_culls_are_counted_by_their_rule(grew: Numbers) -> None:
    grew.hub.announce(Culled("session", "w", "s", "idle", "not used", 1800.0))
    assert grew("culled_total", kind="session", reason="idle") == 1


def test_an_answer_counts_its_time_its_tokens_and_its_error(grew: Numbers) -> None:
    usage = Usage(10, 20, 5)
    grew.hub.announce(RunEnded("w", "s", "r", "done", None, "m", 3.0, 0.3, usage))
    grew.hub.announce(RunEnded("w", "s", "r", "failed", "model_overloaded", None, 0.2, None, Usage()))
    assert grew("run_duration_seconds_sum", state="done") == pytest.approx(3.0)
    assert grew("run_duration_seconds_count", state="failed") == 1
    assert grew("first_token_seconds_count") == 1
    assert grew("first_token_seconds_bucket", le="0.25") == 0
    assert grew("first_token_seconds_bucket", le="0.5") == 1
    assert [grew("tokens_total", direction=d) for d in ("input", "output", "cache_read")] == [10, 20, 5]
    assert grew("errors_total", code="model_overloaded") == 1


def test_a_tool_call_is_told_by_transport_and_a_foreign_one_is_other(grew: Numbers) -> None:
    grew.hub.announce(ToolCalled("w", "s", "time", "stdio", "done", 0.1))
    grew.hub.announce(ToolCalled("w", "s", "mine", "my-own-cluster", "unknown", 0.1))
    assert grew("tool_call_duration_seconds_count", transport="stdio", outcome="done") == 1
    assert grew("tool_call_duration_seconds_count", transport="other", outcome="unknown") == 1


def test_the_json_has_the_same_numbers(grew: Numbers) -> None:
    before = errors("not_found")
    count_error("not_found")
    assert errors("not_found") == before + 1
    found = as_json()
    assert found["mandrake_errors_total"]["type"] == "counter"
    grew.hub.announce(ToolCalled("w", "s", "time", "sse", "failed", 0.07))
    tools = as_json()["mandrake_tool_call_duration_seconds"]["values"]
    (sse,) = [v for v in tools if v["transport"] == "sse"]
    assert (sse["outcome"], sse["count"], sse["buckets"]["0.1"], sse["buckets"]["+Inf"]) == (
        "failed",
        1,
        1,
        1,
    )
    assert as_json()["mandrake_open_streams"]["values"][0]["value"] >= 0


def test_no_label_is_a_name_an_id_or_text(grew: Numbers) -> None:
    move(grew.hub, Phase.NEW, Phase.STARTING, id="canary-name")
    grew.hub.announce(
        RunEnded("canary-w", "canary-s", "canary-r", "done", None, "canary-m", 1.0, 1.0, Usage())
    )
    grew.hub.announce(ToolCalled("canary-w", "canary-s", "canary-server", "canary-t", "done", 0.1))
    assert "canary" not in repr(as_json())
