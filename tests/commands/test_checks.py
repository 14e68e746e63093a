"""What the doctor sees without a Jupyter server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mandrake_jupyter.commands import checks
from mandrake_jupyter.providers.demo_files import DemoFiles


def test_an_extension_that_is_not_enabled_is_wrong_and_enabling_it_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "jupyter_server_config.d"
    folder.mkdir()
    monkeypatch.setattr("jupyter_core.paths.jupyter_config_path", lambda: [str(tmp_path)])
    found = checks.server_extension()
    assert (found.level, found.then) == ("wrong", "jupyter server extension enable mandrake_jupyter")
    enabled = {"ServerApp": {"jpserver_extensions": {"mandrake_jupyter": True}}}
    (folder / "any.json").write_text(json.dumps(enabled), "utf-8")
    assert checks.server_extension().level == "ok"


def test_a_panel_that_is_not_there_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path)])
    assert checks.panel().level == "wrong"
    (tmp_path / "mandrake-jupyter").mkdir()
    (tmp_path / "mandrake-jupyter" / "package.json").write_text("{}", "utf-8")
    assert checks.panel().level == "ok"


def test_a_data_dir_that_can_be_made_is_well_and_nothing_is_left_there(tmp_path: Path) -> None:
    assert checks.writable(tmp_path / "not" / "yet").level == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_data_dir_that_can_not_be_written_to_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    found = checks.writable(tmp_path / "file")
    assert found.level == "wrong"
    assert "MandrakeApp.data_dir" in found.then


def test_programs_that_are_not_there_are_notes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [found.level for found in checks.programs()] == ["note"] * 3


def test_a_model_comes_from_a_key_or_is_the_demo_model(tmp_path: Path) -> None:
    assert checks.model(tmp_path, {}).level == "note"
    assert "OPENAI_API_KEY" in checks.model(tmp_path, {"OPENAI_API_KEY": "sk-canary"}).sentence
    assert "canary" not in checks.model(tmp_path, {"OPENAI_API_KEY": "sk-canary"}).sentence
    files = DemoFiles()
    path = files.model(tmp_path)
    path.parent.mkdir(parents=True)
    with path.open("wb") as model:
        model.truncate(files.model_bytes)
    assert checks.model(tmp_path, {}).level == "ok"
