"""`make test`: installs what the tests need, then runs all of them; pytest's own closing line is the last
one.

Arguments go to pytest. What can't be had (no browser, no network for the demo model or the npm MCP server)
skips the tests that need it, and says so both here and in pytest's summary.
"""

from __future__ import annotations

import os
import subprocess
import sys

import browsers
from project import CACHE, LABEXTENSION, ROOT, Trouble, complain, environment, need_node
from setup_steps import JLPM, PYTHON, demo_model, npm_programs, panel, python_packages
from steps import Step, carry_out

FIRST_TIME = "about 18 minutes with the tests and 2.2 GB of disk, all inside this folder"
DEMO_DATA = CACHE / "data"


def main(arguments: list[str]) -> int:
    only_prepare = "--prepare" in arguments
    chosen = [argument for argument in arguments if argument != "--prepare"]
    try:
        need_node()
        prepare()
    except Trouble as trouble:
        return complain(trouble)
    if only_prepare:
        return 0
    env = test_environment()
    if not chosen and (failed := typescript_tests(env)):
        return failed
    os.chdir(ROOT)
    command = [str(PYTHON), "-m", "pytest", *(chosen or together(workers()))]
    if os.name != "nt":
        os.execve(command[0], command, env)
    return subprocess.run(command, env=env, check=False).returncode


def workers() -> int:
    """How many processes share all tests: one a core, four at most, as each may hold a browser and a JupyterLab."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(os.environ.get("MANDRAKE_TEST_WORKERS") or min(cores, 4))


def together(processes: int) -> list[str]:
    """A file's tests stay in one process; files come in their order, so that those in a browser are last."""
    return ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"] if processes > 1 else []


def prepare() -> None:
    steps: list[Step] = [
        *python_packages(
            "test-packages",
            "Python packages for running and testing, from PyPI (about 2 minutes)",
            "local",
            "widgets",
            "keyring",
            "test",
            "dev",
        ),
        *panel(),
        npm_programs(),
        demo_model(DEMO_DATA),
    ]
    if steps[0].due():
        print(f"The first time this takes {FIRST_TIME}.", flush=True)
    carry_out(steps)


def test_environment() -> dict[str, str]:
    browser = browsers.find()
    if browser is None:
        print("No Chrome, Chromium or Edge here: trying apt-get (only as root on Debian) …", flush=True)
        browser = browsers.install()
    if browser is None:
        print(
            "!! No browser: tests/browser is SKIPPED. Install Chrome, Chromium or Edge to run it.",
            flush=True,
        )
    return environment(
        **engine(),
        **postgres(),
        MANDRAKE_BROWSER=browser or "none",
        MANDRAKE_TEST_DATA_DIR=str(DEMO_DATA),
        MANDRAKE_TEST_NPM=str(CACHE / "npm" / "node_modules" / ".bin"),
    )


def engine() -> dict[str, str]:
    """A Docker engine that answers, started where it may be, and the images of the tests on it; else why there is none."""
    for script, *arguments in (("engine.sh",), ("images.sh", str(PYTHON))):
        command = ["bash", str(ROOT / "tools" / script), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
        for line in done.stdout.splitlines():
            print(line, flush=True)
        if done.returncode:
            why = (done.stdout.splitlines() or done.stderr.splitlines() or ["no word"])[-1]
            print("!! No Docker engine: tests/containers is SKIPPED.", flush=True)
            return {"MANDRAKE_TEST_NO_ENGINE": why}
    return {}


def postgres() -> dict[str, str]:
    """PostgreSQL's programs, installed where they may be; else why there are none."""
    command = ["bash", str(ROOT / "tools" / "postgres.sh")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    said = (done.stdout.splitlines() or done.stderr.splitlines() or ["no word"])[-1]
    if done.returncode:
        print(f"!! No PostgreSQL: the tests on it are SKIPPED. {said}", flush=True)
        return {"MANDRAKE_TEST_NO_POSTGRES": said}
    print(f"postgresql: the tests run one of their own with {said}", flush=True)
    return {}


def typescript_tests(env: dict[str, str]) -> int:
    print("TypeScript tests (jlpm test):", flush=True)
    return subprocess.run([str(JLPM), "run", "test"], cwd=LABEXTENSION, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
