"""What every benchmark prints: the machine it ran on, then one line a figure with its bound."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Figure:
    """`measured` in `unit`; `at_most` None is a figure to compare with, not one to pass."""

    name: str
    measured: float
    unit: str = ""
    at_most: float | None = None

    @property
    def passed(self) -> bool:
        return self.at_most is None or self.measured <= self.at_most

    def __str__(self) -> str:
        verdict = "" if self.at_most is None else "ok" if self.passed else "MISSED"
        bound = "" if self.at_most is None else f"at most {self.at_most:g} {self.unit}".rstrip()
        return f"{self.name:58} {self.measured:10.3f} {self.unit:9} {bound:22} {verdict}".rstrip()


def machine() -> str:
    """The machine in three lines: hardware, software, and how busy it is at the moment."""
    cpus, memory = os.cpu_count(), psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("jupyterlab", "jupyter_server"))
    return "\n".join(
        [
            f"{_processor()}, {cpus} CPUs, {memory:.0f} GB; {platform.system()} {platform.release()}",
            f"Python {platform.python_version()}, {packages}",
            f"load {' '.join(f'{load:.2f}' for load in os.getloadavg())}",
        ]
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def tell(title: str, figures: list[Figure]) -> bool:
    """Prints the figures; whether all of them are within their bounds."""
    print(f"\n{title}", *figures, sep="\n", flush=True)
    return all(figure.passed for figure in figures)
