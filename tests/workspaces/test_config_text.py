"""The configuration of a project as text: written as given, only over what was seen, trusted as far as the user changed it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from planted import put, servers, trusted

from mandrake_jupyter.errors import (
    BadRequest,
    BrokenFile,
    Conflict,
    Forbidden,
    MCPServerNotFound,
    PreconditionFailed,
)
from mandrake_jupyter.workspaces.workspace import WorkspaceManager

OWN = ".mandrake/mcp.json"
COMMENTED = '{\n  // mine\n  "mcpServers": {\n    "a": {"command": "x",}, /* two */\n    "b": {"command": "y"},\n  },\n}\n'


def save(workspace: WorkspaceManager, text: str, tag: str | None = None) -> dict[str, str]:
    """What became of which entry."""
    tag = tag or workspace.mcp_config()[1]
    return dict(workspace.save_mcp_config(text, lambda there: there == tag)[2])


def test_a_file_that_is_not_there_is_empty_text_and_can_be_begun(
    root: Path, workspace: WorkspaceManager
) -> None:
    answer, tag = workspace.mcp_config()
    assert (answer["file"], answer["path"], answer["text"], answer["exists"]) == (
        OWN,
        str(root / OWN),
        "",
        False,
    )
    assert not (root / ".mandrake").exists()
    assert save(workspace, COMMENTED, tag) == {"a": "created", "b": "created"}
    assert (root / OWN).read_text() == COMMENTED
    assert stat.S_IMODE((root / OWN).stat().st_mode) == 0o600
    assert trusted(workspace) == {"a": True, "b": True}
    again, other = workspace.mcp_config()
    assert (again["text"], again["exists"], again["problems"]) == (COMMENTED, True, [])
    assert other != tag


def test_only_what_the_user_changed_is_trusted_by_it(root: Path, workspace: WorkspaceManager) -> None:
    put(root, OWN, servers(came={"command": "evil"}, also={"command": "evil2"}, gone={"command": "z"}))
    text = json.dumps(servers(came={"command": "evil"}, also={"command": "fine"}, new={"command": "x"}))
    assert save(workspace, text) == {"also": "changed", "new": "created", "gone": "deleted"}
    assert trusted(workspace) == {"came": False, "also": True, "new": True}


def test_another_place_or_comments_change_no_trust(root: Path, workspace: WorkspaceManager) -> None:
    put(root, OWN, servers(came={"command": "evil"}))
    assert save(workspace, '{ "mcpServers": // hello\n {"came": {"command": "evil"}}}') == {}
    assert trusted(workspace) == {"came": False}
    assert save(workspace, '{"mcpServers": {"came": {"command": "evil", "disabled": true}}}') == {
        "came": "changed"
    }
    assert trusted(workspace) == {"came": False}


EVIL = '"mcpServers": {"came": {"command": "evil"}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{" + EVIL, "{" + EVIL + "}}"),
        ("{" + EVIL.replace("mcpServers", "servers") + "}}", "{" + EVIL + "}}"),
        ('{"came": {"command": "evil"}}', "{" + EVIL + "}}"),
        (
            '{"mcpServers": {"came": {"command": "evil", "args": ["${input:x}"]}}}',
            '{"mcpServers": {"came": {"command": "evil", "args": ["${input:x}"]}}, "inputs": [{"id": "x"}]}',
        ),
    ],
)
def test_mending_the_file_around_an_entry_does_not_trust_it(
    root: Path, workspace: WorkspaceManager, before: str, after: str
) -> None:
    put(root, OWN, {})
    (root / OWN).write_text(before)
    save(workspace, after)
    assert trusted(workspace) == {"came": False}


def test_an_entry_that_counts_only_now_is_not_trusted_by_taking_others_out(
    root: Path, workspace: WorkspaceManager
) -> None:
    many = {f"s{number}": {"command": "evil"} for number in range(201)}
    put(root, OWN, servers(**many))
    save(workspace, json.dumps(servers(**{name: it for name, it in many.items() if name != "s0"})))
    assert trusted(workspace)["s200"] is False


def test_a_removed_entry_is_trusted_no_more(workspace: WorkspaceManager) -> None:
    save(workspace, COMMENTED)
    save(workspace, "{}")
    (workspace.root / OWN).write_text(COMMENTED)
    assert trusted(workspace) == {"a": False, "b": False}


def test_a_file_that_another_program_changed_is_not_written_over(
    root: Path, workspace: WorkspaceManager
) -> None:
    save(workspace, COMMENTED)
    _, tag = workspace.mcp_config()
    (root / OWN).write_text("{}")
    with pytest.raises(PreconditionFailed, match="changed by another program since you opened it"):
        save(workspace, COMMENTED, tag)
    assert (root / OWN).read_text() == "{}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n "mcpServers": {\n  "a": }', "line 3, column 8: "),
        ('{"a": 1, "a": 2}', "line 1, column 1: 'a' is there twice"),
        ("", "it is empty. Write {} at least."),
        ("[" * 100_000, "nested too deeply"),
        ("[1, NaN]", "NaN is no JSON value"),
    ],
)
def test_text_that_does_not_parse_is_refused_with_line_and_column(
    root: Path, workspace: WorkspaceManager, text: str, words: str
) -> None:
    with pytest.raises(BrokenFile) as caught:
        save(workspace, text)
    assert words in str(caught.value)
    assert caught.value.then == "Nothing was written."
    assert not (root / OWN).exists()
    with pytest.raises(BadRequest, match="1 MB at most"):
        save(workspace, '"' + "x" * 1_000_000 + '"')


def test_entries_that_are_wrong_are_problems_and_no_refusal(workspace: WorkspaceManager) -> None:
    text = '{"mcpServers": {\n "ok": {"command": "x"},\n "bad/name": {"command": "x"},\n "none": {}}}'
    assert save(workspace, text) == {"ok": "created"}
    problems = workspace.mcp_config()[0]["problems"]
    assert [(it["file"], it["line"], it["name"]) for it in problems] == [
        (OWN, 3, "bad/name"),
        (OWN, 4, "none"),
    ]
    save(workspace, "[]")
    assert [it["message"] for it in workspace.mcp_config()[0]["problems"]] == [
        f'{OWN} must be an object like {{"mcpServers": {{}}}}.'
    ]


def test_what_is_no_file_or_leads_elsewhere_is_neither_read_nor_written(
    root: Path, workspace: WorkspaceManager
) -> None:
    (root / ".mandrake").mkdir()
    os.mkfifo(root / OWN)
    for act in (workspace.mcp_config, lambda: save(workspace, "{}", "*")):
        with pytest.raises(BadRequest, match="named pipe"):
            act()
    (root / OWN).unlink()
    (root.parent / "elsewhere").write_text("{}")
    (root / OWN).symlink_to("../../elsewhere")
    for act in (workspace.mcp_config, lambda: save(workspace, '{"x": 1}', "*")):
        with pytest.raises(Forbidden, match="outside the project"):
            act()
    assert (root.parent / "elsewhere").read_text() == "{}"


def test_switching_off_edits_our_file_and_keeps_what_else_is_in_it(
    root: Path, workspace: WorkspaceManager
) -> None:
    put(root, OWN, {"mcpServers": {"a": {"command": "x", "enabled": False, "future": 1}}, "more": 2})
    workspace.switch_mcp_server("a", disabled=False)
    assert json.loads((root / OWN).read_text())["mcpServers"] == {"a": {"command": "x", "future": 1}}
    workspace.switch_mcp_server("a", disabled=True)
    assert json.loads((root / OWN).read_text()) == {
        "mcpServers": {"a": {"command": "x", "future": 1, "disabled": True}},
        "more": 2,
    }
    assert trusted(workspace) == {"a": False}, "a switch is no word on trust"


def test_switching_off_leaves_files_with_comments_and_of_others_as_they_are(
    root: Path, data_dir: Path, workspace: WorkspaceManager
) -> None:
    (root / ".mandrake").mkdir()
    (root / OWN).write_text(COMMENTED)
    theirs = put(root, ".vscode/mcp.json", {"servers": {"c": {"command": "z", "disabled": True}}})
    before = theirs.read_text()
    for name, disabled in (("a", True), ("c", False)):
        workspace.switch_mcp_server(name, disabled=disabled)
    assert {it.name: it.disabled for it in workspace.mcp_entries()} == {"a": True, "b": False, "c": False}
    assert ((root / OWN).read_text(), theirs.read_text()) == (COMMENTED, before)
    assert stat.S_IMODE((data_dir / "switches.json").stat().st_mode) == 0o600
    workspace.switch_mcp_server("a", disabled=False)
    assert not any(it.disabled for it in workspace.mcp_entries())


def test_a_switch_lapses_when_the_file_says_something_else(
    root: Path, data_dir: Path, workspace: WorkspaceManager
) -> None:
    put(root, ".mcp.json", servers(a={"command": "x"}))
    workspace.switch_mcp_server("a", disabled=True)
    put(root, ".mcp.json", servers(a={"command": "x", "disabled": True}))
    assert workspace.mcp_entries()[0].disabled
    workspace.switch_mcp_server("a", disabled=False)
    assert not workspace.mcp_entries()[0].disabled
    (data_dir / "switches.json").write_text('{"workspaces": 3}')
    assert workspace.mcp_entries()[0].disabled
    with pytest.raises(BrokenFile, match="Move it away"):
        workspace.switch_mcp_server("a", disabled=False)
    with pytest.raises(MCPServerNotFound):
        workspace.switch_mcp_server("none", disabled=False)


def test_what_is_not_changed_needs_no_conflict(workspace: WorkspaceManager) -> None:
    workspace.add_mcp_servers({"a": {"command": "x"}})
    with pytest.raises(Conflict):
        workspace.trust("other", [])
    assert trusted(workspace) == {"a": True}
