"""Searching all that was said, by keyboard: what is found, opened at its message, and what is said when nothing is."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from .chatsview import CHATS, ChatsView, chat, drag_to, in_theme
from .labserver import Lab, running_lab
from .panel import Panel
from .scripted_model import Answer, ScriptedModel
from .test_panel import SHOTS, contrast

SEARCHES = "**/mandrake/search?*"
#: A flash is over before a busy machine looks for it.
NOTE_FLASH = """() => {
    window.flashed = false;
    new MutationObserver(changes => {
        window.flashed ||= changes.some(change => change.target.classList.contains('jp-mod-flash'));
    }).observe(document.body, {subtree: true, attributes: true, attributeFilter: ['class']});
}"""
LONG = "\n\n".join(f"Paragraph {number} of an answer that goes on." for number in range(40))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """With a second project beside its own."""
    own, roots = tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("roots")
    (roots / "climate-study" / ".mandrake").mkdir(parents=True)
    (own / "config").mkdir()
    config = {"ServiceRegistry": {"workspace_roots": [str(roots)]}}
    (own / "config" / "jupyter_server_config.json").write_text(json.dumps(config), "utf-8")
    with running_lab(own, tmp_path_factory.mktemp("project")) as running:
        yield running


@pytest.fixture
def chats(panel: Panel) -> ChatsView:
    return ChatsView(panel)


def say(lab: Lab, model: ScriptedModel, question: str, *answer: str, workspace: str = "default") -> str:
    """A chat in which this was said, as a script makes it; answers its id."""
    sessions = f"mandrake/workspaces/{workspace}/sessions"
    session = str(lab.api("POST", sessions, {"name": question})["id"])
    model.answers.append(Answer(answer))
    lab.api("POST", f"{sessions}/{session}/messages", {"content": question, "wait": 60})
    return session


def test_what_was_said_is_found_and_opened_at_its_message_by_keyboard_alone(
    connected: Lab, model: ScriptedModel, chats: ChatsView
) -> None:
    say(connected, model, "How to drop rows", "Use dropna when only a few rows have missing values.")
    old = say(connected, model, "Which files have gaps?", f"station.csv has missing values.\n\n{LONG}")
    model.answers = [Answer((LONG,))]
    connected.api("POST", f"{CHATS}/{old}/messages", {"content": "And then?", "wait": 60})

    chats.field.focus()
    chats.search("missing val")
    expect(chats.at("found-count")).to_have_text("2 messages in 2 chats")
    expect(chats.at("found-chat")).to_have_count(2)
    expect(chats.at("found").locator("mark").first).to_have_text("missing values")
    chats.field.press("ArrowDown")
    while "station.csv" not in chats.chosen().inner_text():
        chats.field.press("ArrowDown")
    expect(chats.field).to_be_focused()
    expect(chats.chosen()).to_have_attribute("aria-selected", "true")
    chats.page.evaluate(NOTE_FLASH)
    chats.field.press("Enter")

    message = chats.panel.message("assistant", 0)
    expect(message).to_contain_text("station.csv has missing values.")
    expect(message).to_be_focused()
    expect(message.get_by_text("station.csv has missing values.")).to_be_in_viewport()
    chats.page.wait_for_function("() => window.flashed")
    expect(message).to_have_class("jp-Mandrake-turn jp-chat-message")
    expect(message.get_by_text("station.csv has missing values.")).to_be_in_viewport()

    expect(chats.field).to_have_value("missing val")
    chats.field.press("Enter")
    expect(chats.at("found-chat")).to_have_count(2)
    chats.field.press("Escape")
    expect(chats.field).to_have_value("")
    expect(chats.at("chat-list")).to_be_visible()
    chats.field.press("Escape")
    expect(chats.panel.input).to_be_focused()


def test_a_hit_in_the_open_chat_scrolls_to_it(connected: Lab, model: ScriptedModel, chats: ChatsView) -> None:
    panel = chats.panel
    model.answers = [Answer(("The zebra is striped.",)), Answer((LONG,))]
    panel.write("Which animal?")
    panel.complete()
    panel.write("And then?")
    panel.complete()
    expect(panel.message("assistant", 0).get_by_text("The zebra")).not_to_be_in_viewport()
    chats.search("zebra")
    chats.at("hit").filter(has_text="striped").click()
    expect(panel.message("assistant", 0).get_by_text("The zebra")).to_be_in_viewport()
    expect(panel.message("assistant", 0)).to_be_focused()


def test_a_title_is_found_and_opens_its_chat(connected: Lab, chats: ChatsView) -> None:
    chat(chats.panel, "Quarterly giraffes")
    chats.search("giraff")
    expect(chats.at("found-count")).to_have_text("1 chat")
    expect(chats.chosen()).to_have_text("Quarterly giraffes")
    chats.field.press("Enter")
    expect(chats.at("title")).to_have_text("Quarterly giraffes")
    expect(chats.panel.input).to_be_focused()


def test_what_is_found_is_text_never_html(connected: Lab, model: ScriptedModel, chats: ChatsView) -> None:
    say(connected, model, "Markup", "A walrus <img src=x onerror=\"document.title='gone'\"> <b>in bold</b>.")
    chats.search("walrus")
    expect(chats.at("hit")).to_contain_text("<b>in bold</b>")
    expect(chats.at("found").locator("img")).to_have_count(0)


def test_nothing_found_says_so_and_all_projects_are_one_press_away(
    connected: Lab, model: ScriptedModel, chats: ChatsView
) -> None:
    other = next(w for w in connected.api("GET", "mandrake/workspaces") if w["name"] == "climate-study")
    connected.connect(model.url)
    sessions = f"mandrake/workspaces/{other['id']}/sessions"
    connected.api("POST", sessions, {"name": "Ocelots of the coast"})
    chats.open()
    chats.search("ocelot")
    expect(chats.at("found-count")).to_have_text("No chat holds “ocelot”.")
    with chats.page.expect_response(lambda response: "/mandrake/search?" in response.url):
        chats.at("search-all").click()
    expect(chats.field).to_be_focused()
    expect(chats.at("project-picker")).to_have_accessible_name("Project: All projects")
    expect(chats.at("found-chat")).to_contain_text("climate-study")
    chats.field.press("Enter")
    expect(chats.at("title")).to_have_text("Ocelots of the coast")
    expect(chats.at("error")).to_have_count(0)


def test_a_slow_search_shows_skeletons_and_a_failed_one_a_way_on(chats: ChatsView) -> None:
    held: list[Route] = []
    chats.page.route(SEARCHES, lambda route: held.append(route))
    with chats.page.expect_request(SEARCHES):
        chats.field.fill("lynx")
    expect(chats.at("skeleton")).to_be_visible()
    _picture(chats, "search-waits")
    held[-1].fulfill(status=503, json={"message": "The disk is full.", "code": "store_full"})
    trouble = chats.at("list-trouble")
    expect(trouble).to_contain_text("The disk is full.")
    expect(trouble).to_have_role("alert")
    _picture(chats, "search-failed")
    chats.page.unroute(SEARCHES)
    trouble.get_by_role("button", name="Try again").click()
    expect(chats.at("found-count")).to_have_text("No chat holds “lynx”.")
    expect(trouble).to_have_count(0)


def test_punctuation_and_half_a_word_are_no_error(chats: ChatsView) -> None:
    for words in ('"', "a* OR (b", "NEAR/3", "-", "%_'"):
        chats.search(words)
        expect(chats.at("found-count")).to_have_text(f"No chat holds “{words}”.")
        expect(chats.at("list-trouble")).to_have_count(0)


def test_hundreds_of_hits_are_gone_through_by_keyboard(
    connected: Lab, model: ScriptedModel, chats: ChatsView
) -> None:
    for number in range(120):
        chat(chats.panel, f"Marmot number {number}")
    chats.search("marmot")
    expect(chats.at("found-count")).to_have_text("120 chats")
    expect(chats.at("hit")).to_have_count(20)
    chats.at("found-more").click()
    expect(chats.at("hit")).to_have_count(100)
    expect(chats.at("found")).to_contain_text("More words find others.")
    chats.field.press("ArrowUp")
    expect(chats.chosen()).to_be_in_viewport()
    assert chats.chosen().get_attribute("id") == "mandrake-found-99"
    chats.field.press("PageUp")
    expect(chats.chosen()).to_have_attribute("id", "mandrake-found-89")


def test_the_search_can_be_read_in_both_themes_and_when_narrow(
    connected: Lab, model: ScriptedModel, chats: ChatsView
) -> None:
    for name in ("Otters in data", "The otter list"):
        session = say(
            connected, model, name, "Count the otters: 212 of 8,760 rows have none of them, which is few."
        )
        for more in ("one", "two"):
            connected.api("POST", f"{CHATS}/{session}/messages", {"content": f"Otter {more}", "wait": 60})
    chats.search("otter")
    expect(chats.at("found-count")).to_contain_text("in 2 chats")
    expect(chats.at("found-chat").first).to_contain_text("more")
    SHOTS.mkdir(exist_ok=True)
    for theme, width in (("light", 380), ("dark", 380), ("light", 280)):
        in_theme(chats.panel, theme)
        drag_to(chats.panel, width)
        chats.field.focus()
        narrow = "-280" if width == 280 else ""
        chats.at("panel").screenshot(path=SHOTS / f"search{narrow}-{theme}.png")
        assert contrast(chats.at("found").locator("mark").first) >= 4.5
        assert contrast(chats.at("found-count")) >= 4.5


def _picture(chats: ChatsView, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    chats.at("panel").screenshot(path=SHOTS / f"{name}.png")
