"""The steps that make a clone ready: Python packages, the panel, the demo model, an MCP server for tests."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from project import BIN, BUILT, CACHE, LABEXTENSION, ROOT, VENV, environment, logged, requirements
from steps import Step

PYTHON = BIN / "python"
JLPM = BIN / "jlpm"
PIP = (PYTHON, "-m", "pip", "install", "--quiet")
TO_RUN = ("jupyterlab>=4.4,<5", "ipykernel>=6.29", "mcp-server-time>=2025.1.0")
TO_BUILD = ("hatchling>=1.25", "editables>=0.5", "hatch-jupyter-builder>=0.9", "jupyter-builder>=1.2,<2")
#: The MCP project's own MCP servers, and the proxy without which a JupyterHub does not start.
FROM_NPM = (
    "@modelcontextprotocol/server-everything@2026.8.31",
    "@modelcontextprotocol/server-filesystem@2026.8.31",
    "@modelcontextprotocol/server-memory@2026.8.31",
    "configurable-http-proxy@5.3.0",
)
PACKAGE_FILES = ("pyproject.toml", "README.md", "LICENSE", "jupyter-config", "mandrake_jupyter/__init__.py")
PANEL_FILES = ("package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "src", "style", "schema")


def python_packages(name: str, says: str, *extras: str) -> list[Step]:
    """A virtual environment, and in it what `extras` of pyproject.toml need, resolved in one go."""
    wanted = [*requirements(*extras), *TO_RUN, *TO_BUILD]

    def make_venv() -> None:
        if VENV.exists() and not PYTHON.exists():
            shutil.rmtree(VENV)
        logged("venv", sys.executable, "-m", "venv", VENV)

    def install() -> None:
        logged(name, *PIP, *wanted)

    return [
        Step("venv", "A Python environment in .venv", [sys.version, str(VENV)], [PYTHON], make_venv),
        Step(name, says, [str(VENV), *sorted(wanted)], [JLPM], install),
    ]


def panel() -> list[Step]:
    """The labextension built, and the package installed editable with it."""

    def fetch() -> None:
        logged("jlpm", JLPM, "install", "--immutable", cwd=LABEXTENSION)

    def build() -> None:
        logged("panel", JLPM, "run", "build:prod", cwd=LABEXTENSION)

    def install() -> None:
        logged(
            "package", *PIP, "--no-deps", "--no-build-isolation", "--editable", ROOT, SKIP_JUPYTER_BUILDER="1"
        )

    lock = [LABEXTENSION / name for name in ("package.json", "yarn.lock")]
    sources = [LABEXTENSION / name for name in PANEL_FILES]
    package = [ROOT / name for name in PACKAGE_FILES]
    return [
        Step(
            "jlpm",
            "What building the panel needs, from npm (about 2 minutes)",
            lock,
            [LABEXTENSION / "node_modules"],
            fetch,
        ),
        Step("panel", "The panel", sources, [BUILT / "package.json"], build),
        Step(
            "package",
            "mandrake_jupyter itself",
            [str(VENV), *package, *sources],
            [BIN / "jupyter-mandrake"],
            install,
        ),
    ]


def demo_model(data_dir: Path) -> Step:
    """The embedded model, into `data_dir` (a Jupyter data directory). All else works without it."""

    def fetch() -> None:
        logged("demo-model", BIN / "jupyter-mandrake", "install-model", JUPYTER_DATA_DIR=str(data_dir))

    return Step(
        f"demo-model-{data_dir.parent.name.strip('.')}",
        "The demo model, 93 MB",
        [ROOT / "mandrake_jupyter/providers/demo.py"],
        [],
        fetch,
        may_fail="Everything else works. The panel offers to fetch it again.",
    )


def npm_programs() -> Step:
    """What some tests run that comes from npm; they look for it in MANDRAKE_TEST_NPM."""
    top = CACHE / "npm"

    def install() -> None:
        top.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm", path=environment()["PATH"]) or "npm"
        logged("npm", npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", top, *FROM_NPM)

    says = "MCP servers and JupyterHub's proxy from npm, for the tests"
    return Step("npm", says, FROM_NPM, [top / "node_modules"], install)
