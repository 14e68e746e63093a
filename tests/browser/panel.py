"""The panel as a person uses it: what can be seen and pressed, by the ids the panel promises
(`data-testid`).
"""

from __future__ import annotations

import re
import time

from playwright.sync_api import Locator, Page, expect

from .labserver import Lab, with_patience

PANEL = "mandrake-panel"
SAVED = 60.0
SPLASH = 100_000


class Panel:
    """One page with JupyterLab; `open()` shows the panel in it."""

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page = page
        self.lab = lab

    def open(self, path: str = "lab?reset") -> Panel:
        self.page.goto(self.lab.page(path))
        return self._shown()

    def reload(self) -> Panel:
        """As F5 does: nothing is reset, and what the panel knew only in the page is gone."""
        self.until_saved()
        self.page.goto(self.lab.page("lab"))
        return self._shown()

    def new_chat(self) -> Panel:
        self.at("new-chat").click()
        expect(self.message("user", 0)).to_have_count(0)
        return self

    def at(self, name: str) -> Locator:
        return self.page.get_by_test_id(f"mandrake-{name}")

    def message(self, role: str, number: int = -1) -> Locator:
        return self.page.locator(f'[data-testid="mandrake-message"][data-role="{role}"]').nth(number)

    def write(self, text: str) -> None:
        """Types a message and presses Enter."""
        box = self.input
        box.click()
        box.press_sequentially(text)
        expect(box).to_have_value(text)
        box.press("Enter")

    @property
    def input(self) -> Locator:
        """The field itself, whether the id is on it or around it."""
        found = self.at("input")
        return found.locator("textarea:visible").or_(found.and_(self.page.locator("textarea"))).first

    def complete(self) -> None:
        """Waits until the last answer has ended; fails with its words when it ended otherwise than whole."""
        answer = self.message("assistant")
        expect(answer).to_have_attribute("data-status", re.compile("complete|failed|cancelled"))
        assert answer.get_attribute("data-status") == "complete", answer.inner_text()

    def _shown(self) -> Panel:
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=SPLASH)
        self.page.wait_for_function("() => window.jupyterapp?.restored")
        self.page.evaluate(
            f"() => window.jupyterapp.restored.then(() => window.jupyterapp.shell.activateById('{PANEL}'))"
        )
        expect(self.at("panel")).to_be_visible()
        expect(self.input).to_be_visible()
        expect(self.page.locator("#jp-main-dock-panel .jp-mod-current")).to_have_count(1)
        return self

    def until_saved(self) -> None:
        """Until JupyterLab has saved that the newest chat is open. It keeps its state for up to a second before it sends it;
        a person is slower than that.
        """
        newest = self.lab.api("GET", "mandrake/sessions")[0]["id"]
        until = time.monotonic() + SAVED
        while time.monotonic() < until:
            saved = self.lab.api("GET", "lab/api/workspaces/default")["data"].get(
                "mandrake-jupyter:panel", {}
            )
            if saved.get("session_id") == newest:
                return
            with_patience()
        raise AssertionError(f"JupyterLab did not save within {SAVED} s that chat {newest} is open")
