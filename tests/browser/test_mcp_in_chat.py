"""What MCP servers offer inside a chat, as a person meets it: a question, a prompt, a resource."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from .labserver import Lab
from .panel import Panel
from .scripted_model import Answer, ScriptedModel
from .test_panel import SHOTS, contrast

ECHO = Path(__file__).parents[1] / "support" / "mcp_echo.py"
SERVERS = "mandrake/workspaces/default/mcp-servers"


@pytest.fixture
def echo(connected: Lab, request: pytest.FixtureRequest) -> Panel:
    """The panel of a project with the echo server, started."""
    if not any(server["name"] == "echo" for server in connected.api("GET", SERVERS)):
        entry = {"command": sys.executable, "args": [str(ECHO)]}
        connected.api("POST", SERVERS, {"name": "echo", "entry": entry})
        connected.api("POST", f"{SERVERS}/echo/start", {})
    panel: Panel = request.getfixturevalue("panel")  # opened once it is there
    return panel


def in_both_themes(panel: Panel, name: str, text: Locator) -> None:
    """Pictures for people; and `text` can be read in both."""
    SHOTS.mkdir(exist_ok=True)
    for theme, word in (("JupyterLab Light", "light"), ("JupyterLab Dark", "dark")):
        panel.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
        )
        expect(panel.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        expect(panel.page.locator("#jupyterlab-splash")).to_have_count(0)
        panel.page.screenshot(path=SHOTS / f"{name}-{word}.png")
        assert contrast(text) >= 4.5


def test_a_question_is_shown_without_taking_the_focus_and_answered_with_its_form(echo: Panel) -> None:
    echo.write("/tool echo order {}")
    card = echo.at("question")
    expect(card).to_contain_text("echo asks")
    expect(card).to_contain_text("What shall it be?")
    expect(echo.at("status")).to_contain_text("echo asks: What shall it be?")
    expect(echo.input).to_be_focused()
    expect(echo.at("tool-card")).to_contain_text("Waits for you")
    echo.at("question-answer").click()
    expect(card.get_by_text("This is needed.")).to_have_count(2)
    card.get_by_label("Name").fill("A")
    card.get_by_label("Size").select_option("Large")
    card.get_by_label("ribbon").check()
    echo.at("question-answer").click()
    expect(card.get_by_role("alert")).to_have_text("name: it needs at least 2 characters.")
    in_both_themes(echo, "question", card.get_by_text("What shall it be?"))
    card.get_by_label("Name").fill("Ada")
    card.get_by_label("Name").press("Enter")
    echo.complete()
    said = 'accept {"count": 1, "extras": ["ribbon"], "gift": false, "name": "Ada", "size": "l"}'
    expect(echo.at("tool-result")).to_have_text(said)
    expect(echo.at("question-end")).to_have_text("You answered echo.")
    expect(card).to_have_count(0)


def test_an_open_question_survives_a_reload_and_is_declined(echo: Panel) -> None:
    echo.write("/tool echo ask {}")
    expect(echo.at("question")).to_contain_text("Which colour?")
    echo.reload()
    expect(echo.at("question")).to_contain_text("Which colour?")
    echo.page.keyboard.press("Alt+Shift+P")
    expect(echo.at("question")).to_be_focused()
    echo.at("question-decline").click()
    echo.complete()
    expect(echo.at("question-end")).to_have_text("You declined what echo asked.")


def test_a_page_opens_by_a_press_only_and_says_its_host(echo: Panel) -> None:
    page = f"{echo.lab.url}mandrake/health/live?of=sign-in"
    echo.write(f'/tool echo sign_in {{"url": "{page}"}}')
    card = echo.at("question")
    expect(card).to_contain_text("Please sign in.")
    expect(card).to_contain_text(page)
    opener = echo.at("question-open")
    expect(opener).to_have_attribute("rel", "noopener noreferrer")
    assert len(echo.page.context.pages) == 1
    in_both_themes(echo, "question-page", card.get_by_text("Please sign in."))
    with echo.page.context.expect_page() as opened:
        opener.click()
    expect(opened.value).to_have_url(page)
    opened.value.close()
    echo.complete()
    expect(echo.at("tool-result")).to_have_text("accept")


def test_an_answer_from_elsewhere_closes_the_card_and_says_so(echo: Panel, connected: Lab) -> None:
    echo.write("/tool echo ask {}")
    expect(echo.at("question")).to_be_visible()
    chat = connected.api("GET", "mandrake/sessions")[0]
    run = f"mandrake/workspaces/{chat['workspace_id']}/sessions/{chat['id']}/runs/{chat['active_run']['id']}"
    question = connected.api("GET", run)["question"]["question_id"]
    body = {"action": "accept", "content": {"colour": "red"}}
    connected.api("POST", f"{run}/questions/{question}", body)
    expect(echo.at("question")).to_have_count(0)
    expect(echo.at("question-end")).to_have_text("echo asked something. It was answered elsewhere.")


def options(panel: Panel) -> Locator:
    return panel.page.get_by_role("option")


def test_a_prompt_is_written_with_the_menu_and_filled_in_for_the_model(
    echo: Panel, model: ScriptedModel
) -> None:
    model.answers = [Answer(("Hello Ada!",))]
    box = echo.input
    box.click()
    box.press_sequentially("/p")
    expect(options(echo)).to_have_text([re.compile("/prompt")])
    box.press("Enter")
    box.press_sequentially("e")
    expect(options(echo)).to_have_text([re.compile("echo.*1 prompt")])
    box.press("Enter")
    box.press_sequentially("gr")
    expect(options(echo)).to_have_text([re.compile("greet.*Greet")])
    box.press("Enter")
    expect(box).to_have_value('/prompt echo greet {"who": "')
    box.press_sequentially("A")
    expect(options(echo)).to_have_text([re.compile("Ada"), re.compile("Alan")])
    in_both_themes(echo, "prompt-menu", echo.page.get_by_text("Alan"))
    box.press("Enter")
    expect(box).to_have_value('/prompt echo greet {"who": "Ada"}')
    box.press("Enter")
    echo.complete()
    expect(echo.message("assistant")).to_contain_text("Hello Ada!")
    expect(echo.message("user")).to_contain_text('/prompt echo greet {"who": "Ada"}')
    assert model.server.requests[-1].body["messages"][-1]["content"] == "Greet Ada warmly."


def test_a_malformed_prompt_is_told_before_it_is_sent_and_stays_in_the_input(echo: Panel) -> None:
    echo.input.click()
    echo.input.fill("/prompt echo greet {")
    echo.input.press("Enter")
    expect(echo.at("draft-fault")).to_contain_text("The arguments are not JSON")
    expect(echo.input).to_have_value("/prompt echo greet {")
    expect(echo.message("user")).to_have_count(0)
    echo.input.press("}")
    expect(echo.at("draft-fault")).to_have_count(0)


def test_a_resource_is_picked_with_the_keyboard_and_sent(echo: Panel, model: ScriptedModel) -> None:
    model.answers = [Answer(("Two lines.",))]
    echo.at("attach").click()
    echo.page.get_by_role("menuitem", name="Resource of an MCP server…").click()
    expect(echo.at("resource").first).to_be_visible()
    echo.at("resources-filter").fill("note")
    expect(echo.at("resource")).to_have_text([re.compile("Notes.*echo://notes.*text/plain")])
    in_both_themes(echo, "resource-picker", echo.page.get_by_text("Attach a resource of"))
    echo.at("resources-filter").press("Enter")
    expect(echo.page.get_by_text("echo: Notes")).to_be_visible()
    expect(echo.input).to_be_focused()
    echo.write("Sum up")
    echo.complete()
    expect(echo.message("user")).to_contain_text("echo: Notes")
    in_both_themes(echo, "resource-sent", echo.message("user").get_by_text("Sum up"))
    assert "one\ntwo" in model.server.requests[-1].body["messages"][-1]["content"]
