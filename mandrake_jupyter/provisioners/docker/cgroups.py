"""What a container of an engine on this machine uses, read from its control group: nobody is asked, nothing is woken."""

from __future__ import annotations

from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
#: Where engines put the groups of their containers: with systemd's names, with their own; version 2, version 1.
_PLACES = ("system.slice/docker-{id}.scope", "docker/{id}")


def usage(container: str, root: Path = ROOT) -> dict[str, float]:
    """`memory_bytes`, `cpu_seconds` and `pids`; empty where the engine is not on this machine."""
    for place in _PLACES:
        where = place.format(id=container)
        if (found := _second(root / where)) or (found := _first(root, where)):
            return found
    return {}


def _second(group: Path) -> dict[str, float]:
    try:
        stat = dict(line.split() for line in (group / "cpu.stat").read_text("ascii").splitlines())
        return {
            "memory_bytes": float(_number(group / "memory.current")),
            "cpu_seconds": int(stat["usage_usec"]) / 1e6,
            "pids": float(_number(group / "pids.current")),
        }
    except (OSError, ValueError, KeyError):
        return {}


def _first(root: Path, where: str) -> dict[str, float]:
    try:
        return {
            "memory_bytes": float(_number(root / "memory" / where / "memory.usage_in_bytes")),
            "cpu_seconds": _number(root / "cpuacct" / where / "cpuacct.usage") / 1e9,
            "pids": float(_number(root / "pids" / where / "pids.current")),
        }
    except (OSError, ValueError):
        return {}


def _number(path: Path) -> int:
    return int(path.read_text("ascii"))
