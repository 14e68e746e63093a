"""A real JupyterLab process for browser tests: its own port, token, folders and settings, and nothing
left when it ends.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.support.patience import ON_PATH

START = 100.0
STOP = 40.0


@dataclass
class Lab:
    """A running JupyterLab. `url` ends with a slash; it serves `root`; `home` holds all it may write. `options` are those of
    its next start.
    """

    home: Path
    root: Path
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    url: str = ""
    process: subprocess.Popen[bytes] | None = None
    options: tuple[str, ...] = ()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def log(self) -> str:
        return (self.home / "jupyter.log").read_text("utf-8", "replace")

    def page(self, path: str = "lab?reset") -> str:
        """The address of a page, with the token that logs the browser in."""
        return f"{self.url}{path}{'&' if '?' in path else '?'}token={self.token}"

    def api(self, method: str, path: str, body: Any = None, timeout: float = 60) -> Any:
        """A call of the REST API as any script makes it; raises HTTPError with the body as its note."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                refused.add_note(refused.read().decode("utf-8", "replace"))
            raise
        return json.loads(text) if text else None

    def connect(self, url: str, key: str | None = None) -> None:
        """Makes the scripted model at `url` the active one."""
        if key is not None:
            self.api("PUT", "mandrake/settings/keys/openai-compatible", {"value": key})
        body = {"provider": "openai-compatible", "model": "scripted", "url": url}
        self.api("POST", "mandrake/workspaces/default/models", body)

    def start(self) -> None:
        """Starts the process and waits until it answers; raises with its log when it does not."""
        with (self.home / "jupyter.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in self._command()],
                cwd=self.root,
                env=self._environment(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        until = time.monotonic() + START
        while time.monotonic() < until and self.process.poll() is None:
            info = next((self.home / "runtime").glob(f"jpserver-{self.process.pid}.json"), None)
            if info is not None:
                try:  # the file is there before its content, and its content before the first answer
                    self.url = json.loads(info.read_text("utf-8"))["url"]
                    self.api("GET", "api/status")
                    return
                except (OSError, json.JSONDecodeError):
                    pass
            with_patience()
        raise AssertionError(f"JupyterLab did not start:\n{self.log[-3000:]}")

    def stop(self) -> None:
        """Ends it as Ctrl-C does, and asserts that no process of its tree is left."""
        if self.process is None:
            return
        tree = self._tree()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP)
            raise AssertionError(
                f"JupyterLab did not stop within {STOP:.0f} s:\n{self.log[-3000:]}"
            ) from None
        finally:
            _, left = psutil.wait_procs(tree, timeout=STOP)
            words = [words_of(process) for process in left]
            for process in left:
                process.kill()
        self.process = None
        assert not left, f"left running after JupyterLab ended: {words}"

    def _tree(self) -> list[psutil.Process]:
        assert self.process is not None
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def _command(self) -> Iterator[str | Path]:
        yield from (sys.executable, "-m", "jupyterlab", "--no-browser")
        yield "--ServerApp.ip=127.0.0.1"
        yield "--ServerApp.port=0"
        yield "--ServiceRegistry.title_chats=False"
        yield f"--IdentityProvider.token={self.token}"
        yield f"--ServerApp.root_dir={self.root}"
        yield "--LabApp.expose_app_in_browser=True"
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            yield "--allow-root"
        yield from self.options

    def _environment(self) -> dict[str, str]:
        own = {
            "HOME": self.home / "home",
            "JUPYTER_CONFIG_DIR": self.home / "config",
            "JUPYTER_DATA_DIR": self.home / "data",
            "JUPYTER_RUNTIME_DIR": self.home / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": self.home / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": self.home / "workspaces",
            "IPYTHONDIR": self.home / "ipython",
            "PYTHONPATH": ON_PATH,
        }
        keys = {name for name in os.environ if name.endswith("_API_KEY")}
        rest = {
            name: value
            for name, value in os.environ.items()
            if name not in keys and not name.startswith("JUPYTER")
        }
        rest["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{rest.get('PATH', '')}"
        return {**rest, **{name: str(path) for name, path in own.items()}}


@contextmanager
def running_lab(home: Path, root: Path) -> Iterator[Lab]:
    """A JupyterLab on `root` whose own files lie in `home`, ended and looked after when the block ends."""
    news = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    for folder in (news.parent, root, home / "home", home / "runtime"):
        folder.mkdir(parents=True, exist_ok=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}', "utf-8")
    lab = Lab(home, root)
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()


def with_patience() -> None:
    """The one pause between two looks at a process that can't notify us."""
    time.sleep(0.05)


def words_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:200]
    except psutil.Error:
        return str(process.pid)
