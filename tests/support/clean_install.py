"""The second half of `tests/clean_install.sh`, run by the new environment's own Python: does it work, and
what did it leave?

Standard library and psutil only: nothing of the clone is imported, so the wheel alone is what is looked at.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

WORK = Path(sys.argv[1])
BIN, HOME, PROJECT = WORK / "venv" / "bin", WORK / "home", WORK / "project"
ALLOWED = (".jupyter", ".local/share/jupyter", ".ipython", "Library/Jupyter", ".cache/jedi")
TOKEN = secrets.token_hex(16)
PATIENCE = 90.0


def main() -> None:
    for kind in ("labextension", "server extension"):
        listed(kind)
    before = {process.pid for process in psutil.process_iter()}
    server = start()
    try:
        url = address(server)
        session = call(url, "mandrake/workspaces/default/sessions", {})
        answer = call(
            url,
            f"mandrake/workspaces/default/sessions/{session['id']}/messages",
            {"content": "/tool jupyter list_files {}"},
        )
        check(answer["status"] == "complete", f"the panel's API answered {answer}")
        part = next(part for part in answer["parts"] if part["type"] == "tool")
        check(part["status"] == "done" and "data.csv" in part["content"], f"the tool said {part}")
        print("A chat called a tool: complete")
        with urllib.request.urlopen(request(url, "lab"), timeout=60) as page:
            check("mandrake-jupyter" in page.read().decode(), "JupyterLab's page does not load the panel")
        print("JupyterLab's page loads the panel")
    finally:
        stop(server)
    left = [process for process in psutil.process_iter() if process.pid not in before and of_ours(process)]
    check(not left, f"processes left: {left}")
    print("Stopped; no process left")
    strangers = [path for path in files(HOME) if not path.startswith(ALLOWED)]
    check(not strangers, f"written outside Jupyter's folders: {strangers}")
    check(files(PROJECT) == ["data.csv"], f"written into the project: {files(PROJECT)}")
    print(
        "Nothing written outside Jupyter's folders and the project:",
        *sorted({path.split("/")[0] for path in files(HOME)}),
    )
    print("clean install: OK")


def listed(kind: str) -> None:
    done = subprocess.run(
        [BIN / "jupyter", *kind.split(), "list"], capture_output=True, text=True, timeout=120, check=True
    )
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if "mandrake" in line]
    print(f"jupyter {kind} list:", *lines, sep="\n    ")
    check(
        any("OK" in line for line in lines) and not any("X" in line.split() for line in lines),
        f"{kind}: {lines}",
    )


def start() -> subprocess.Popen[bytes]:
    (PROJECT / "data.csv").write_text("a,b\n1,2\n", "utf-8")
    root = ["--allow-root"] if os.geteuid() == 0 else []
    command = [
        BIN / "jupyter", "lab", "--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0",
        f"--IdentityProvider.token={TOKEN}", *root,
    ]  # fmt: skip
    with (WORK / "server.log").open("wb") as log:
        return subprocess.Popen(
            [str(part) for part in command], cwd=PROJECT, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )


def address(server: subprocess.Popen[bytes]) -> str:
    runtime = subprocess.run(
        [BIN / "jupyter", "--runtime-dir"], capture_output=True, text=True, timeout=60, check=True
    ).stdout.strip()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        info = Path(runtime) / f"jpserver-{server.pid}.json"
        if info.exists():
            try:
                url = str(json.loads(info.read_text("utf-8"))["url"])
                call(url, "mandrake/health/live")
                return url
            except (OSError, json.JSONDecodeError):
                pass
        time.sleep(0.1)
    raise SystemExit(f"clean install: JupyterLab did not start\n{(WORK / 'server.log').read_text()[-3000:]}")


def stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        raise SystemExit("clean install: JupyterLab did not stop within 20 s") from None


def request(url: str, path: str, body: object = None) -> urllib.request.Request:
    data = None if body is None else json.dumps(body).encode()
    return urllib.request.Request(
        url + path, data=data, headers={"Authorization": f"token {TOKEN}", "Accept": "*/*"}
    )


def call(url: str, path: str, body: object = None) -> dict[str, object] | None:
    with urllib.request.urlopen(request(url, path, body), timeout=60) as answer:
        return json.loads(answer.read() or "null")


def of_ours(process: psutil.Process) -> bool:
    try:
        return any(str(WORK) in word for word in process.cmdline()) and process.pid != os.getpid()
    except psutil.Error:
        return False


def files(top: Path) -> list[str]:
    return sorted(path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file())


def check(fact: object, otherwise: str) -> None:
    if not fact:
        tail = (WORK / "server.log").read_text()[-2000:] if (WORK / "server.log").exists() else ""
        raise SystemExit(f"clean install: FAILED: {otherwise}\n{tail}")


if __name__ == "__main__":
    tempfile.tempdir = str(WORK)
    main()
