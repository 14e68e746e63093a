"""The list of MCP servers as a person uses it, by the ids it promises (`data-testid`)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from .panel import Panel

TALKING = Path(__file__).with_name("talking_server.py")


def entry(script: Path = TALKING, **more: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": [str(script)], **more}


class McpView:
    """Opened from the panel; `loads` counts what would be a reload of the page."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.page = panel.page
        self.log_requests: list[str] = []
        self.page.on("request", lambda request: self._note(request.url))
        self.page.evaluate("() => { window.mandrakeSamePage = true; }")
        panel.at("mcp-servers").click()
        expect(self.page.locator("#mandrake-mcp-servers")).to_be_visible()

    def at(self, name: str) -> Locator:
        return self.page.get_by_test_id(f"mandrake-{name}")

    def row(self, name: str) -> Locator:
        return self.page.locator(f'[data-testid="mandrake-mcp-row"][data-name="{name}"]')

    def open(self, name: str) -> Locator:
        row = self.row(name)
        row.get_by_role("button", name=name, exact=True).click()
        expect(row.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-expanded", "true")
        return row

    def press(self, name: str, action: str) -> None:
        self.row(name).locator(f'[data-action="{action}"]').click()

    def paste(self, **servers: Any) -> None:
        self.at("mcp-paste").fill(json.dumps({"mcpServers": servers}))
        expect(self.at("mcp-preview")).to_have_count(len(servers))

    def tool(self, name: str) -> Locator:
        return self.page.locator(f'[data-testid="mandrake-mcp-tool"][data-name="{name}"]')

    def edit(self) -> Locator:
        self.at("mcp-edit").click()
        expect(self.editor).to_be_visible()
        return self.at("config-dialog")

    @property
    def editor(self) -> Locator:
        return self.at("config-editor").locator("[contenteditable]")

    def write(self, text: str) -> None:
        """Replaces all that is in the editor."""
        self.editor.click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(text)

    def is_still_the_same_page(self) -> bool:
        return bool(self.page.evaluate("() => window.mandrakeSamePage === true"))

    def _note(self, url: str) -> None:
        if "/logs?" in url:
            self.log_requests.append(url)
