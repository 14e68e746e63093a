"""Pictures of the panel for people, as wide and as narrow as it gets, in both themes; and that they can be read."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from .panel import PANEL, Panel
from .test_panel import SHOTS, contrast

WIDTHS = (380, 280)
THEMES = (("JupyterLab Light", "light"), ("JupyterLab Dark", "dark"))


def pictures(
    panel: Panel, name: str, *texts: Locator, hover: Locator | None = None, widths: tuple[int, ...] = WIDTHS
) -> None:
    """Nothing is wider than the column, and each of `texts` stands out from its ground by 4.5 to 1."""
    SHOTS.mkdir(exist_ok=True)
    page = panel.page
    for width in widths:
        as_wide(panel, width)
        for theme, word in THEMES:
            page.evaluate(
                "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
            )
            expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
            expect(page.locator("#jupyterlab-splash")).to_have_count(0)
            if hover is not None:
                hover.hover()
            panel.at("panel").screenshot(path=SHOTS / f"{name}-{width}-{word}.png")
            for text in texts:
                ratio = contrast(text)
                assert ratio >= 4.5, f"{text} in {word}: {ratio:.1f} to 1"
        wide = page.evaluate(
            "() => [...document.querySelectorAll('.jp-Mandrake-scroll, .jp-Mandrake-input-box')]"
            ".map(it => it.scrollWidth - it.clientWidth)"
        )
        assert max(wide) <= 0, f"something is wider than the panel at {width} px"


def as_wide(panel: Panel, width: int) -> None:
    """The side area drawn to `width`, as a person does it."""
    page = panel.page
    box = page.locator(f"#{PANEL}").bounding_box()
    assert box
    if round(box["width"]) != width:
        edge = box["x"] + box["width"] + 2
        page.mouse.move(edge, 300)
        page.mouse.down()
        page.mouse.move(edge + width - box["width"], 300, steps=4)
        page.mouse.up()
        page.mouse.move(edge + 400, 400)
    page.wait_for_function(
        "([id, width]) => Math.abs(document.getElementById(id).offsetWidth - width) <= 2",
        arg=[PANEL, width],
    )
