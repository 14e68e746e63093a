"""The cards of an answer, closely: what a permission says of what is left on, what is seen whole, and where the keys lead."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from .labserver import Lab
from .panel import Panel
from .pictures import as_wide
from .scripted_model import Answer, ScriptedModel
from .test_journey import add_notes_server

CODE = "frame = read_csv('a_file_with_a_long_name_in_a_folder.csv')\nframe.dropna()\n" + "print(1)\n" * 4


def two_notes(panel: Panel, model: ScriptedModel, folder: Path) -> Locator:
    """A card that asks about two calls of one tool."""
    add_notes_server(panel.lab, folder)
    calls = (("write_note", {"text": "short"}), ("write_note", {"text": CODE}))
    model.answers = [Answer(("I keep both.",), calls=calls), Answer(("So be it.",))]
    panel.write("Keep two notes")
    card = panel.at("approval")
    expect(card).to_contain_text("Allow 2 tools?")
    return card


def test_a_permission_promises_only_what_is_left_on_and_no_key_in_it_stops_the_answer(
    connected: Lab, model: ScriptedModel, panel: Panel, tmp_path: Path
) -> None:
    card = two_notes(panel, model, tmp_path / "notes")
    expect(card).to_contain_text("Both tools may run for the rest of this chat.")
    for width in (280, 380):
        as_wide(panel, width)
        code = card.get_by_label("Text").last
        expect(code).to_have_value(CODE)
        hidden = code.evaluate("it => [it.scrollHeight - it.clientHeight, it.scrollWidth - it.clientWidth]")
        assert max(hidden) <= 0, f"some of what is allowed is not seen at {width} px"
        outside = card.evaluate("it => it.scrollWidth - it.clientWidth")
        assert outside <= 0, f"the card is cut off at {width} px"

    first, second = card.get_by_role("checkbox", name="Include write_note").all()
    first.uncheck()
    expect(card).to_contain_text("“write_note” may run for the rest of this chat.")
    expect(panel.at("allow")).to_have_text("Allow 1, deny 1")
    second.uncheck()
    expect(card).to_contain_text("None of them runs.")
    expect(panel.at("allow")).to_have_text("Deny 2 tools")
    expect(card.get_by_role("radio").first).to_be_disabled()
    second.check()

    card.get_by_label("Text").last.press("Escape")
    expect(card).to_be_focused()
    panel.at("deny").press("Enter")
    panel.at("deny-reason").press("Escape")
    expect(panel.at("deny")).to_be_focused()
    panel.at("deny").press("Enter")
    card.get_by_role("button", name="Back").press("Enter")
    expect(panel.at("deny")).to_be_focused()
    expect(panel.message("assistant")).to_have_attribute("data-status", "waiting")
    panel.at("deny").press("Enter")
    panel.at("deny-reason").fill("not these")
    panel.at("deny-reason").press("Enter")
    panel.complete()
    assert "not these" in str(model.server.chats[-1]["messages"][-1])
    tool = panel.at("tool-card").last
    tool.locator("summary").click()
    arguments = tool.get_by_test_id("mandrake-tool-arguments")
    expect(arguments).to_have_text(re.compile(r"^text:\n  frame = read_csv\(.*\)\n  frame\.dropna\(\)\n"))
    arguments.focus()
    expect(arguments).to_be_focused()


def test_a_queued_message_goes_back_into_the_input_to_be_edited(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    gate = model.gate()
    model.answers = [Answer(("Long ", "answer."), gates={1: gate}), Answer(("To the second.",))]
    panel.write("First")
    expect(panel.message("assistant")).to_contain_text("Long")
    panel.write("Second")
    panel.at("take-back").click()
    expect(panel.message("user", 1)).to_have_count(0)
    expect(panel.input).to_have_value("Second")
    expect(panel.input).to_be_focused()
    panel.input.press_sequentially(", in other words")
    panel.input.press("Enter")
    expect(panel.message("user", 1)).to_contain_text("Second, in other words")
    gate.open()
    expect(panel.message("assistant", 1)).to_contain_text("To the second.")
    panel.complete()


def test_the_focus_is_never_lost_to_a_menu_or_a_button_that_goes(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    for name in ("attach", "model-picker"):
        panel.at(name).press("Enter")
        expect(panel.page.get_by_role("menuitem").first).to_be_visible()
        panel.page.keyboard.press("Escape")
        expect(panel.at(name)).to_be_focused()

    gate = model.gate()
    long = tuple(f"Line {number}.\n\n" for number in range(60))
    model.answers = [Answer((*long, *long), gates={60: gate})]
    panel.write("Write much")
    expect(panel.message("assistant")).to_contain_text("Line 59.")
    column = panel.page.get_by_role("log", name="Messages")
    column.press("Home")
    expect(column).to_have_js_property("scrollTop", 0)
    gate.open()
    panel.at("follow").press("Enter")
    expect(panel.at("follow")).to_have_count(0)
    expect(column).to_be_focused()
    panel.complete()


def test_a_demo_model_that_is_not_here_is_said_once_and_asked_when_it_came(
    connected: Lab, panel: Panel
) -> None:
    """The answer's card has the banner's ways out; who has it fetched there needs no second button to be answered."""
    models = "mandrake/workspaces/default/models"
    found = connected.api("GET", models)
    demo = next(model["id"] for model in found["models"] if model["provider"] == "demo")
    connected.api("PATCH", models, {"active": demo})
    panel.open().new_chat()
    expect(panel.at("demo-banner")).to_contain_text("The demo model is not here yet")
    panel.write("Are you there?")
    expect(panel.at("error")).to_contain_text("The demo model has not been fetched yet.")
    expect(panel.at("demo-banner")).to_have_count(0)
    expect(panel.page.get_by_role("button", name="Fetch the demo model")).to_have_count(1)

    # The download itself is not a browser's matter: the server says that it is done.
    page = panel.page
    page.route(
        re.compile(r"/models/demo/fetch"),
        lambda route: route.fulfill(status=202, json={**found["demo"], "state": "fetching"}),
    )
    states = iter(("fetching", "ready"))
    page.route(
        re.compile(r"/workspaces/[^/]+/models(\?|$)"),
        lambda route: route.fulfill(
            json={**found, "active": demo, "demo": {**found["demo"], "state": next(states, "ready")}}
        ),
    )
    with page.expect_request(re.compile(r"/messages(\?|$)")) as asked:
        panel.at("error").get_by_role("button", name="Fetch the demo model").click()
    assert asked.value.method == "POST"
    assert asked.value.post_data_json["replaces"]
    page.unroute_all()
