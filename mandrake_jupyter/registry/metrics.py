"""Numbers for Prometheus on the global registry of the process, so that Jupyter's own ``/metrics`` shows them, and as JSON.

The one place with state of the module: a process has one set of metrics, whichever apps live in it. Labels are words of
this code (kinds, phases, codes), never names, ids or text, so their number is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from prometheus_client import Counter, Gauge, Histogram, Metric

from ..lifecycle.announce import Announcement, Culled, Kind, Moved, RunEnded, ToolCalled, Why
from ..lifecycle.phases import ALIVE, Phase
from ..values import JSON, Usage

PREFIX = "mandrake_"
#: Seconds, up to a day for phases and a quarter of an hour for work.
_PHASE = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 28800, 86400)
_WORK = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)
#: Any other is a provisioner's of somebody else.
TRANSPORTS = frozenset({"stdio", "http", "sse", "builtin", "docker"})

CREATED = Counter(f"{PREFIX}created", "Chats, MCP servers and projects that came to be ready.", ["kind"])
CULLED = Counter(f"{PREFIX}culled", "What was ended to free what it held, by the rule.", ["kind", "reason"])
PHASE_DURATION = Histogram(
    f"{PREFIX}phase_duration_seconds", "How long a phase lasted.", ["kind", "phase"], buckets=_PHASE
)
RESIDENT = Gauge(f"{PREFIX}resident", "What is held at the moment.", ["kind", "phase"])
RUN_DURATION = Histogram(
    f"{PREFIX}run_duration_seconds",
    "How long an answer was worked on, without waiting for a person.",
    ["state"],
    buckets=_WORK,
)
FIRST_TOKEN = Histogram(
    f"{PREFIX}first_token_seconds", "From the begin of an answer to the model's first word.", buckets=_WORK
)
TOKENS = Counter(f"{PREFIX}tokens", "Tokens as the models' providers count them.", ["direction"])
TOOL_CALL = Histogram(
    f"{PREFIX}tool_call_duration_seconds",
    "How long a tool call took.",
    ["transport", "outcome"],
    buckets=_WORK,
)
OPEN_STREAMS = Gauge(f"{PREFIX}open_streams", "Streams that are being read.")
ERRORS = Counter(f"{PREFIX}errors", "Errors that were told to a client or ended an answer.", ["code"])

ALL = (
    CREATED,
    CULLED,
    PHASE_DURATION,
    RESIDENT,
    RUN_DURATION,
    FIRST_TOKEN,
    TOKENS,
    TOOL_CALL,
    OPEN_STREAMS,
    ERRORS,
)


class Metrics:
    """A sink of one hub. It knows what it counted as resident, and takes it back when it is closed.

    What is not counted yet shows as 0 from the begin, so that a first increase is seen as one.
    """

    def __init__(self) -> None:
        self._resident: dict[tuple[str, ...], Phase] = {}
        for kind in get_args(Kind):
            CREATED.labels(kind)
            for phase in ALIVE:
                RESIDENT.labels(kind, phase.value)
            for why in get_args(Why):
                CULLED.labels(kind, why)
        for direction, _ in _tokens(Usage()):
            TOKENS.labels(direction)

    def __call__(self, announcement: Announcement, told: JSON) -> None:
        match announcement:
            case Moved():
                self._moved(announcement)
            case Culled(kind=kind, why=why):
                CULLED.labels(kind, why).inc()
            case RunEnded():
                self._run_ended(announcement)
            case ToolCalled(transport=transport, outcome=outcome, seconds=seconds):
                transport = transport if transport in TRANSPORTS else "other"
                TOOL_CALL.labels(transport, outcome).observe(seconds)

    def close(self) -> None:
        """Nothing of this app is resident any more."""
        for (kind, *_), phase in self._resident.items():
            RESIDENT.labels(kind, phase.value).dec()
        self._resident.clear()

    def _moved(self, moved: Moved) -> None:
        if moved.old is not Phase.NEW:
            PHASE_DURATION.labels(moved.kind, moved.old.value).observe(moved.seconds)
        if (moved.old, moved.new) == (Phase.STARTING, Phase.READY):
            CREATED.labels(moved.kind).inc()
        key = (moved.kind, moved.workspace_id, moved.id, moved.session_id)
        if (before := self._resident.pop(key, None)) is not None:
            RESIDENT.labels(moved.kind, before.value).dec()
        if moved.new in ALIVE:
            self._resident[key] = moved.new
            RESIDENT.labels(moved.kind, moved.new.value).inc()

    def _run_ended(self, ended: RunEnded) -> None:
        RUN_DURATION.labels(ended.state).observe(ended.seconds)
        if ended.first_token_seconds is not None:
            FIRST_TOKEN.observe(ended.first_token_seconds)
        for direction, count in _tokens(ended.usage):
            TOKENS.labels(direction).inc(count)
        if ended.code:
            ERRORS.labels(ended.code).inc()


def _tokens(usage: Usage) -> Iterator[tuple[str, int]]:
    yield "input", usage.input_tokens
    yield "output", usage.output_tokens
    yield "cache_read", usage.cache_read_tokens


def count_error(code: str) -> None:
    """An error was told to a client. `code` is a fact of its class."""
    ERRORS.labels(code).inc()


def as_json() -> JSON:
    """``{name: {type, help, values: [{label: word, …, value}]}}``, the names being those of ``/metrics``.

    A histogram's values have ``count``, ``sum`` and ``buckets`` (how many took at most so many seconds) for ``value``.
    """
    return dict(_described(family) for metric in ALL for family in metric.collect())


def _described(family: Metric) -> tuple[str, JSON]:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    values: dict[tuple[tuple[str, str], ...], JSON] = {}
    for sample in family.samples:
        labels = {label: word for label, word in sample.labels.items() if label != "le"}
        suffix = sample.name.removeprefix(family.name)
        if suffix == "_created":
            continue
        found = values.setdefault(tuple(labels.items()), labels)
        if suffix == "_bucket":
            found.setdefault("buckets", {})[sample.labels["le"]] = int(sample.value)
        else:
            found[{"_sum": "sum", "_count": "count"}.get(suffix, "value")] = sample.value
    return name, {"type": family.type, "help": family.documentation, "values": list(values.values())}
