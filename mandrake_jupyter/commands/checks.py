"""What can be said about an installation without a Jupyter server that runs. Starts nothing and contacts nobody."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

Level = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Finding:
    """`then` is what helps; empty where nothing needs help. Only ``wrong`` makes the doctor unhappy."""

    level: Level
    sentence: str
    then: str = ""

    def as_json(self) -> dict[str, str]:
        return {"level": self.level, "message": self.sentence, "then": self.then}


def installation(data_dir: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    yield versions()
    yield server_extension()
    yield panel()
    yield writable(data_dir)
    yield from programs()
    yield model(data_dir, environ)


def versions() -> Finding:
    packages = ("mandrake-jupyter", "jupyter-server", "jupyterlab")
    told = ", ".join(f"{name} {found}" for name in packages if (found := _version(name)))
    return Finding("ok", f"{told}, Python {platform.python_version()}")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def server_extension() -> Finding:
    from jupyter_core.paths import jupyter_config_path
    from jupyter_server.extension.config import ExtensionConfigManager

    manager = ExtensionConfigManager(read_config_path=jupyter_config_path())
    if manager.get_jpserver_extensions().get("mandrake_jupyter"):
        return Finding("ok", "The server extension is enabled")
    return Finding(
        "wrong",
        "The server extension is not enabled, so Jupyter does not load it",
        "jupyter server extension enable mandrake_jupyter",
    )


def panel() -> Finding:
    from jupyter_core.paths import jupyter_path

    if not _version("jupyterlab"):
        return Finding(
            "note", "JupyterLab is not installed: no panel, the rest works", "pip install jupyterlab"
        )
    for folder in jupyter_path("labextensions"):
        if (Path(folder) / "mandrake-jupyter" / "package.json").is_file():
            return Finding("ok", "The panel is installed in JupyterLab")
    return Finding(
        "wrong", "JupyterLab has no panel of Mandrake", "pip install --force-reinstall mandrake-jupyter"
    )


def writable(data_dir: Path) -> Finding:
    there = next((path for path in (data_dir, *data_dir.parents) if path.exists()), data_dir)
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".mandrake-doctor-"):
            pass
    except OSError as exc:
        return Finding(
            "wrong",
            f"{data_dir} can't be written to: {exc.strerror or exc}",
            "Give its owner the right to write, or set MandrakeApp.data_dir to another folder",
        )
    return Finding("ok", f"Chats, trust and keys: {data_dir}")


def programs() -> Iterator[Finding]:
    for name, use, then in (
        ("npx", "MCP servers that are started with npx can't be", "Install Node.js"),
        ("uvx", "MCP servers that are started with uvx can't be", "pip install uv"),
        ("docker", "MCP servers in containers can't run", "Install Docker, if you want them"),
    ):
        if shutil.which(name) is None:
            yield Finding("note", f"{name} was not found: {use}", then)
        else:
            yield Finding("ok", f"{name} is there")


def model(data_dir: Path, environ: Mapping[str, str]) -> Finding:
    """The model a new project gets; what a running Jupyter server knows goes beyond this."""
    from ..providers.demo_files import DemoFiles
    from ..providers.keys import VARIABLES

    for name in sorted(VARIABLES):
        if environ.get(name, "").strip():
            return Finding("ok", f"A model can be asked: {name} is set")
    if DemoFiles().present(data_dir):
        return Finding("ok", "The demo model is there")
    return Finding(
        "note",
        "No key in the environment, and the demo model is not there",
        "jupyter mandrake install-model, or connect a model in the panel",
    )
