"""Where things lie in a clone, and how its programs are run.

Everything the scripts make is inside the clone: `.venv` (Python), `.cache` (downloads and logs), `.lab`
(JupyterLab's own files), so that nothing of the user's is touched and deleting the clone deletes all of it.
Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
CACHE = ROOT / ".cache"
LAB = ROOT / ".lab"
LABEXTENSION = ROOT / "labextension"
BUILT = ROOT / "mandrake_jupyter" / "labextension"


GET_NODE = (
    "Get it from nodejs.org, or: brew install node, conda install nodejs, apt install nodejs (Debian 13)."
)


class Trouble(Exception):
    """Something the reader must know; `str()` is all that is printed."""


def need_node() -> None:
    """Raises Trouble, in one line, unless Node.js 20 or newer is on PATH."""
    node = shutil.which("node")
    if node is None:
        raise Trouble(f"Missing: Node.js 20 or newer, to build the panel. {GET_NODE}")
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
    said = asked.stdout.strip()
    major = re.match(r"v(\d+)", said)
    if major is None or int(major[1]) < 20:
        raise Trouble(f"Missing: Node.js 20 or newer; {node} is {said or 'broken'}. {GET_NODE}")


def environment(**more: str) -> dict[str, str]:
    """The environment of every program started here: the clone's Python first, no part of another one."""
    env = {
        k: v
        for k, v in os.environ.items()
        if k not in {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL"}
    }
    env["PATH"] = f"{BIN}{os.pathsep}{env.get('PATH', '')}"
    env["VIRTUAL_ENV"] = str(VENV)
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env["PIP_NO_INPUT"] = "1"
    return {**env, **more}


def requirements(*extras: str) -> list[str]:
    """What pyproject.toml asks for: the dependencies, and those of `extras`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked: list[str] = list(project["dependencies"])
    for extra in extras:
        asked += project["optional-dependencies"][extra]
    return asked


def logged(name: str, *command: str | Path, cwd: Path = ROOT, **more: str) -> None:
    """Runs `command`, its words in `.cache/logs/<name>.log`; Trouble shows the end of them when it fails."""
    log = CACHE / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [str(part) for part in command]
    with log.open("a", encoding="utf-8") as out:
        print("$", *words, file=out, flush=True)
        done = subprocess.run(
            words,
            cwd=cwd,
            env=environment(**more),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    if done.returncode:
        tail = log.read_text("utf-8", "replace").splitlines()[-25:]
        raise Trouble(
            "\n".join([f"Failed (all it said: {log.relative_to(ROOT)}): {' '.join(words)[:200]}", *tail])
        )


def complain(trouble: Trouble) -> int:
    print(trouble, file=sys.stderr, flush=True)
    return 1
