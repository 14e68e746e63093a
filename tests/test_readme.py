"""What README.md shows is run: its curl lines against a real server, its JSON as it would be pasted."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_curl_lines_of_the_readme_are_those_of_the_script() -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("curl ")]
    script = (ROOT / "docs" / "curl.sh").read_text("utf-8")
    assert len(lines) == 4
    assert [line for line in lines if line not in script] == []


@pytest.mark.skipif(os.name == "nt" or shutil.which("curl") is None, reason="needs a POSIX shell and curl")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("curl.sh", "All four answered as they should."),
        ("cull.sh", "Culled when it was idle, and back whole when it was used."),
    ],
)
def test_the_scripts_do_what_they_say(script: str, said: str) -> None:
    """They check by themselves: statuses, headers, rising numbers, one end; event, log line, what is open, history."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    env.pop("URL", None)
    done = subprocess.run(
        ["sh", f"docs/{script}"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.rstrip().endswith(said)


def test_the_mcp_server_of_the_readme_is_what_one_can_paste() -> None:
    [pasted] = [json.loads(block) for block in blocks("json")]
    assert all(entry["command"] for entry in pasted["mcpServers"].values())


def test_the_readme_shows_the_two_commands_and_only_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    used = set(re.findall(r"\bmake ([a-z]+)\b(?! \w+s )", "\n".join(blocks("sh"))))
    assert {"lab", "test"} <= used <= targets
