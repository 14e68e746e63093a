"""Times, sizes and tables as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86400
UNKNOWN = "-"


def duration(seconds: float | None) -> str:
    """``12 s``, ``3 min``, ``2 h``, ``5 d``; ``-`` where it is not known."""
    if seconds is None:
        return UNKNOWN
    for unit, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {word}"
    return f"{max(0, seconds):.0f} s"


def until(moment: str | None, now: datetime | None = None) -> str:
    """How long to an ISO time; ``never`` for None."""
    if moment is None:
        return "never"
    return duration((datetime.fromisoformat(moment) - (now or datetime.now(UTC))).total_seconds())


def moment(iso: str) -> str:
    """``2026-11-25 10:00:00`` in the time of this machine."""
    return f"{datetime.fromisoformat(iso).astimezone():%Y-%m-%d %H:%M:%S}"


def size(memory: int | None) -> str:
    return UNKNOWN if memory is None else f"{memory / 1e6:.0f} MB"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """`rows` as lines whose columns begin below each other; the first row holds the headings."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
