"""The dialogs of the first day: what a folder may do before it is trusted, and connecting a model."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .labserver import Lab, running_lab
from .panel import Panel
from .scripted_model import ScriptedModel
from .test_journey import NOTES, add_notes_server


@pytest.fixture
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A fresh one for each test, as trust lasts; one named "cloned" finds the files of a cloned folder."""
    project = tmp_path / "project"
    if "cloned" in request.node.name:
        _plant(project, tmp_path / "notes", request.getfixturevalue("model").url)
    with running_lab(tmp_path / "own", project) as running:
        yield running


def _plant(project: Path, notes: Path, model_url: str) -> None:
    notes.mkdir()
    entry = {"command": sys.executable, "args": [str(NOTES), str(notes)]}
    (project / ".mandrake").mkdir(parents=True)
    (project / ".mandrake" / "mcp.json").write_text(json.dumps({"mcpServers": {"notes": entry}}), "utf-8")
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"more-notes": entry}}), "utf-8")
    models = {
        "models": [{"provider": "openai-compatible", "model": "planted", "url": model_url}],
        "active": "openai-compatible/planted",
    }
    (project / ".mandrake" / "models.json").write_text(json.dumps(models), "utf-8")


def test_a_cloned_folder_starts_and_sends_nothing_and_asks_once(
    lab: Lab, model: ScriptedModel, panel: Panel, tmp_path: Path
) -> None:
    """The prompt budget of a cloned folder is one dialog for all that came with it."""
    started = tmp_path / "notes" / "started"
    expect(panel.at("trust-banner")).to_be_visible()
    expect(panel.at("trust-dialog")).to_have_count(0)
    lab.api("GET", "mandrake/mcp-servers")
    lab.api("GET", "mandrake/workspaces/default/models")
    assert not started.exists(), "an MCP server of an untrusted folder was started"
    assert model.asked == [], "an endpoint of an untrusted folder was spoken to"

    panel.at("trust-banner").get_by_role("button").first.click()
    expect(panel.at("trust-dialog")).to_have_count(1)
    expect(panel.at("trust-dialog")).to_contain_text(str(NOTES))
    entries = panel.at("trust-entry")
    assert entries.count() >= 2
    for entry in entries.all():
        entry.get_by_role("checkbox").check()
    panel.at("trust-accept").click()
    expect(panel.at("trust-dialog")).to_have_count(0)
    expect(panel.at("trust-banner")).to_have_count(0)
    assert lab.api("GET", "mandrake/workspaces/default/trust")["pending"] == []
    assert not started.exists(), "trusting is not starting"


def test_an_mcp_server_the_user_added_asks_for_its_call_and_nothing_else(
    connected: Lab, panel: Panel, tmp_path: Path
) -> None:
    """The prompt budget of what one added oneself is at most one question."""
    add_notes_server(connected, tmp_path / "notes")
    panel.write('/tool notes write_note {"text": "by hand"}')
    ended = panel.page.locator('[data-role="assistant"][data-status="complete"]')
    expect(panel.at("approval").or_(ended).first).to_be_visible()
    expect(panel.at("trust-dialog")).to_have_count(0)
    questions = 0
    if panel.at("approval").count():
        questions += 1
        panel.at("allow").click()
    panel.complete()
    assert questions <= 1
    assert (tmp_path / "notes" / "note.txt").read_text() == "by hand"


def test_an_open_row_says_when_the_mcp_server_stops_and_what_that_costs(
    connected: Lab, panel: Panel, tmp_path: Path
) -> None:
    add_notes_server(connected, tmp_path / "notes")
    connected.api("POST", "mandrake/workspaces/default/mcp-servers/notes/start")
    panel.at("mcp-servers").click()
    row = panel.page.get_by_test_id("mandrake-mcp-row").filter(has_text="notes")
    row.get_by_role("button", name="notes").first.click()
    expect(panel.page.locator("#mandrake-mcp-servers")).to_contain_text(
        "without what it kept in its own memory"
    )


def test_a_model_is_connected_tried_and_used(lab: Lab, model: ScriptedModel, panel: Panel) -> None:
    panel.at("model-picker").click()
    panel.page.get_by_text("Connect a model").first.click()
    dialog = panel.at("connect-model")
    expect(dialog).to_be_visible()
    panel.at("provider").select_option("openai-compatible")
    panel.at("url").fill(model.url)
    panel.at("model-name").fill("scripted")
    panel.at("test").click()
    expect(panel.at("test-result")).to_contain_text("Works")
    panel.at("save").click()
    expect(dialog).to_have_count(0)
    assert lab.api("GET", "mandrake/workspaces/default/models")["active"].endswith("/scripted")
    panel.write("Hello")
    panel.complete()
    expect(panel.message("assistant")).to_contain_text("Hello")
