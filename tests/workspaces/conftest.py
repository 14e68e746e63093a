"""A project folder, the user's data directory, and a workspace over both."""

from __future__ import annotations

from pathlib import Path

import pytest

from mandrake_jupyter.workspaces.workspace import WorkspaceManager


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def workspace(root: Path, data_dir: Path) -> WorkspaceManager:
    return WorkspaceManager(workspace_id="w", root=root, data_dir=data_dir)


@pytest.fixture(autouse=True)
def no_files_of_whoever_runs_the_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("default_files", "default_folders"):
        monkeypatch.setattr(f"mandrake_jupyter.workspaces.workspace.{name}", list)
