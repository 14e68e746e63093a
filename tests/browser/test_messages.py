"""What was said is edited, asked again and deleted in its place."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from .labserver import Lab
from .panel import Panel
from .pictures import pictures
from .scripted_model import Answer, ScriptedModel

BUSY = re.compile("Wait for the answer, or stop it")


def history(lab: Lab, query: str = "") -> list[dict[str, Any]]:
    """The messages of the newest chat."""
    chat = lab.api("GET", "mandrake/sessions")[0]["id"]
    found: list[dict[str, Any]] = lab.api(
        "GET", f"mandrake/workspaces/default/sessions/{chat}/messages{query}"
    )
    return found


def said(messages: list[dict[str, Any]]) -> list[str]:
    return [message["parts"][0]["content"] for message in messages]


def two_turns(panel: Panel, model: ScriptedModel) -> None:
    model.answers = [Answer(("One.",)), Answer(("Two.",))]
    panel.write("First")
    panel.complete()
    panel.write("Second")
    expect(panel.message("assistant", 1)).to_contain_text("Two.")
    panel.complete()


def test_a_message_is_edited_in_place_and_what_follows_is_replaced(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    two_turns(panel, model)
    own = panel.message("user", 0)
    pictures(panel, "own-message", own.locator(".jp-Mandrake-time"), hover=own)
    panel.message("user", 0).get_by_role("button", name="Edit message").click()
    box = panel.at("editor").get_by_role("textbox", name="Edit message")
    expect(box).to_be_focused()
    expect(box).to_have_value("First")
    expect(panel.at("editor")).to_contain_text("What follows is replaced by a new answer.")
    box.press("Shift+Enter")
    box.press_sequentially("and more")
    expect(box).to_have_value("First\nand more")
    note = panel.at("editor").get_by_text("What follows is replaced")
    pictures(panel, "editing", note)
    model.answers = [Answer(("One anew.",))]
    box.press("Enter")
    expect(panel.at("editor")).to_have_count(0)
    expect(panel.message("assistant")).to_contain_text("One anew.")
    panel.complete()
    expect(panel.input).to_be_focused()
    expect(panel.message("user", 0)).to_contain_text("First\nand more")
    expect(panel.page.get_by_test_id("mandrake-message")).to_have_count(2)
    assert said(history(connected)) == ["First\nand more", "One anew."]
    assert len(history(connected, "?replaced=true")) == 6, "what was replaced is no longer stored"
    panel.reload()
    expect(panel.page.get_by_test_id("mandrake-message")).to_have_count(2)


def test_escape_leaves_a_message_as_it_was(connected: Lab, model: ScriptedModel, panel: Panel) -> None:
    two_turns(panel, model)
    pencil = panel.message("user", 1).get_by_role("button", name="Edit message")
    pencil.focus()
    pencil.press("Enter")
    box = panel.at("editor").get_by_role("textbox")
    box.fill("Something else")
    box.press("Escape")
    expect(panel.at("editor")).to_have_count(0)
    expect(pencil).to_be_focused()
    expect(panel.message("user", 1)).to_contain_text("Second")


def test_what_was_typed_stays_when_the_edit_is_refused(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    """Another window asks meanwhile: the chat is at work, and this one does not know yet."""
    two_turns(panel, model)
    panel.message("user", 0).hover()
    panel.message("user", 0).get_by_role("button", name="Edit message").click()
    box = panel.at("editor").get_by_role("textbox")
    box.fill("Typed with care")
    panel.page.route(
        re.compile(r"/messages(\?|$)"),
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )
    box.press("Enter")
    expect(panel.at("editor").get_by_role("alert")).to_contain_text("Jupyter can’t be reached.")
    expect(box).to_have_value("Typed with care")
    expect(box).to_be_focused()
    expect(panel.message("assistant", 1)).to_contain_text("Two.")
    panel.page.unroute_all()
    model.answers = [Answer(("Answered after all.",))]
    box.press("Enter")
    expect(panel.message("assistant")).to_contain_text("Answered after all.")


def test_the_last_answer_is_asked_for_again_at_once_an_earlier_one_after_a_question(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    two_turns(panel, model)
    model.answers = [Answer(("Two anew.",))]
    answer = panel.message("assistant", 1)
    pictures(panel, "footer", answer.locator(".jp-Mandrake-usage > span").first, hover=answer)
    panel.message("assistant", 1).get_by_role("button", name="Answer again").click()
    expect(panel.message("assistant", 1)).to_contain_text("Two anew.")
    expect(panel.page.locator(".jp-Dialog")).to_have_count(0)
    panel.complete()
    assert said(history(connected)) == ["First", "One.", "Second", "Two anew."]

    panel.message("assistant", 0).hover()
    panel.message("assistant", 0).get_by_role("button", name="Answer again").click()
    dialog = panel.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("What follows is replaced by a new answer.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(panel.page.get_by_test_id("mandrake-message")).to_have_count(4)
    model.answers = [Answer(("One anew.",))]
    panel.message("assistant", 0).hover()
    panel.message("assistant", 0).get_by_role("button", name="Answer again").click()
    dialog.get_by_role("button", name="Answer again").click()
    expect(panel.message("assistant", 0)).to_contain_text("One anew.")
    expect(panel.page.get_by_test_id("mandrake-message")).to_have_count(2)


def test_while_an_answer_is_at_work_nothing_before_it_is_changed(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    two_turns(panel, model)
    gate = model.gate()
    model.answers = [Answer(("Thr", "ee."), gates={1: gate})]
    panel.write("Third")
    expect(panel.message("assistant", 2)).to_contain_text("Thr")
    edit = panel.message("user", 0).get_by_role("button", name=re.compile("^Edit message"))
    expect(edit).to_have_attribute("aria-disabled", "true")
    expect(edit).to_have_attribute("title", BUSY)
    edit.press("Enter")
    expect(panel.at("editor")).to_have_count(0)
    gate.open()
    panel.complete()
    expect(edit).to_have_attribute("aria-disabled", "false")


def test_a_deleted_message_comes_back_in_its_place_or_is_gone(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    """By keyboard; also after a reload what was deleted stays so."""
    two_turns(panel, model)
    remove = panel.message("user", 0).get_by_role("button", name="Delete message and answer")
    remove.focus()
    remove.press("Enter")
    messages = panel.page.get_by_test_id("mandrake-message")
    expect(messages).to_have_count(2)
    expect(panel.input).to_be_focused()
    bar = panel.at("undo-bar")
    expect(bar).to_contain_text("Message “First” was deleted.")
    expect(panel.at("title")).to_have_text("Second")
    assert said(history(connected, "?replaced=true")) == ["Second", "Two."]
    pictures(panel, "message-deleted", bar.locator("span").first)
    panel.at("undo").focus()
    panel.at("undo").press("Enter")
    expect(messages).to_have_count(4)
    expect(panel.message("user", 0)).to_contain_text("First")
    expect(panel.input).to_be_focused()
    expect(bar).to_be_empty()
    expect(panel.at("title")).to_have_text("First")

    panel.message("user", 1).hover()
    panel.message("user", 1).get_by_role("button", name="Delete message and answer").click()
    expect(messages).to_have_count(2)
    panel.reload()
    expect(messages).to_have_count(2)
    assert said(history(connected)) == ["First", "One."]


def test_what_another_page_deletes_brings_back_or_writes_is_seen_here(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    two_turns(panel, model)
    messages = panel.page.get_by_test_id("mandrake-message")
    chat = connected.api("GET", "mandrake/sessions")[0]["id"]
    path = f"mandrake/workspaces/default/sessions/{chat}/messages"
    second = history(connected)[2]["id"]
    connected.api("DELETE", f"{path}/{second}?undo=60")
    expect(messages).to_have_count(2)
    connected.api("POST", f"{path}/{second}/restore")
    expect(messages).to_have_count(4)
    panel.at("all-chats").click()
    expect(messages.first).to_be_hidden()
    model.answers = [Answer(("Three.",))]
    connected.api("POST", path, {"content": "Third"})
    panel.page.locator(f'[data-session="{chat}"] .jp-Mandrake-row-name').click()
    expect(panel.message("assistant", 2)).to_contain_text("Three.")
