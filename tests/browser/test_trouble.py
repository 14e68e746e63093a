"""When a chat can't go on as it should: what is said, what is kept, and the way out."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .labserver import Lab, running_lab
from .panel import Panel
from .pictures import pictures
from .scripted_model import Answer, ScriptedModel

ECHO = Path(__file__).parents[1] / "support" / "mcp_echo.py"
SERVERS = "mandrake/workspaces/default/mcp-servers"


def add_echo(lab: Lab) -> None:
    entry = {"command": sys.executable, "args": [str(ECHO)]}
    lab.api("POST", SERVERS, {"name": "echo", "entry": entry})
    lab.api("POST", f"{SERVERS}/echo/start", {})


def database(lab: Lab) -> Path:
    (found,) = (lab.home / "data").rglob("*.sqlite")
    return found


def test_a_tool_whose_outcome_is_not_known_is_run_again_by_a_person_only(
    connected: Lab, model: ScriptedModel, request: pytest.FixtureRequest
) -> None:
    add_echo(connected)
    panel: Panel = request.getfixturevalue("panel")
    panel.write("/tool echo ask {}")
    expect(panel.at("question")).to_be_visible()
    panel.at("stop").click()
    card = panel.at("unknown")
    expect(card).to_contain_text(re.compile("It is not known whether .+ finished. It was not run again."))
    pictures(panel, "unknown", card.locator(".jp-Mandrake-strong"))
    panel.reload()
    card.get_by_role("button", name="Run again…").click()
    dialog = panel.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("If it finished the first time, it is now done twice.")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Cancel").click()
    expect(panel.page.get_by_test_id("mandrake-message")).to_have_count(2)
    card.get_by_role("button", name="Run again…").click()
    dialog.get_by_role("button", name="Run again").click()
    expect(panel.at("question")).to_be_visible()
    expect(card).to_have_count(0)
    panel.at("stop").click()
    model.answers = [Answer(("Then without.",))]
    card.get_by_role("button", name="Go on without").click()
    expect(panel.message("assistant")).to_contain_text("Then without.")
    panel.complete()


def test_a_chat_at_work_in_another_jupyter_is_read_here_and_written_to_when_that_is_over(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    """Two Jupyter servers on the same data, as two terminals of one person make them."""
    panel.write("Hello")
    panel.complete()
    chat = connected.api("GET", "mandrake/sessions")[0]
    gate = model.gate()
    model.answers = [Answer(("Word by ", "word."), gates={1: gate})]
    other = Lab(connected.home, connected.root)
    try:
        other.start()
        messages = f"mandrake/workspaces/{chat['workspace_id']}/sessions/{chat['id']}/messages"
        other.api("POST", messages, {"content": "From elsewhere", "wait": 0})
        panel.reload()
        expect(panel.at("elsewhere-banner").get_by_role("status")).to_have_text(
            "This chat is at work in another Jupyter. You can read it here."
        )
        expect(panel.message("assistant")).to_contain_text("Word by")
        expect(panel.input).not_to_be_editable()
        expect(panel.input).to_have_attribute("placeholder", "At work in another Jupyter: read only here")
        expect(panel.at("send")).to_be_disabled()
        expect(panel.at("stop")).to_have_count(0)
        pictures(panel, "elsewhere", panel.at("elsewhere-banner").get_by_role("status"))
        model.answers = [Answer(("Said in the copy.",))]
        panel.at("open-copy").click()
        expect(panel.at("title")).to_have_text("Hello (copy)")
        expect(panel.at("error")).to_contain_text("This answer was at work when the chat was copied.")
        expect(panel.message("user")).to_contain_text("From elsewhere")
        panel.at("error").get_by_role("button", name="Start over").click()
        expect(panel.message("assistant")).to_contain_text("Said in the copy.")
        panel.at("all-chats").click()
        panel.page.get_by_role("button", name="Hello", exact=True).click()
        expect(panel.at("elsewhere-banner")).to_be_visible()
        gate.open()
        expect(panel.message("assistant")).to_contain_text("Word by word.")
        expect(panel.at("elsewhere-banner")).to_have_count(0)
        panel.write("And now here")
        panel.complete()
        expect(panel.message("assistant")).to_contain_text("And now here")
    finally:
        other.stop()


def test_a_store_that_another_program_holds_keeps_what_was_typed_and_is_tried_again(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    panel.write("Before")
    panel.complete()
    with closing(sqlite3.connect(database(connected), isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        panel.write("While it is held")
        card = panel.at("error")
        expect(card).to_contain_text("another program holds the chat database.")
        expect(panel.message("user")).to_contain_text("While it is held")
        expect(panel.at("retry")).to_have_count(0)
        banner = panel.at("store-banner")
        expect(banner).to_contain_text("Nothing can be stored: another program holds the chat database.")
        expect(banner).to_contain_text("What was stored is kept, and can be read. Close")
        words = banner.locator(".jp-Mandrake-strong")
        pictures(panel, "store-locked", card.locator(".jp-Mandrake-strong"), words)
        panel.at("all-chats").click()
        expect(banner).to_be_visible()
        panel.at("all-chats").click()
        holder.execute("ROLLBACK")
    expect(banner).to_have_count(0)
    card.get_by_role("button", name="Try again").click()
    panel.complete()
    expect(card).to_have_count(0)
    expect(panel.page.get_by_test_id("mandrake-message")).to_have_count(4)


@pytest.fixture
def newer(model: ScriptedModel, tmp_path: Path) -> Iterator[Lab]:
    """A lab whose chats were stored by a version to come."""
    home, root = tmp_path / "own", tmp_path / "project"
    with running_lab(home, root) as lab:
        lab.connect(model.url)
        chat = lab.api("POST", "mandrake/workspaces/default/sessions", {"name": "Kept"})["id"]
        lab.api("POST", f"mandrake/workspaces/default/sessions/{chat}/messages", {"content": "Said long ago"})
    with closing(sqlite3.connect(database(lab))) as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
        file.commit()
    with running_lab(home, root) as lab:
        yield lab


def test_chats_of_a_newer_version_are_read_and_a_message_to_them_is_kept_in_words(
    newer: Lab, page: Page
) -> None:
    panel = Panel(page, newer).open()
    panel.at("all-chats").click()
    panel.page.get_by_role("button", name="Kept").first.click()
    expect(panel.message("assistant")).to_contain_text("Said long ago")
    panel.write("One more")
    card = panel.at("error")
    expect(card).to_contain_text("Your chats were stored by a newer version of Mandrake")
    expect(card).to_contain_text("All of them are kept. To go on with them, update mandrake-jupyter.")
    expect(panel.message("user")).to_contain_text("One more")
    pictures(panel, "store-newer", card.locator(".jp-Mandrake-strong"))
    panel.message("user").hover()
    panel.message("user").get_by_role("button", name="Edit message").click()
    expect(panel.at("editor").get_by_role("textbox")).to_have_value("One more")
