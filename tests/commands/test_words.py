"""What a terminal shows."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from mandrake_jupyter.commands.list import printable
from mandrake_jupyter.commands.words import duration, moment, size, table, until


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "-"),
        (-3, "0 s"),
        (0.4, "0 s"),
        (119, "119 s"),
        (121, "2 min"),
        (7300, "2 h"),
        (3 * 86400, "3 d"),
    ],
)
def test_a_duration_has_one_unit(seconds: float | None, told: str) -> None:
    assert duration(seconds) == told


def test_a_moment_is_told_as_the_time_to_it() -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert until("2026-11-25T12:03:00.000000Z", now) == "3 min"
    assert until("2026-11-25T11:00:00Z", now) == "0 s"
    assert until(None, now) == "never"


def test_a_moment_of_the_past_is_told_in_the_time_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert moment("2026-11-25T23:30:00.123456Z") == "2026-11-26 08:30:00"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_memory_is_told_in_megabytes() -> None:
    assert (size(None), size(12_300_000)) == ("-", "12 MB")


def test_columns_begin_below_each_other() -> None:
    assert table([["CHAT", "ID"], ["Missing values", "6f"]]) == ["CHAT            ID", "Missing values  6f"]


def test_a_name_can_neither_break_the_table_nor_move_the_cursor() -> None:
    assert printable("a\n\x1b[2Jb") == "a  [2Jb"
    assert len(printable("x" * 500)) == 40
