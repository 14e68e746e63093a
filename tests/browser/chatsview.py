"""The list of chats and the search as a person uses them, by the ids they promise (`data-testid`)."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from .panel import Panel

CHATS = "mandrake/workspaces/default/sessions"


class ChatsView:
    """The list, opened from the panel."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.page = panel.page
        self.lab = panel.lab

    def open(self) -> ChatsView:
        if self.at("all-chats").get_attribute("aria-pressed") != "true":
            self.at("all-chats").click()
        expect(self.at("chat-scroll")).to_be_visible()
        return self

    def at(self, name: str) -> Locator:
        return self.panel.at(name)

    @property
    def field(self) -> Locator:
        return self.at("search")

    def row(self, name: str) -> Locator:
        return self.at("chat").filter(has=self.page.get_by_role("button", name=name, exact=True))

    def delete(self, name: str) -> None:
        """By the row's own button, and yes to the question."""
        self.row(name).hover()
        self.row(name).get_by_role("button", name=f"Delete {name}").click()
        self.answer("Delete")

    def answer(self, button: str) -> None:
        self.page.locator(".jp-Dialog").get_by_role("button", name=button, exact=True).click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0)

    def menu(self, item: str) -> None:
        """Chooses from the menu that is open."""
        self.page.locator(".lm-Menu").get_by_text(item, exact=True).click()

    def search(self, words: str) -> None:
        """Types `words` and waits until what was found is the answer to them."""
        with self.page.expect_response(lambda response: "/mandrake/search?" in response.url):
            self.field.fill(words)

    def chosen(self) -> Locator:
        """What the field says is chosen, as a screen reader follows it."""
        return self.page.locator(f"#{self.field.get_attribute('aria-activedescendant')}")


def chat(panel: Panel, name: str) -> str:
    """A chat with this name, made as a script makes it; answers its id."""
    return str(panel.lab.api("POST", CHATS, {"name": name})["id"])


def drag_to(panel: Panel, width: int) -> None:
    """Makes the side bar so many pixels wide, as a person does."""
    box = panel.page.locator("#jp-left-stack").bounding_box()
    assert box is not None
    edge = box["x"] + box["width"] + 1
    panel.page.mouse.move(edge, 400)
    panel.page.mouse.down()
    panel.page.mouse.move(box["x"] + width, 400, steps=4)
    panel.page.mouse.up()


def in_theme(panel: Panel, word: str) -> None:
    theme = f"JupyterLab {word.capitalize()}"
    panel.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    expect(panel.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    expect(panel.page.locator("#jupyterlab-splash")).to_have_count(0)
