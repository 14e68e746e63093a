"""Memory and CPU of whole process trees, read when somebody looks."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from mandrake_jupyter.lifecycle.processes import GuardedProcess, clean_environment
from mandrake_jupyter.lifecycle.sampling import Meter, tree

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
GROW = "import sys, subprocess, time\n" + (
    "block = b'x' * 50_000_000\n"
    "child = len(sys.argv) < 2 and subprocess.Popen([sys.executable, __file__, 'child'], stdout=1)\n"
    "print('there', flush=True)\n"
    "sys.stdin.read()\n"
    "child and child.wait()\n"
)


@linux
async def test_a_tree_is_counted_whole_with_its_guardian(tmp_path: Path) -> None:
    script = tmp_path / "grow.py"
    script.write_text(GROW)
    process = await GuardedProcess.spawn("grow", [sys.executable, str(script)], env=clean_environment())
    try:
        async with asyncio.timeout(60):
            assert [await process.stdout.readline() for _ in range(2)] == [b"there\n"] * 2
        stats = process.stats()
        family = psutil.Process(process.pid)
        expected = sum(p.memory_info().rss for p in [family, *family.children(recursive=True)])
        assert stats["memory_bytes"] > 100_000_000
        assert stats["memory_bytes"] == pytest.approx(expected, rel=0.1)
        assert stats["cpu_seconds"] > 0
    finally:
        await process.stop(0.1)
    assert process.stats() == {}


@linux
def test_cpu_time_of_children_that_ended_is_not_lost() -> None:
    before = tree(os.getpid())["cpu_seconds"]
    subprocess.run([sys.executable, "-c", "sum(range(10_000_000))"], check=True)
    assert tree(os.getpid())["cpu_seconds"] - before >= 0.05


def test_what_is_not_there_uses_nothing(tmp_path: Path) -> None:
    assert tree(1, tmp_path) == {}


@linux
def test_names_can_not_mislead(tmp_path: Path) -> None:
    """A process may be called anything."""
    own = tmp_path / "7"
    (own / "task" / "7").mkdir(parents=True)
    (own / "stat").write_text("7 (evil) 1 2 (x y)) S 1 7 7 0 -1 0 0 0 0 0 100 50 25 25 20 0 1 0 0 0 0")
    (own / "statm").write_text("100 10 5 1 0 4 0")
    (own / "task" / "7" / "children").write_text("8 ")
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    assert tree(7, tmp_path) == {"memory_bytes": 10 * page, "cpu_seconds": 200 / ticks}


def test_looks_are_cached_and_percent_is_of_the_time_between_two() -> None:
    now, spent, reads = 100.0, 5.0, 0

    def read() -> Mapping[str, float]:
        nonlocal reads
        reads += 1
        return {"memory_bytes": 1000.0, "cpu_seconds": spent}

    meter = Meter(read, clock=lambda: now)
    assert meter.look() == {"memory": 1000, "cpu": None}
    now, spent = 101.9, 6.0
    assert meter.look() == {"memory": 1000, "cpu": None}
    assert reads == 1
    now = 104.0
    assert meter.look() == {"memory": 1000, "cpu": 25.0}
    now, spent = 106.0, 0.0  # another process
    assert meter.look() == {"memory": 1000, "cpu": 0.0}


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert Meter(dict).look() == {"memory": None, "cpu": None}
