"""The scripts behind `make`: a missing tool is one line with a way out, and a step runs again only when its inputs changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / "tools"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="make and sh are POSIX")


def _run(*command: str | Path, path: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(path), "HOME": str(path)}
    return subprocess.run(
        [str(part) for part in command], env=env, capture_output=True, text=True, timeout=60, check=False
    )


def _fake(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    (folder / name).chmod(0o755)


def test_without_python_one_line_says_which_and_how_to_get_it(tmp_path: Path) -> None:
    done = _run("/bin/sh", TOOLS / "find_python.sh", path=tmp_path)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Missing: Python 3.11 or newer.")
    assert "apt install" in line


def test_a_python_that_cannot_make_environments_is_named_with_the_package_it_lacks(tmp_path: Path) -> None:
    _fake(tmp_path, "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    done = _run("/bin/sh", TOOLS / "find_python.sh", path=tmp_path)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert str(tmp_path / "python3") in line
    assert "python3-venv" in line


def test_an_old_python_is_passed_over_for_a_new_one(tmp_path: Path) -> None:
    _fake(tmp_path, "python3", "exit 1")
    _fake(tmp_path, "python3.12", "exit 0")
    assert _run("/bin/sh", TOOLS / "find_python.sh", path=tmp_path).stdout.strip() == str(
        tmp_path / "python3.12"
    )


@pytest.mark.parametrize("script", ["lab.py", "run_tests.py"])
def test_without_node_one_line_says_so(tmp_path: Path, script: str) -> None:
    done = _run(sys.executable, TOOLS / script, path=tmp_path)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Missing: Node.js 20 or newer, to build the panel.")


def test_an_old_node_is_named_with_its_version(tmp_path: Path) -> None:
    _fake(tmp_path, "node", "echo v18.19.0")
    done = _run(sys.executable, TOOLS / "lab.py", path=tmp_path)
    assert done.returncode == 1
    assert "v18.19.0" in done.stderr


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.syspath_prepend(str(TOOLS))
    import steps

    monkeypatch.setattr(steps, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    return steps


def test_a_step_runs_again_when_an_input_changed_and_only_then(steps, tmp_path: Path) -> None:
    source, made, runs = tmp_path / "source", tmp_path / "made", []
    source.mkdir()
    (source / "a.ts").write_text("1")

    def step():
        return steps.Step(
            "build", "Building", [source, "a word"], [made], lambda: (made.touch(), runs.append(1))
        )

    steps.carry_out([step()])
    steps.carry_out([step()])
    (source / "a.ts").touch()
    steps.carry_out([step()])
    assert len(runs) == 1
    (source / "a.ts").write_text("2")
    steps.carry_out([step()])
    assert len(runs) == 2
    made.unlink()
    steps.carry_out([step()])
    assert len(runs) == 3


def test_a_step_that_failed_is_due_again_and_stops_the_rest_unless_it_may_fail(steps, tmp_path: Path) -> None:
    def fails() -> None:
        raise steps.Trouble("no network")

    with pytest.raises(steps.Trouble):
        steps.carry_out([steps.Step("must", "Must", [], [], fails)])
    optional = steps.Step("may", "May", [], [], fails, may_fail="All else works.")
    steps.carry_out([optional])
    assert optional.due()
