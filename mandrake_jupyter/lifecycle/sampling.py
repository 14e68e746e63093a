"""What processes use at the moment: memory and CPU time of a whole tree, read from /proc. Known on Linux only.

Read when somebody looks, and then at most every two seconds: nothing samples in the background, and no event does.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ..values import JSON

PROC = Path("/proc")
EVERY = 2.0
#: A tree that forks for ever is cut off here.
MAX_PROCESSES = 500


def tree(pid: int, proc: Path = PROC, *, alone: bool = False) -> dict[str, float]:
    """``memory_bytes`` and ``cpu_seconds`` of a process and, unless `alone`, all its living descendants; empty where it
    can't be told.

    Memory is what is resident; what processes share counts for each. CPU time includes that of children that have ended.
    """
    if sys.platform != "linux":
        return {}
    found, todo = list[tuple[int, float]](), [pid]
    while todo and len(found) < MAX_PROCESSES:
        folder = proc / str(todo.pop())
        try:
            found.append(_one(folder))
            todo += () if alone else _children(folder)
        except (OSError, ValueError, IndexError):  # it has ended meanwhile
            continue
    if not found:
        return {}
    return {"memory_bytes": sum(memory for memory, _ in found), "cpu_seconds": sum(cpu for _, cpu in found)}


def _one(folder: Path) -> tuple[int, float]:
    fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    pages = int((folder / "statm").read_text("ascii").split()[1])
    ticks = sum(
        int(field) for field in fields[11:15]
    )  # utime, stime, and both of the children that were waited for
    return pages * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK")


def _children(folder: Path) -> list[int]:
    return [int(pid) for file in folder.glob("task/*/children") for pid in file.read_text("ascii").split()]


class Meter:
    """`read` gives ``memory_bytes`` and ``cpu_seconds``, as far as they are known; asked at most every `every` seconds. Where
    they are not of this moment it gives when they were ``taken``, too, by the same clock.
    """

    def __init__(
        self,
        read: Callable[[], Mapping[str, float]],
        *,
        clock: Callable[[], float] = time.monotonic,
        every: float = EVERY,
    ) -> None:
        self._read = read
        self._clock = clock
        self._every = every
        self._asked: float | None = None
        self._taken: float | None = None
        self._cpu_seconds: float | None = None
        self._shown: JSON = {"memory": None, "cpu": None}

    def look(self) -> JSON:
        """``{memory, cpu}``: bytes, and percent of one core on average since the look before; None where unknown."""
        now = self._clock()
        if self._asked is None or now - self._asked >= self._every:
            self._asked, stats = now, self._read()
            taken = stats.get("taken", now)
            if taken != self._taken:
                memory, spent = stats.get("memory_bytes"), stats.get("cpu_seconds")
                self._shown = {
                    "memory": None if memory is None else int(memory),
                    "cpu": self._percent(taken, spent),
                }
                self._taken, self._cpu_seconds = taken, spent
        return self._shown

    def _percent(self, taken: float, spent: float | None) -> float | None:
        if self._taken is None or self._cpu_seconds is None or spent is None:
            return None
        return round(max(0.0, spent - self._cpu_seconds) / (taken - self._taken) * 100, 1)
