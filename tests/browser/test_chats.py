"""The list of chats: named, deleted and brought back, taken along as files, as far back as one scrolls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .chatsview import CHATS, ChatsView, chat, drag_to, in_theme
from .labserver import Lab, running_lab
from .panel import Panel
from .scripted_model import Answer, ScriptedModel
from .test_panel import SHOTS


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """With a second project beside its own."""
    folder = tmp_path_factory.mktemp("chats")
    roots = folder / "roots"
    (roots / "climate-study" / ".mandrake").mkdir(parents=True)
    config = folder / "own" / "config" / "jupyter_server_config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"ServiceRegistry": {"workspace_roots": [str(roots)]}}), "utf-8")
    with running_lab(folder / "own", folder / "project") as running:
        yield running


@pytest.fixture
def lab(shared: Lab) -> Lab:
    """Without a chat."""
    while left := shared.api("GET", "mandrake/sessions"):
        for one in left:
            shared.api("DELETE", f"mandrake/workspaces/{one['workspace_id']}/sessions/{one['id']}")
    return shared


@pytest.fixture
def chats(panel: Panel) -> ChatsView:
    return ChatsView(panel)


def names(lab: Lab) -> list[str]:
    return [session["name"] for session in lab.api("GET", CHATS)]


def test_a_chat_is_renamed_from_its_row_by_key_and_from_its_title(chats: ChatsView) -> None:
    lab, page = chats.lab, chats.page
    chat(chats.panel, "One name")
    chats.open().row("One name").get_by_role("button", name="One name", exact=True).focus()
    page.keyboard.press("F2")
    dialog = page.locator(".jp-Dialog")
    expect(dialog.locator("input")).to_have_value("One name")
    dialog.locator("input").fill("Another name")
    page.keyboard.press("Enter")
    expect(chats.row("Another name")).to_be_visible()
    assert names(lab) == ["Another name"]

    chats.row("Another name").get_by_role("button", name="Another name", exact=True).click()
    chats.at("title").dblclick()
    dialog.locator("input").fill("A third name")
    page.keyboard.press("Enter")
    expect(chats.at("title")).to_have_text("A third name")
    assert names(lab) == ["A third name"]


def test_a_name_that_can_not_be_kept_says_so_and_changes_nothing(chats: ChatsView) -> None:
    chat(chats.panel, "One name")
    row = chats.open().row("One name")
    row.hover()
    row.get_by_role("button", name="Rename One name").click()
    dialog = chats.page.locator(".jp-Dialog")
    dialog.locator("input").fill("n" * 100_000)
    chats.page.keyboard.press("Enter")
    expect(dialog).to_contain_text("The chat was not renamed.")
    dialog.get_by_role("button").last.click()
    expect(chats.row("One name")).to_be_visible()
    assert names(chats.lab) == ["One name"]


def test_a_deleted_chat_is_gone_at_once_and_comes_back_open_where_it_was(
    connected: Lab, model: ScriptedModel, chats: ChatsView
) -> None:
    """Undo by keyboard alone, after looking at something else meanwhile."""
    panel, page = chats.panel, chats.page
    model.answers = [Answer(("It is kept.",))]
    panel.write("Remember this")
    panel.complete()
    chat(panel, "A newer one")
    panel.at("more").click()
    chats.menu("Delete chat…")
    expect(page.locator(".jp-Dialog")).to_contain_text("Remember this")
    chats.answer("Delete")
    expect(panel.at("undo-bar")).to_contain_text("“Remember this” was deleted.")
    expect(panel.message("user")).to_have_count(0)
    assert names(connected) == ["A newer one"]

    chats.open()
    expect(chats.row("A newer one")).to_be_visible()
    expect(chats.row("Remember this")).to_have_count(0)
    undo = panel.at("undo")
    for _ in range(30):
        if undo.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.at("undo-bar")).to_be_empty()
    rows = panel.at("chat")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Remember this")
    expect(rows.nth(1).get_by_role("button").first).to_be_focused()
    panel.at("all-chats").click()
    expect(panel.at("title")).to_have_text("Remember this")
    expect(panel.message("assistant")).to_contain_text("It is kept.")


def test_each_of_several_deleted_chats_has_its_own_way_back(chats: ChatsView) -> None:
    for name in ("First", "Second", "Third"):
        chat(chats.panel, name)
    chats.open()
    chats.delete("First")
    chats.delete("Second")
    expect(chats.at("undo")).to_have_count(2)
    chats.page.get_by_role("button", name="Undo: bring back First").click()
    expect(chats.row("First")).to_be_visible()
    chats.page.get_by_role("button", name="Dismiss: Second stays deleted").click()
    expect(chats.at("undo")).to_have_count(0)
    expect(chats.field).to_be_focused()
    assert sorted(names(chats.lab)) == ["First", "Third"]


def test_after_ten_seconds_the_way_back_is_gone(chats: ChatsView) -> None:
    chat(chats.panel, "First")
    chats.page.clock.install()
    chats.open()
    chats.delete("First")
    chats.page.mouse.move(640, 400)
    expect(chats.at("undo")).to_be_visible()
    chats.page.clock.run_for(9_000)
    expect(chats.at("undo")).to_be_visible()
    chats.page.clock.run_for(2_000)
    expect(chats.at("undo")).to_have_count(0)


def test_what_is_deleted_while_it_answers_is_said_first_and_stopped(
    connected: Lab, model: ScriptedModel, chats: ChatsView
) -> None:
    panel = chats.panel
    model.answers = [Answer(("This much ", "and never this."), gates={1: model.gate()})]
    panel.write("Write without end")
    expect(panel.message("assistant")).to_contain_text("This much")
    chats.open()
    expect(chats.row("Write without end")).to_contain_text("Answering")
    row = chats.row("Write without end")
    row.hover()
    row.get_by_role("button", name="Delete Write without end").click()
    expect(chats.page.locator(".jp-Dialog")).to_contain_text("the answer is stopped first")
    chats.answer("Delete")
    model.wait_until_hung_up()
    chats.at("undo").click()
    expect(chats.row("Write without end")).not_to_contain_text("Answering")
    panel.at("all-chats").click()
    expect(panel.message("assistant")).to_contain_text("This much")


def test_a_chat_that_can_not_be_brought_back_says_why_and_stays_offered(chats: ChatsView) -> None:
    chat(chats.panel, "First")
    chats.open()
    chats.delete("First")
    refuse = {"message": "The chats are read-only at the moment.", "code": "store_read_only"}
    chats.page.route("**/restore*", lambda route: route.fulfill(status=503, json=refuse))
    chats.at("undo").click()
    expect(chats.at("undo-bar")).to_contain_text("The chats are read-only at the moment.")
    chats.page.unroute("**/restore*")
    chats.at("undo").click()
    expect(chats.row("First")).to_be_visible()


@pytest.mark.parametrize(
    ("item", "end", "begins"),
    [
        ("Export as Markdown", ".md", "#"),
        ("Export as notebook", ".ipynb", "{"),
        ("Export as JSON", ".json", "{"),
    ],
)
def test_a_chat_is_taken_along_as_a_file(
    item: str, end: str, begins: str, connected: Lab, model: ScriptedModel, chats: ChatsView
) -> None:
    panel, page = chats.panel, chats.page
    model.answers = [Answer(("Use `dropna`:\n\n```python\nframe.dropna()\n```\n",))]
    panel.write("How to drop rows?")
    panel.complete()
    with page.expect_download() as from_title:
        panel.at("more").click()
        chats.menu(item)
    with page.expect_download() as from_row:
        chats.open()
        chats.row("How to drop rows?").hover()
        chats.row("How to drop rows?").get_by_role("button", name="More about How to drop rows?").click()
        chats.menu(item)
    for download in (from_title.value, from_row.value):
        assert download.suggested_filename.startswith("How to drop rows")
        assert download.suggested_filename.endswith(end)
        text = Path(download.path()).read_text("utf-8")
        assert text.startswith(begins)
        assert "frame.dropna()" in text


def test_an_export_that_fails_says_so(connected: Lab, model: ScriptedModel, chats: ChatsView) -> None:
    chat(chats.panel, "First")
    chats.page.route("**/export?*", lambda route: route.abort())
    chats.open().row("First").click(button="right")
    chats.menu("Export as JSON")
    expect(chats.page.locator(".jp-Dialog")).to_contain_text("The chat was not exported.")


def test_a_list_that_can_not_be_had_says_so_and_is_tried_again(chats: ChatsView) -> None:
    chat(chats.panel, "First")
    chats.page.route("**/mandrake/workspaces/default/sessions?*", lambda route: route.abort())
    chats.open()
    expect(chats.at("list-trouble")).to_contain_text("Jupyter can’t be reached.")
    chats.page.unroute("**/mandrake/workspaces/default/sessions?*")
    chats.at("list-trouble").get_by_role("button", name="Try again").click()
    expect(chats.row("First")).to_be_visible()
    expect(chats.at("list-trouble")).to_have_count(0)


def test_with_a_second_project_one_picks_whose_chats_are_listed(chats: ChatsView, lab: Lab) -> None:
    other = next(w for w in lab.api("GET", "mandrake/workspaces") if w["name"] == "climate-study")
    lab.api("POST", f"mandrake/workspaces/{other['id']}/sessions", {"name": "Missing values"})
    chat(chats.panel, "How to drop rows")
    chats.open()
    expect(chats.row("How to drop rows")).to_be_visible()
    expect(chats.row("Missing values")).to_have_count(0)
    picker = chats.at("project-picker")
    expect(picker).to_have_accessible_name("Project: project")
    picker.click()
    chats.menu("All projects")
    expect(chats.row("Missing values")).to_contain_text("climate-study")
    expect(chats.row("How to drop rows")).to_contain_text("project")
    expect(picker).to_have_accessible_name("Project: All projects")
    _pictures(chats, "chats")
    picker.click()
    chats.menu("climate-study")
    expect(chats.row("How to drop rows")).to_have_count(0)
    chats.row("Missing values").get_by_role("button", name="Missing values", exact=True).click()
    expect(chats.at("title")).to_have_text("Missing values")


def test_hundreds_of_chats_come_as_one_scrolls_and_by_button(chats: ChatsView) -> None:
    """Of which few are drawn: the list costs what its visible part does. Last, for the chats of others are deleted one by one."""
    for number in range(230):
        chat(chats.panel, f"Chat {number}")
    chats.open()
    expect(chats.row("Chat 229")).to_be_visible()
    scroll = chats.at("chat-scroll")
    first = scroll.evaluate("node => node.scrollHeight")
    with chats.page.expect_response(lambda response: "after=" in response.url):
        chats.at("older").press("Enter")
    to_end = "node => { node.scrollTop = node.scrollHeight; return node.scrollHeight; }"
    while chats.row("Chat 0").count() == 0:
        scroll.evaluate(to_end)
    expect(chats.at("older")).to_have_count(0)
    assert scroll.evaluate(to_end) > 2 * first
    assert chats.at("chat").count() < 150, "rows far from what is seen were drawn"

    top = scroll.evaluate("node => node.scrollTop")
    chat(chats.panel, "The newest")
    chats.row("Chat 0").get_by_role("button", name="Chat 0", exact=True).focus()
    scroll.evaluate("node => { node.scrollTop = 0; }")
    expect(chats.row("The newest")).to_be_visible()
    expect(chats.row("Chat 0").get_by_role("button", name="Chat 0", exact=True)).to_be_focused()
    scroll.evaluate("(node, top) => { node.scrollTop = top; }", top)
    chats.row("Chat 0").get_by_role("button", name="Chat 0", exact=True).click()
    expect(chats.at("title")).to_have_text("Chat 0")


def _pictures(chats: ChatsView, name: str) -> None:
    """For people: light, dark and narrow."""
    SHOTS.mkdir(exist_ok=True)
    for theme, width in (("light", 380), ("dark", 380), ("light", 280)):
        in_theme(chats.panel, theme)
        drag_to(chats.panel, width)
        narrow = "-280" if width == 280 else ""
        chats.at("panel").screenshot(path=SHOTS / f"{name}{narrow}-{theme}.png")
