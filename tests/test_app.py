"""Loading the extension imports nothing heavy and starts nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

#: httpx is left out: JupyterLab itself imports it.
HEAVY = [
    "docker",
    "mcp",
    "pydantic_ai",
    "pydantic",
    "sqlalchemy",
    "alembic",
    "openai",
    "anthropic",
    "aiosqlite",
    "filelock",
    "httpx2",
    "keyring",
]

LOAD = """
import json, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HEAVY:
            raise ImportError(f"{name} is imported while the extension loads")
HEAVY = set(json.loads(sys.argv[1]))
sys.meta_path.insert(0, Blocked())
from jupyter_server.serverapp import ServerApp
app = ServerApp()
app.initialize(["--ServerApp.jpserver_extensions={'mandrake_jupyter': True}", "--allow-root", "--port=0",
    "--ServerApp.reraise_server_extension_failures=True"], new_httpserver=False)
registry = app.web_app.settings["mandrake_registry"]
unused = [name for name in sys.modules if name.startswith(("mandrake_jupyter.commands.", "mandrake_jupyter.provisioners."))]
print(json.dumps({"started": registry.started, "data_dir": registry.data_dir, "unused": unused}))
"""


def test_loading_imports_nothing_heavy_and_writes_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    for name in ("DATA", "CONFIG", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name))
    done = subprocess.run(
        [sys.executable, "-c", LOAD, json.dumps(HEAVY)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["started"], told["unused"]) == (False, [])
    assert not Path(told["data_dir"]).exists()


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe is told otherwise there")
def test_whoever_reads_a_part_only_gets_no_traceback() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    code = "from mandrake_jupyter.app import main; main(['--help'])"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writes, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writes)
    assert done.stderr == b""


def test_a_command_that_is_none_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Else JupyterLab would be started, to end with a file that is not there."""
    from mandrake_jupyter.app import main

    assert main(["lsit"]) == 2
    assert (
        "'lsit' is no command, file or folder. Commands: list, doctor, cull, audit" in capsys.readouterr().err
    )


def test_the_help_shows_both_cullers_and_the_limits() -> None:
    """``jupyter server --help-all`` ends before it looks for extensions: no extension's settings are in it."""
    code = "from mandrake_jupyter.app import main; main(['--help-all'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for option in (
        "--SessionCuller.cull_idle_timeout=",
        "--MCPServerCuller.cull_idle_timeout=",
        "--Culler.cull_connected=",
        "--ServiceRegistry.max_sessions=",
        "--HostActivity.heartbeat=",
    ):
        assert option in done.stdout, option
