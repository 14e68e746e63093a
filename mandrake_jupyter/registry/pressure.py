"""How short memory is: that of the container Jupyter runs in where it has a limit, else that of the machine. Linux only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class Memory:
    """Bytes that can't be had by dropping caches, of how many there are."""

    used: int
    total: int

    def over(self, percent: float) -> int:
        """Bytes to be freed until no more than `percent` of it is in use; 0 where nothing has to be."""
        return max(0, self.used - int(self.total * percent / 100))


def memory(cgroup: Path = CGROUP, meminfo: Path = MEMINFO) -> Memory | None:
    """None where it can't be told."""
    machine = _machine(meminfo)
    own = _cgroup(cgroup)
    if own is None or (machine is not None and own.total >= machine.total):
        return machine
    return own


def _machine(meminfo: Path) -> Memory | None:
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text("ascii").splitlines())
        total, free = (int(lines[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    except (OSError, ValueError, KeyError):
        return None
    return Memory(total - free, total)


def _cgroup(root: Path) -> Memory | None:
    """Version 2 (memory.current, memory.max), else version 1."""
    for limit, used, stat, cache in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            "memory/memory.stat",
            "total_inactive_file",
        ),
    ):
        try:
            total = int((root / limit).read_text("ascii"))
            facts = dict(line.split() for line in (root / stat).read_text("ascii").splitlines())
            return Memory(int((root / used).read_text("ascii")) - int(facts.get(cache, 0)), total)
        except (OSError, ValueError):  # not there, or "max": no limit
            continue
    return None
