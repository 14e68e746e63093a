"""A Jupyter server as a process of its own, without JupyterLab: for what is spoken to from outside.

No key, no proxy and no package index of whoever runs the tests; loopback only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.labserver import Lab

#: A port where nobody listens: whatever would leave this machine ends there at once.
NOWHERE = "http://127.0.0.1:9"
OFFLINE = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), NOWHERE),
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
    "PIP_INDEX_URL": f"{NOWHERE}/simple",
    "PIP_RETRIES": "0",
    "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
}


@dataclass
class Spawned(Lab):
    """`options` are further words of ``jupyter server``, `environ` further variables."""

    options: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)

    def _command(self) -> Iterator[str | Path]:
        python, _, _, *rest = super()._command()
        yield from (python, "-m", "jupyter_server")
        yield from (word for word in rest if not str(word).startswith(("--LabApp", "--no-browser")))
        yield from ("--no-browser", *self.options)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in super()._environment().items() if name != "OPENAI_BASE_URL"}
        return {**kept, **OFFLINE, **self.environ}


@contextmanager
def running_jupyter(
    home: Path, root: Path, *options: str, environ: Mapping[str, str] | None = None
) -> Iterator[Spawned]:
    """A Jupyter server on `root` whose own files lie in `home`, ended and looked after when the block ends."""
    for folder in (root, home / "home", home / "runtime"):
        folder.mkdir(parents=True, exist_ok=True)
    server = Spawned(home, root, options=options, environ=environ or {})
    try:
        server.start()
        yield server
    finally:
        server.stop()
