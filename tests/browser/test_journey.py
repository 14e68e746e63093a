"""The main job, as a person does it: ask, watch the answer come, allow a tool, reload in the middle, find
it all again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import expect

from .labserver import Lab
from .panel import Panel
from .scripted_model import Answer, ScriptedModel

NOTES = Path(__file__).with_name("notes_server.py")


def add_notes_server(lab: Lab, folder: Path) -> None:
    """As a person adds one by pasting: trusted by that act."""
    folder.mkdir(exist_ok=True)
    entry = {"command": sys.executable, "args": [str(NOTES), str(folder)]}
    lab.api("POST", "mandrake/workspaces/default/mcp-servers", {"name": "notes", "entry": entry})


def test_ask_watch_allow_reload_and_find_it_all_again(
    journey_number: int, connected: Lab, model: ScriptedModel, panel: Panel, tmp_path: Path
) -> None:
    """Words are seen while the model still waits to write the next ones: they can only be streamed."""
    add_notes_server(connected, tmp_path / "notes")
    gates = [model.gate(), model.gate(), model.gate()]
    model.answers = [
        Answer(
            ("First I ", "look at it, ", "then I keep it."),
            calls=(("write_note", {"text": f"number {journey_number}"}),),
            gates={1: gates[0], 2: gates[1]},
        ),
        Answer(("It is kept, ", "and you can find it again."), gates={1: gates[2]}),
    ]

    panel.write("Please keep a note")
    expect(panel.message("user")).to_contain_text("Please keep a note")
    answer = panel.message("assistant")
    lengths = []
    for words, gate in (("First I", gates[0]), ("look at it,", gates[1]), ("then I keep it.", None)):
        expect(answer).to_contain_text(words)
        lengths.append(len(answer.inner_text()))
        if gate is not None:
            expect(answer).to_have_attribute("data-status", "running")
            gate.open()
    assert lengths == sorted(set(lengths)), f"the text did not grow while it was written: {lengths}"

    expect(panel.at("approval")).to_be_visible()
    expect(panel.at("approval")).to_contain_text("write_note")
    note = tmp_path / "notes" / "note.txt"
    assert not note.exists(), "the tool ran before it was allowed"
    panel.at("allow").click()

    expect(panel.message("assistant")).to_contain_text("It is kept,")
    assert note.read_text() == f"number {journey_number}"

    panel.reload()
    answer = panel.message("assistant")
    expect(answer).to_contain_text("It is kept,")
    expect(answer).not_to_contain_text("and you can find it again.")
    gates[2].open()
    expect(answer).to_contain_text("and you can find it again.")
    panel.complete()

    panel.reload()
    panel.complete()
    expect(panel.message("user")).to_contain_text("Please keep a note")
    for words in ("First I look at it, then I keep it.", "It is kept, and you can find it again."):
        expect(panel.message("assistant")).to_contain_text(words)
    expect(panel.at("tool-card")).to_have_count(1)
    expect(panel.at("tool-card")).to_have_attribute("data-status", "done")
    session = connected.api("GET", "mandrake/sessions")[0]
    history = connected.api("GET", f"mandrake/workspaces/default/sessions/{session['id']}/messages")
    assert [(message["role"], message["status"]) for message in history] == [
        ("user", "complete"),
        ("assistant", "complete"),
    ]
