"""`make lab`: makes the clone ready and opens JupyterLab in `examples/` with the panel open.

JupyterLab's data, settings and runtime files lie in `.lab` of the clone, so nothing of the user's own Jupyter
is read or touched. Ctrl-C stops everything. Arguments go to JupyterLab; PORT in the environment chooses its
port.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from project import BIN, LAB, ROOT, Trouble, complain, environment, need_node
from setup_steps import demo_model, panel, python_packages
from steps import Step, carry_out

DATA, CONFIG = LAB / "data", LAB / "config"
EXAMPLES = ROOT / "examples"
NOTEBOOK = "first-steps.ipynb"
FIRST_TIME = "about 6 minutes and 1.7 GB of disk, all inside this folder; from then on it opens in seconds"
NEEDS = 2.5e9


def main(arguments: list[str]) -> int:
    try:
        need_node()
        prepare()
    except Trouble as trouble:
        return complain(trouble)
    command = [str(BIN / "jupyter-lab"), *options(), *arguments]
    os.chdir(EXAMPLES)
    if os.name != "nt":
        os.execve(command[0], command, jupyter_environment())
    return subprocess.run(command, env=jupyter_environment(), check=False).returncode


def prepare() -> None:
    steps: list[Step] = [
        *python_packages(
            "lab-packages",
            "JupyterLab and the Python packages, from PyPI (about 2 minutes)",
            "local",
            "widgets",
        ),
        *panel(),
        demo_model(DATA),
    ]
    if steps[0].due():
        print(f"The first time this takes {FIRST_TIME}.", flush=True)
        if shutil.disk_usage(ROOT).free < NEEDS:
            print("There is less than 2.5 GB free on this disk: it may not be enough.", flush=True)
    carry_out(steps)
    furnish()


def furnish() -> None:
    """What a first start needs in `.lab`: no news pop-up, the panel open, the folder `examples/` trusted."""
    settings = CONFIG / "lab" / "user-settings"
    _write_once(
        settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings",
        {"fetchNews": "false", "checkForUpdates": False},
    )
    layout = {
        "collapsed": False,
        "current": "mandrake-panel",
        "widgets": ["filebrowser", "mandrake-panel"],
        "visible": True,
    }
    _write_once(
        CONFIG / "lab" / "workspaces" / "default-37a8.jupyterlab-workspace",
        {
            "data": {"layout-restorer:data": {"left": layout, "relativeSizes": [0.28, 0.72, 0]}},
            "metadata": {"id": "default"},
        },
    )
    for command in (("jupyter-mandrake", EXAMPLES), ("jupyter-trust", EXAMPLES / NOTEBOOK)):
        _trust(*command)


def _trust(program: str, what: Path) -> None:
    command = [str(BIN / program), *(["trust"] if program == "jupyter-mandrake" else []), str(what)]
    done = subprocess.run(
        command, env=jupyter_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        print(
            f"{what.name} could not be marked as trusted; JupyterLab will ask. {done.stderr.strip()[-300:]}",
            flush=True,
        )


def jupyter_environment() -> dict[str, str]:
    return environment(
        JUPYTER_CONFIG_DIR=str(CONFIG),
        JUPYTER_DATA_DIR=str(DATA),
        JUPYTER_RUNTIME_DIR=str(LAB / "runtime"),
        JUPYTERLAB_SETTINGS_DIR=str(CONFIG / "lab" / "user-settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(CONFIG / "lab" / "workspaces"),
        IPYTHONDIR=str(LAB / "ipython"),
    )


def options() -> list[str]:
    port = os.environ.get("PORT")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [
        f"--ServerApp.root_dir={EXAMPLES}",
        f"--LabApp.default_url=/lab/tree/{NOTEBOOK}",
        "--ServerApp.answer_yes=True",
        *([f"--ServerApp.port={port}", "--ServerApp.port_retries=0"] if port else []),
        *(["--allow-root"] if root else []),
    ]


def _write_once(path: Path, value: object) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
