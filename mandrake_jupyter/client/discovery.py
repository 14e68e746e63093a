"""Which Jupyter server does this process belong to, and with which token may it speak?

A kernel is told its notebook (``JPY_SESSION_NAME``) and its parent's pid, never an address; the address is
in the info files that Jupyter servers write into the runtime directory, which only their user can read.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from .errors import ServerNotFound


@dataclass(frozen=True)
class JupyterServer:
    """A running Jupyter server. `origin` says where it was found: ``MANDRAKE_URL``, ``JupyterHub`` or an
    info file.
    """

    url: str
    token: str = field(default="", repr=False)
    origin: str = ""
    pid: int = 0
    root_dir: str = ""


def find_server(environ: Mapping[str, str] | None = None) -> JupyterServer:
    """The Jupyter server of this process; raises :class:`ServerNotFound`.

    In this order: ``MANDRAKE_URL`` with ``MANDRAKE_TOKEN``; JupyterHub's single-user server; of the running
    servers of this user the one that started this kernel, else the one with the narrowest root that holds
    this notebook, else the only one there is. Several that fit equally are not guessed between.
    """
    env = os.environ if environ is None else environ
    if url := env.get("MANDRAKE_URL"):
        return JupyterServer(url, env.get("MANDRAKE_TOKEN", ""), "MANDRAKE_URL")
    if hub := _from_hub(env):
        return hub
    directory = runtime_dir(env)
    servers = running_servers(directory)
    parent = env.get("JPY_PARENT_PID", "")
    for server in servers:
        if parent.isdigit() and server.pid == int(parent):
            return server
    notebook = env.get("JPY_SESSION_NAME", "")
    holding = [server for server in servers if _holds(server.root_dir, notebook)]
    if holding:
        narrowest = max(len(server.root_dir) for server in holding)
        servers = [server for server in holding if len(server.root_dir) == narrowest]
    if len(servers) == 1:
        return servers[0]
    if servers:
        raise ServerNotFound(
            f"{len(servers)} servers run for this user, and none says that this notebook is its own"
        )
    raise ServerNotFound(f"looked at MANDRAKE_URL, JupyterHub and {directory}")


def find_servers(
    environ: Mapping[str, str] | None = None, *, url: str = "", token: str = ""
) -> list[JupyterServer]:
    """All Jupyter servers a shell may ask: the one at `url` if given, else ``MANDRAKE_URL``, else JupyterHub's single-user
    server, else all of this user that run, newest first. A `token` is of the server at `url`.
    """
    env = os.environ if environ is None else environ
    running = running_servers(runtime_dir(env))
    if url:
        known = next((server for server in running if _same(server.url, url)), JupyterServer(url))
        return [
            replace(known, url=url, token=token or env.get("MANDRAKE_TOKEN") or known.token, origin="--url")
        ]
    if given := env.get("MANDRAKE_URL"):
        return [JupyterServer(given, token or env.get("MANDRAKE_TOKEN", ""), "MANDRAKE_URL")]
    hub = _from_hub(env)
    return [hub] if hub else running


def _same(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")


def runtime_dir(environ: Mapping[str, str]) -> Path:
    """Where Jupyter servers write their info files; as jupyter_core has it, which is asked when it is
    there.
    """
    if given := environ.get("JUPYTER_RUNTIME_DIR"):
        return Path(given)
    try:
        from jupyter_core.paths import jupyter_runtime_dir
    except ImportError:
        pass
    else:
        if environ is os.environ:
            return Path(jupyter_runtime_dir())
    if data := environ.get("JUPYTER_DATA_DIR"):
        return Path(data) / "runtime"
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return home / "Library" / "Jupyter" / "runtime"
    if sys.platform == "win32":
        return Path(environ.get("APPDATA") or home) / "jupyter" / "runtime"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter" / "runtime"


def running_servers(directory: Path) -> list[JupyterServer]:
    """The servers whose info files lie in `directory`, newest first; files of dead processes and broken
    ones left out.
    """
    found = [
        (server, modified) for path in directory.glob("jpserver-*.json") for server, modified in _read(path)
    ]
    return [server for server, _ in sorted(found, key=lambda pair: -pair[1])]


def _read(path: Path) -> list[tuple[JupyterServer, float]]:
    try:
        modified = path.stat().st_mtime
        info: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        pid = int(info["pid"])
        url = str(info.get("url") or "")
        if sock := info.get("sock"):
            url = f"http+unix://{quote(str(sock), safe='')}{info.get('base_url') or '/'}"
        if not url or not _alive(pid):
            return []
        root = str(info.get("root_dir") or info.get("notebook_dir") or "")
        return [(JupyterServer(url, str(info.get("token") or ""), str(path), pid, root), modified)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _alive(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # signal 0 is Ctrl+C there; a dead server is found out by the first request
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return pid > 0
    return pid > 0


def _holds(root: str, notebook: str) -> bool:
    if not root or not notebook or not os.path.isabs(notebook):
        return False
    real = os.path.realpath
    return Path(real(notebook)).is_relative_to(real(root))


def _from_hub(env: Mapping[str, str]) -> JupyterServer | None:
    """JupyterHub tells a single-user server where to listen and with which token it may speak; kernels
    inherit both.
    """
    token, prefix, url = (
        env.get(f"JUPYTERHUB_{name}", "") for name in ("API_TOKEN", "SERVICE_PREFIX", "SERVICE_URL")
    )
    if not token or not (prefix or url):
        return None
    parts = urlsplit(url or "http://127.0.0.1:8888")
    path = prefix or parts.path or "/"
    return JupyterServer(f"{parts.scheme or 'http'}://{parts.netloc}{path}", token, "JupyterHub")
