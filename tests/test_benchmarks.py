"""The benchmarks run to their end; their bounds are for a quiet machine, and asked for by ``make bench`` only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .benchmarks.report import Figure
from .benchmarks.start import Cost

ROOT = Path(__file__).parent.parent


def test_the_benchmark_of_the_registry_measures_all_it_names() -> None:
    small = ["--few=20", "--many=40", "--uses=20", "--rounds=2"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.registry", *small],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert "chats left after it" in done.stdout, done.stderr[-2000:]
    assert done.stdout.count("at most") == 7


def test_the_benchmark_of_mcp_measures_all_it_names() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.mcp", "--calls=20", "--rounds=2", "--without-mcpo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert "REST over that POST and the SDK" in done.stdout, done.stderr[-2000:]
    assert done.stdout.count("answers lost of") == 2
    assert done.stdout.count("at most") == 5


def test_the_benchmark_of_streaming_measures_all_it_names_and_no_token_is_lost() -> None:
    small = ["--sessions=3", "--seconds=2", "--firsts=2"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.streaming", *small],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.stdout.count("at most") == 5, done.stderr[-2000:]
    lost = [line for line in done.stdout.splitlines() if "tokens: lost  " in line]
    assert [line.split()[-1] for line in lost] == ["ok"]


def test_the_footprint_is_judged_within_pairs() -> None:
    from .benchmarks.footprint import started

    off = Cost(1.0, 2.0, 2.0, 90e6, 80e6, 1, 1, 0)
    slow = [(Cost(1.0, cpu, cpu, 99e6, 81e6, 1, 2, 0), off) for cpu in (2.0, 2.2, 2.4)]
    figures = {figure.name: figure for figure in started(slow)}
    assert [name for name, figure in figures.items() if not figure.passed] == [
        "CPU until it answers, ratio",
        "CPU until settled, ratio",
        "resident memory (RSS), added",
        "listening ports added",
    ]
    assert figures["CPU until settled, ratio"].measured == pytest.approx(1.1)
    assert figures["resident memory (PSS), added"].measured == pytest.approx(1.0)


def test_a_figure_without_a_bound_is_only_compared_with() -> None:
    assert Figure("a", 99.0).passed
    assert "MISSED" in str(Figure("a", 99.0, "ms", 20))
    assert "at most 20 ms" in str(Figure("a", 9.0, "ms", 20))
