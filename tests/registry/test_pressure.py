"""Memory of the container where it has a limit, else of the machine."""

from __future__ import annotations

from pathlib import Path

from mandrake_jupyter.registry.pressure import Memory, memory

MEMINFO = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\n"


def test_the_machine_counts_what_can_not_be_dropped(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text(MEMINFO)
    found = memory(tmp_path / "no-cgroup", tmp_path / "meminfo")
    assert found == Memory(600 * 1024, 1000 * 1024)
    assert found.over(50) == 100 * 1024
    assert found.over(95) == 0


def test_a_limit_of_the_container_comes_first_without_its_caches(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text(MEMINFO)
    for name, text in {"max": "200000", "current": "150000", "stat": "anon 1\ninactive_file 50000\n"}.items():
        (tmp_path / f"memory.{name}").write_text(text)
    assert memory(tmp_path, tmp_path / "meminfo") == Memory(100_000, 200_000)


def test_no_limit_of_the_container_is_the_machine(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text(MEMINFO)
    for name, text in {"max": "max", "current": "150000", "stat": "inactive_file 0\n"}.items():
        (tmp_path / f"memory.{name}").write_text(text)
    assert memory(tmp_path, tmp_path / "meminfo") == Memory(600 * 1024, 1000 * 1024)


def test_where_nothing_can_be_told_nothing_is_short(tmp_path: Path) -> None:
    assert memory(tmp_path, tmp_path / "meminfo") is None
