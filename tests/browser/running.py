"""Lab's Running sidebar as a person uses it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

SIDEBAR = "jp-running-sessions"


class RunningSidebar:
    """The list of what runs, of the page that is open."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self) -> RunningSidebar:
        self.page.evaluate(f"() => window.jupyterapp.shell.activateById('{SIDEBAR}')")
        expect(self.node).to_be_visible()
        return self

    @property
    def node(self) -> Locator:
        return self.page.locator(f"#{SIDEBAR}")

    def section(self, name: str) -> Locator:
        return self.node.get_by_role("region", name=f"{name} Section", exact=True)

    def rows(self, section: str) -> Locator:
        return self.section(section).locator(".jp-RunningSessions-item")

    def row(self, section: str, label: str) -> Locator:
        words = self.page.locator(".jp-RunningSessions-itemLabel").get_by_text(label, exact=True)
        return self.rows(section).filter(has=words)

    def state(self, section: str, label: str) -> Locator:
        return self.row(section, label).locator(".jp-RunningSessions-itemDetail")

    def shut_down(self, section: str, label: str) -> None:
        row = self.row(section, label)
        row.hover()
        row.locator(".jp-RunningSessions-itemShutdown").click()

    def shut_down_all(self, section: str) -> Locator:
        """Presses the button of the section; answers with the question that it brings."""
        title = self.node.locator(".jp-AccordionPanel-title").filter(has_text=section)
        title.get_by_text("Shut Down All").click()
        return self.page.locator(".jp-Dialog")
