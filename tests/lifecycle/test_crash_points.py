"""A process dies at a named place only where its environment and a file say so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mandrake_jupyter.lifecycle import crash_points
from mandrake_jupyter.lifecycle.crash_points import Act

PASS = """
from mandrake_jupyter.lifecycle.crash_points import Act, about_to, did
about_to(Act.MESSAGE)
print("between", flush=True)
did(Act.MESSAGE)
print("beyond", flush=True)
"""


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (None, ["between", "beyond"]),
        ("", ["between", "beyond"]),
        ("end.before", ["between", "beyond"]),
        ("message.before", []),
        ("message.after", ["between"]),
    ],
)
def test_it_dies_there_and_nowhere_else(tmp_path: Path, place: str | None, said: list[str]) -> None:
    file = tmp_path / "place"
    if place is not None:
        file.write_text(place)
    done = subprocess.run(
        [sys.executable, "-c", PASS],
        env={crash_points.VARIABLE: str(file)},
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (said, "")
    assert (done.returncode == 0) is ("beyond" in said)


def test_no_other_process_looks_for_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(crash_points, "_pass", looked)
    for act in Act:
        crash_points.about_to(act)
        crash_points.did(act)
