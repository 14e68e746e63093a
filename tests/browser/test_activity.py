"""What tools did in a chat, read and taken back from its menu with the keyboard alone."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import expect

from .labserver import Lab
from .panel import Panel
from .scripted_model import Answer, ScriptedModel
from .test_accessible import findings
from .test_panel import SHOTS, contrast

ECHO = Path(__file__).parents[1] / "support" / "mcp_echo.py"
SERVERS = "mandrake/workspaces/default/mcp-servers"


def test_what_tools_did_is_read_and_what_is_allowed_taken_back(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    entry = {"command": sys.executable, "args": [str(ECHO)]}
    connected.api("POST", SERVERS, {"name": "echo", "entry": entry})
    connected.api("GET", f"{SERVERS}/echo/tools")
    add = ("echo__add", {"a": 1, "b": 2})
    model.answers = [Answer(calls=(add,)), Answer(("Three.",))]
    panel.write("Add them")
    page = panel.page
    card = page.locator(".jp-Mandrake-approval")
    card.get_by_text("In this chat", exact=True).click()
    card.get_by_role("button", name="Allow").last.click()
    panel.complete()
    expect(panel.at("title")).to_have_text("Add them")

    panel.at("more").focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Activity…").click()
    dialog = page.get_by_test_id("mandrake-activity-dialog")
    expect(dialog.get_by_role("heading", level=1)).to_have_text("Activity in “Add them”")
    call = dialog.get_by_test_id("mandrake-activity-call")
    expect(call).to_have_count(1)
    expect(call).to_contain_text("add")
    expect(call).to_contain_text("Done")
    expect(call).to_contain_text("Allowed in this chat")
    grant = dialog.get_by_test_id("mandrake-activity-grant")
    expect(grant).to_contain_text("echo · In this chat")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    for theme, word in (("JupyterLab Light", "light"), ("JupyterLab Dark", "dark")):
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        dialog.screenshot(path=SHOTS / f"activity-{word}.png")
        for text in (call.locator("p").last, grant.locator("p")):
            assert contrast(text) >= 4.5
        assert findings(page, ".jp-Dialog") == []
    take_back = grant.get_by_role("button", name="Take back: add of echo, In this chat")
    take_back.focus()
    page.keyboard.press("Enter")
    expect(grant).to_have_count(0)
    expect(dialog.get_by_role("status")).to_have_text("add is asked about again from its next call on.")
    assert connected.api("GET", "mandrake/workspaces/default/grants") == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
