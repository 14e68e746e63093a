"""A folder's word on tools: it tightens, and what can't be understood of it never loosens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mandrake_jupyter.values.tool_rules import RULES, ToolRules
from mandrake_jupyter.workspaces.tool_rules import ToolRulesReader
from mandrake_jupyter.workspaces.workspace import WorkspaceManager


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".mandrake").mkdir()
    return tmp_path


def rules(folder: Path, text: str) -> tuple[ToolRules, list[tuple[int | None, str]]]:
    (folder / RULES).write_text(text, "utf-8")
    reader = ToolRulesReader(folder)
    return reader.read(), [(problem.line, problem.message) for problem in reader.problems()]


def test_without_a_file_nothing_is_tightened(tmp_path: Path) -> None:
    reader = ToolRulesReader(tmp_path)
    assert (reader.read(), reader.problems()) == (ToolRules(), ())


def test_rules_name_a_tool_all_of_an_mcp_server_or_everything(folder: Path) -> None:
    found, problems = rules(
        folder, '{"tools": {"ask": ["files/write", "*/run"], "deny": ["shell/*", "a/b/c"]}}'
    )
    assert problems == []
    assert found.asks("files", "write")
    assert found.asks("other", "run")
    assert not found.asks("files", "read")
    assert found.denies("shell", "anything")
    assert found.denies("a", "b/c")
    assert not found.denies("files", "write")
    everything, _ = rules(folder, '{"tools": {"deny": ["*/*"]}}')
    assert everything.denies("jupyter", "read_file")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{oops", 1),
        ("[]", 1),
        ('{\n"tools": []}', 2),
        ('{"tools": {\n"deny": "shell/*"}}', 2),
        ('{"tools": {"deny": ["files/write",\n"shell"]}}', 2),
        ('{"tools": {\n"ask": ["/write"]}}', 2),
        ('{"tools": {\n"ask": [7]}}', 2),
        ('{"tools": {"deny": ["files/"]}}', 1),
    ],
)
def test_what_is_not_understood_is_a_problem_with_its_line_and_asks_about_everything(
    folder: Path, text: str, line: int
) -> None:
    found, problems = rules(folder, text)
    assert found.everything
    assert found.asks("any", "thing")
    assert [where for where, _ in problems if where] == [line]
    assert "Until then every tool call of this project is asked about." in problems[-1][1]


def test_a_rule_that_is_understood_holds_beside_one_that_is_not(folder: Path) -> None:
    found, _ = rules(folder, '{"tools": {"deny": ["shell/*", "oops"]}}')
    assert found.denies("shell", "run")
    assert found.everything


@pytest.mark.parametrize("key", ["allow", "Deny"])
def test_what_would_loosen_has_no_effect_and_is_told(folder: Path, key: str) -> None:
    found, [(line, message)] = rules(folder, f'{{"tools": {{\n"{key}": ["files/write"], "ask": ["a/b"]}}}}')
    assert found == ToolRules(ask=frozenset({"a/b"}))
    assert line == 2
    assert f'"{key}" has no effect' in message


def test_a_file_that_leads_elsewhere_or_is_none_asks_about_everything(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.json"
    outside.write_text("{}", "utf-8")
    (folder / RULES).symlink_to(outside)
    assert ToolRulesReader(folder).read().everything
    (folder / RULES).unlink()
    os.mkfifo(folder / RULES)
    assert ToolRulesReader(folder).read().everything
    (folder / RULES).unlink()
    (folder / RULES).mkdir()
    assert ToolRulesReader(folder).read().everything


def test_a_change_counts_at_the_next_look_and_asks_for_no_trust(folder: Path, tmp_path: Path) -> None:
    manager = WorkspaceManager(workspace_id="w", root=folder, data_dir=tmp_path / "data")
    assert not manager.tool_rules.read().denies("shell", "run")
    (folder / RULES).write_text('{"tools": {"deny": ["shell/run"]}, "more": 1}', "utf-8")
    assert manager.tool_rules.read().denies("shell", "run")
    assert manager.trust_pending()["pending"] == []
    assert [(it.file, it.line) for it in manager.problems()] == [(RULES, 1)]
    (folder / RULES).unlink()
    assert not manager.tool_rules.read().denies("shell", "run")


def test_a_file_that_begins_to_lead_out_of_the_folder_to_nothing_asks_about_everything(folder: Path) -> None:
    reader = ToolRulesReader(folder)
    assert reader.read() == ToolRules()
    (folder / RULES).symlink_to(folder.parent / "nothing.json")
    assert reader.read().everything
    (folder / RULES).unlink()
    assert reader.read() == ToolRules()
