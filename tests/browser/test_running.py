"""Chats and MCP servers stand beside kernels in Lab's Running sidebar, and are shut down there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from tests.support.mcp_leaks import until

from .labserver import Lab
from .panel import Panel
from .running import RunningSidebar
from .scripted_model import Answer, ScriptedModel
from .test_journey import add_notes_server
from .test_panel import SHOTS, contrast

SERVERS = "mandrake/workspaces/default/mcp-servers"


@pytest.fixture
def running(panel: Panel, connected: Lab, model: ScriptedModel, tmp_path: Path) -> Iterator[RunningSidebar]:
    """The sidebar beside a kernel, the chat "Plot the sales", which has answered, and the MCP server "notes", which runs."""
    kernel = connected.api("POST", "api/kernels", {"name": "python3"})["id"]
    add_notes_server(connected, tmp_path / "notes")
    model.answers = [Answer(("Here is the plot.",))]
    panel.write("Plot the sales")
    panel.complete()
    connected.api("POST", f"{SERVERS}/notes/start")
    yield RunningSidebar(panel.page).open()
    connected.api("DELETE", f"api/kernels/{kernel}")
    connected.api("DELETE", f"{SERVERS}/notes")
    for session in connected.api("GET", "mandrake/sessions"):
        connected.api("DELETE", f"mandrake/workspaces/default/sessions/{session['id']}")


def test_a_chat_and_an_mcp_server_stand_beside_a_kernel_and_are_shut_down_there(
    connected: Lab, panel: Panel, running: RunningSidebar
) -> None:
    program = psutil.Process(connected.api("GET", f"{SERVERS}/notes")["pid"])
    expect(running.rows("Kernels")).not_to_have_count(0)
    expect(running.state("Chats", "Plot the sales")).to_have_text("Idle")
    expect(running.state("MCP servers", "notes")).to_have_text(re.compile(r"^Ready( · \d+ MB)?$"))

    running.shut_down("MCP servers", "notes")
    expect(running.rows("MCP servers")).to_have_count(0)
    until(lambda: not program.is_running())  # else the program of the MCP server goes on
    running.shut_down("Chats", "Plot the sales")
    expect(running.row("Chats", "Plot the sales")).to_have_count(0)
    expect(panel.page.locator(".jp-Dialog")).to_have_count(0)
    expect(running.rows("Kernels")).not_to_have_count(0)

    panel.reload()
    expect(panel.message("user")).to_contain_text("Plot the sales")
    expect(panel.message("assistant")).to_contain_text("Here is the plot.")


def test_what_happens_elsewhere_shows_without_a_refresh(connected: Lab, running: RunningSidebar) -> None:
    """Well before any list is looked at anew by itself: only the stream can have told."""
    expect(running.state("MCP servers", "notes")).to_contain_text("Ready")
    connected.api("POST", f"{SERVERS}/notes/stop")
    expect(running.rows("MCP servers")).to_have_count(0, timeout=9000)
    connected.api("POST", f"{SERVERS}/notes/start")
    expect(running.state("MCP servers", "notes")).to_contain_text("Ready", timeout=9000)


def test_a_page_that_nobody_sees_hangs_up_and_catches_up_when_it_is_seen(
    connected: Lab, panel: Panel, running: RunningSidebar
) -> None:
    page = panel.page
    expect(running.state("MCP servers", "notes")).to_contain_text("Ready")
    look = "hidden => { Object.defineProperty(document, 'hidden', {get: () => hidden, configurable: true});"
    look += " document.dispatchEvent(new Event('visibilitychange')); }"
    with page.expect_event("requestfailed", lambda request: "/mandrake/events" in request.url):
        page.evaluate(look, True)
    connected.api("POST", f"{SERVERS}/notes/stop")
    with page.expect_request(re.compile(r"/mandrake/events\?after=\d+")):
        page.evaluate(look, False)
    expect(running.rows("MCP servers")).to_have_count(0, timeout=9000)


def test_a_chat_that_answers_is_named_before_it_is_cut_off(
    connected: Lab, model: ScriptedModel, panel: Panel, running: RunningSidebar
) -> None:
    model.answers = [Answer(("It begins", " and never ends."), gates={1: model.gate()})]
    panel.page.evaluate("() => window.jupyterapp.shell.activateById('mandrake-panel')")
    panel.write("Go on for ever")
    expect(panel.message("assistant")).to_contain_text("It begins")
    running.open()
    expect(running.state("Chats", "Plot the sales")).to_have_text(re.compile(r"^Answering( · \d+ s)?$"))

    dialog = running.shut_down_all("Chats")
    expect(dialog).to_contain_text("“Plot the sales” is answering.")
    dialog.get_by_role("button", name="Cancel").click()
    running.shut_down("Chats", "Plot the sales")
    expect(panel.page.locator(".jp-Dialog")).to_contain_text("“Plot the sales” is answering.")
    panel.page.locator(".jp-Dialog").get_by_role("button", name="Shut Down").click()
    model.wait_until_hung_up()
    expect(running.rows("Chats").filter(has_text="Answering")).to_have_count(0)
    panel.page.evaluate("() => window.jupyterapp.shell.activateById('mandrake-panel')")
    expect(panel.message("assistant")).to_have_attribute("data-status", "failed")
    expect(panel.message("assistant")).to_contain_text("It begins")


def test_rows_lead_to_what_they_name(panel: Panel, running: RunningSidebar) -> None:
    panel.page.evaluate("() => window.jupyterapp.shell.activateById('mandrake-panel')")
    panel.new_chat()
    running.open()
    running.row("Chats", "Plot the sales").locator(".jp-RunningSessions-itemLabel").click()
    expect(panel.at("title")).to_have_text("Plot the sales")
    running.open()
    running.row("MCP servers", "notes").locator(".jp-RunningSessions-itemLabel").click()
    expect(panel.page.locator("#mandrake-mcp-servers")).to_contain_text("notes")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_sections_look_as_lab_s_own(theme: str, panel: Panel, running: RunningSidebar) -> None:
    panel.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", f"JupyterLab {theme}"
    )
    expect(panel.page.locator("body")).to_have_attribute("data-jp-theme-name", f"JupyterLab {theme}")
    expect(running.state("MCP servers", "notes")).to_contain_text("Ready")
    SHOTS.mkdir(exist_ok=True)
    running.node.screenshot(path=SHOTS / f"running-{theme.lower()}.png")
    own, labs = (running.rows(section).first.bounding_box() for section in ("Chats", "Open Tabs"))
    assert own is not None
    assert labs is not None
    assert own["height"] == labs["height"]
    for words in (running.row("Chats", "Plot the sales"), running.state("MCP servers", "notes")):
        assert contrast(words) >= 4.5
