"""What is measured side by side: the SDK alone, our registry, a run, our REST API and mcpo, all over the same MCP server."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mandrake_jupyter.lifecycle.environment import clean_environment

from ..support.jupyter_process import JupyterProcess
from . import noop

if TYPE_CHECKING:
    from mcp import Client

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
#: The MCP server, and its tool that does nothing.
SERVER = (sys.executable, "-S", str(SUPPORT / "mcp_raw.py"))
TOOL = "hello"
MCPO = ("mcpo", "mcp<2", "fastapi==0.115.12", "starlette<0.47")
#: Whoever calls is authenticated on both sides.
KEY = "not-a-secret"
MCPO_AUTHORIZATION = f"Bearer {KEY}"
JUPYTER = """
c.ServerApp.limit_rate = False
c.ServerApp.jpserver_extensions = {"mandrake_jupyter": True, "tests.benchmarks.noop": True}
"""


@asynccontextmanager
async def bare_client() -> AsyncIterator[Client]:
    """The SDK's client, as the SDK says to use it."""
    from mcp import Client, StdioServerParameters, stdio_client

    parameters = StdioServerParameters(command=SERVER[0], args=list(SERVER[1:]))
    async with Client(stdio_client(parameters), mode="legacy") as client:
        await client.list_tools()
        yield client


class BareProcess:
    """The SDK alone in a process of its own, of the Python `python`."""

    def __init__(self, python: Path) -> None:
        command = [str(python), str(SUPPORT / "mcp_bare.py"), *SERVER]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise SystemExit(f"the SDK of {python} did not connect")

    def call(self) -> float:
        """Seconds of one call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("1\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline())[0])

    def close(self) -> None:
        self._process.communicate()


class Post:
    """A POST over one kept connection, which keeps cookies as ``requests.Session`` and browsers do."""

    def __init__(self, url: str, authorization: str) -> None:
        parts = urlsplit(url)
        self._path = parts.path
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self._headers = {"Content-Type": "application/json", "Authorization": authorization}

    def call(self, body: Any) -> float:
        """Seconds until its answer was read; ends the benchmark if it is not the tool's."""
        sent = json.dumps(body)
        began = time.perf_counter()
        self._connection.request("POST", self._path, sent, self._headers)
        answer = self._connection.getresponse()
        said = answer.read()
        took = time.perf_counter() - began
        if given := answer.headers.get_all("Set-Cookie"):
            self._headers["Cookie"] = "; ".join(cookie.partition(";")[0] for cookie in given)
        if answer.status != 200 or b"hello" not in said:
            raise SystemExit(f"{self._path}: {answer.status} {said[:500]!r}")
        return took

    def close(self) -> None:
        self._connection.close()


@asynccontextmanager
async def jupyter(home: Path) -> AsyncIterator[JupyterProcess]:
    """A Jupyter server with the MCP server ``raw`` and the route that does nothing."""
    env = {"PYTHONPATH": str(ROOT)}
    server = JupyterProcess(home=home, root=home / "root", data=home / "data", config=JUPYTER, env=env)
    try:
        await server.start()
        await server.add_mcp_server("raw", *SERVER[1:])
        yield server
    finally:
        server.kill()


def noop_url(server: JupyterProcess) -> str:
    return server.url + noop.PATH


def call_url(server: JupyterProcess) -> str:
    return f"{server.url}mandrake/workspaces/default/mcp-servers/raw/call"


def mcpo_environment(cache: Path) -> Path:
    """The Python of an environment that holds mcpo, made once; its SDK is another one than ours."""
    python = cache / "bin" / "python"
    if not (cache / "bin" / "mcpo").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", cache], check=True)
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-qq", *MCPO]
        subprocess.run(pip, check=True)
    return python


@contextmanager
def mcpo(python: Path, home: Path) -> Iterator[str]:
    """mcpo with the same MCP server; the URL of its tool."""
    config = home / "mcpo.json"
    config.write_text(json.dumps({"mcpServers": {"raw": {"command": SERVER[0], "args": SERVER[1:]}}}))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        python.parent / "mcpo", "--host", "127.0.0.1", "--port", str(port), "--config", config,
        "--api-key", KEY,
    ]  # fmt: skip
    process = subprocess.Popen(
        command, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}/raw/{TOOL}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                Post(url, MCPO_AUTHORIZATION).call({})
                break
            except (OSError, SystemExit):
                if time.monotonic() > until or process.poll() is not None:
                    raise
                time.sleep(0.2)
        yield url
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
