"""The notebook's door, as a person uses it: a cell asks, its view is stopped, allowed, opened in the panel, saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, expect

from .labserver import Lab
from .panel import PANEL, SPLASH, Panel
from .scripted_model import Answer, ScriptedModel
from .test_journey import add_notes_server

START = 60_000


class Notebook:
    """A notebook open in JupyterLab, trusted, its kernel idle."""

    def __init__(self, page: Page, lab: Lab, *cells: str) -> None:
        self.page = page
        self.path = lab.root / "explore.ipynb"
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel})
        nbformat.write(made, self.path)
        page.goto(lab.page("lab/tree/explore.ipynb?reset"))
        page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=SPLASH)
        page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=START,
        )
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:trust') }")
        page.locator(".jp-Dialog .jp-mod-accept").click()

    def run(self, number: int) -> Locator:
        """Run a cell; its outputs."""
        cell = self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        return cell.locator(".jp-OutputArea")

    def saved(self) -> list[Any]:
        """The cells of the notebook on disk, after a save."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        return list(nbformat.read(self.path, 4).cells)


def test_a_cell_streams_is_stopped_allowed_and_saved_without_widgets(
    connected: Lab, model: ScriptedModel, page: Any, tmp_path: Path
) -> None:
    page.set_default_timeout(30_000)
    add_notes_server(connected, tmp_path / "notes")
    never = model.gate()
    model.answers = [
        Answer(("One ", "**two** ", "never"), gates={2: never}),
        Answer(("First.",), calls=(("write_note", {"text": "kept"}),)),
        Answer(("It is kept.",)),
    ]
    notebook = Notebook(
        page,
        connected,
        "%load_ext mandrake_jupyter\nprint('loaded')",
        "%%mandrake\ncount",
        "%%mandrake\nkeep a note",
    )
    expect(notebook.run(0)).to_contain_text("loaded", timeout=START)

    stopped = notebook.run(1)
    expect(stopped).to_contain_text("One two", timeout=START)
    stopped.get_by_role("button", name="Open in panel").click()
    expect(page.locator(f"#{PANEL}")).to_be_visible()
    expect(Panel(page, connected).message("assistant")).to_contain_text("One two")
    stopped.get_by_role("button", name="Stop").click()
    expect(stopped).to_contain_text("Stopped by you.")
    never.open()

    allowed = notebook.run(2)
    expect(allowed).to_contain_text("Allow write_note?")
    assert not (tmp_path / "notes" / "note.txt").exists(), "the tool ran before it was allowed"
    allowed.get_by_role("button", name="Allow", exact=True).click()
    expect(allowed).to_contain_text("It is kept.")
    expect(allowed).to_contain_text("allowed in this chat")
    expect(allowed.get_by_role("button")).to_have_count(0)
    assert (tmp_path / "notes" / "note.txt").read_text() == "kept"

    for cell in notebook.saved()[1:]:
        [output] = cell.outputs
        assert set(output.data) == {"text/html", "text/plain"}
