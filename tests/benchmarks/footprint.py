"""What the extension costs a JupyterLab whose user never opens the panel: ``python -m tests.benchmarks.footprint``.

Starts with the extension on and off, in turn, in a new environment that holds JupyterLab and the wheel and nothing else.
``--here`` takes the environment this runs in, and leaves the size of the installation out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median

from .report import Figure, machine, tell
from .start import Cost, Watched

ROOT = Path(__file__).resolve().parents[2]
JUPYTERLAB = "jupyterlab>=4.4,<5"
MB = 1_000_000


def main() -> int:
    options = _options()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="footprint-") as work:
        if options.here:
            python, path, figures = Path(sys.executable), str(ROOT), []
        else:
            python, path = Path(work) / "venv" / "bin" / "python", ""
            figures = installed(python, options.wheel or newest_wheel())
        pairs = starts(Path(work), python, path, options.pairs)
    figures = [*started(pairs), *figures]
    passed = tell(f"Footprint: enabled against disabled, {len(pairs)} interleaved pairs", figures)
    print(machine().splitlines()[-1], "at the end")
    return 0 if passed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--wheel", type=Path, help="the wheel to install; default: the newest in dist/")
    parser.add_argument("--here", action="store_true", help="measure in this environment, install nothing")
    return parser.parse_args()


def newest_wheel() -> Path:
    wheels = sorted((ROOT / "dist").glob("*.whl"), key=lambda wheel: wheel.stat().st_mtime)
    if not wheels:
        raise SystemExit("no wheel in dist/: run `make wheel`, or give --here")
    return wheels[-1]


def installed(python: Path, wheel: Path) -> list[Figure]:
    """JupyterLab first, then the wheel: packages and bytes that it brings, byte code not counted."""
    subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
    _pip(python, JUPYTERLAB)
    before = _packages(python), _size(python)
    _pip(python, str(wheel))
    packages, size = _packages(python) - before[0], (_size(python) - before[1]) / MB
    return [
        Figure("packages added to JupyterLab's", packages, "", 50),
        Figure("installed size added", size, "MB", 120),
    ]


def _pip(python: Path, what: str) -> None:
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-qq", what]
    subprocess.run(pip, check=True)


def _packages(python: Path) -> int:
    listed = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "list", "--format=freeze"],
        check=True,
        capture_output=True,
        text=True,
    )
    return len(listed.stdout.splitlines())


def _size(python: Path) -> int:
    files = (path for path in python.parent.parent.rglob("*") if path.suffix != ".pyc")
    return sum(path.stat().st_size for path in files if path.is_file() and not path.is_symlink())


def starts(work: Path, python: Path, path: str, pairs: int) -> list[tuple[Cost, Cost]]:
    """(enabled, disabled) costs; who goes first alternates; a first pair, which writes the byte code, is not counted."""
    number = count()

    def one(enabled: bool) -> Cost:
        server = Watched(python, work / f"start-{next(number)}", enabled=enabled, path=path)
        try:
            cost = server.measure()
            if server.has_extension() is not enabled:
                raise SystemExit(f"the extension is {'off' if enabled else 'on'}, and was to be the other")
            return cost
        finally:
            server.stop()

    measured = []
    for pair in range(pairs + 1):
        first = pair % 2 == 0
        by_state = {enabled: one(enabled) for enabled in (first, not first)}
        if pair:
            measured.append((by_state[True], by_state[False]))
            on, off = measured[-1]
            print(f"  pair {pair:2}: {on.cpu_settled:.2f} s against {off.cpu_settled:.2f} s", flush=True)
    return measured


def started(pairs: list[tuple[Cost, Cost]]) -> list[Figure]:
    """Medians of each side to compare, and of the differences and ratios within pairs, which have the bounds."""

    def within(figure: Callable[[Cost, Cost], float]) -> float:
        return median(figure(on, off) for on, off in pairs)

    def sides(name: str, value: Callable[[Cost], float], unit: str) -> list[Figure]:
        return [
            Figure(f"{name}, {side}", median(value(pair[index]) for pair in pairs), unit)
            for index, side in enumerate(("enabled", "disabled"))
        ]

    return [
        *sides("CPU until it answers", lambda c: c.cpu_answers, "s"),
        Figure("CPU until it answers, ratio", within(lambda a, b: a.cpu_answers / b.cpu_answers), "x", 1.05),
        *sides("CPU until settled", lambda c: c.cpu_settled, "s"),
        Figure("CPU until settled, ratio", within(lambda a, b: a.cpu_settled / b.cpu_settled), "x", 1.05),
        *sides("time until it answers", lambda c: c.wall, "s"),
        *sides("resident memory (RSS)", lambda c: c.rss / MB, "MB"),
        Figure("resident memory (RSS), added", within(lambda a, b: (a.rss - b.rss) / MB), "MB", 8),
        *sides("resident memory (PSS)", lambda c: c.pss / MB, "MB"),
        Figure("resident memory (PSS), added", within(lambda a, b: (a.pss - b.pss) / MB), "MB", 8),
        *sides("processes", lambda c: c.processes, ""),
        Figure("processes added", max(on.processes - off.processes for on, off in pairs), "", 0),
        *sides("listening ports", lambda c: c.ports, ""),
        Figure("listening ports added", max(on.ports - off.ports for on, off in pairs), "", 0),
        *sides("outbound connections", lambda c: c.outbound, ""),
        Figure("outbound connections added", max(on.outbound - off.outbound for on, off in pairs), "", 0),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
