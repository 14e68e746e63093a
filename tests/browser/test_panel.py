"""What else a person does in the panel on the first day: examples, Stop, a refused key, another theme."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from .labserver import Lab
from .panel import Panel
from .scripted_model import Answer, ScriptedModel

SHOTS = Path(__file__).resolve().parents[2] / "test-results"


def test_an_example_is_one_click_from_its_answer(connected: Lab, model: ScriptedModel, panel: Panel) -> None:
    expect(panel.at("example").first).to_be_visible()
    panel.at("example").first.click()
    panel.complete()
    expect(panel.message("assistant")).not_to_be_empty()


def test_a_builtin_tool_answers_without_a_question(connected: Lab, panel: Panel) -> None:
    """The prompt budget of a tool of ours is 0 dialogs."""
    (connected.root / "data.csv").write_text("a,b\n1,2\n", "utf-8")
    panel.write("/tool jupyter list_files {}")
    panel.complete()
    expect(panel.at("tool-card")).to_have_attribute("data-status", "done")
    expect(panel.at("approval")).to_have_count(0)
    expect(panel.page.locator(".jp-Dialog")).to_have_count(0)


def test_stop_keeps_what_has_arrived_and_ends_the_work_at_the_model(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    model.answers = [Answer(("This much ", "and never this."), gates={1: model.gate()})]
    panel.write("Write without end")
    expect(panel.message("assistant")).to_contain_text("This much")
    panel.at("stop").click()
    expect(panel.message("assistant")).to_have_attribute("data-status", "cancelled")
    expect(panel.message("assistant")).to_contain_text("This much")
    expect(panel.at("send")).to_be_visible()
    model.wait_until_hung_up()


def test_a_refused_key_says_what_to_do_and_keeps_the_message(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    connected.connect(model.url, key="sk-of-last-year")
    model.answers = [Answer(status=401)]
    panel.write("Are you there?")
    expect(panel.at("error")).to_contain_text("did not accept your key")
    expect(panel.at("error").get_by_role("button").first).to_be_visible()
    expect(panel.message("user")).to_contain_text("Are you there?")
    panel.reload()
    expect(panel.at("error")).to_contain_text("did not accept your key")


def test_two_chats_are_kept_apart_and_listed(connected: Lab, model: ScriptedModel, panel: Panel) -> None:
    model.answers = [Answer(("The first answer.",)), Answer(("The second answer.",))]
    panel.write("First question")
    panel.complete()
    panel.new_chat().write("Second question")
    panel.complete()
    expect(panel.message("assistant")).to_contain_text("The second answer.")
    names = {session["name"] for session in connected.api("GET", "mandrake/sessions")}
    assert names >= {"First question", "Second question"}


def test_the_dark_theme_is_dark_and_can_be_read(connected: Lab, model: ScriptedModel, panel: Panel) -> None:
    """Text against what is behind it: at least 4.5 to 1 in both themes."""
    model.answers = [Answer(("An answer with `code` and a [link](https://example.org).",))]
    panel.write("Show me something")
    panel.complete()
    SHOTS.mkdir(exist_ok=True)
    for theme, name in (("JupyterLab Light", "light"), ("JupyterLab Dark", "dark")):
        panel.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
        )
        expect(panel.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        panel.at("panel").screenshot(path=SHOTS / f"panel-{name}.png")
        for words in ("Show me something", "An answer with"):
            ratio = contrast(panel.at("panel").get_by_text(words).last)
            assert ratio >= 4.5, f"{words!r} in {theme}: {ratio:.1f} to 1"


def contrast(text: Locator) -> float:
    """The contrast of a text with the nearest opaque ground behind it."""
    ink, ground = text.evaluate(
        """node => {
            const ink = getComputedStyle(node).color;
            for (let at = node; at; at = at.parentElement) {
                const ground = getComputedStyle(at).backgroundColor;
                if (!/rgba\\(.*, 0\\)|transparent/.test(ground)) return [ink, ground];
            }
            return [ink, 'rgb(255, 255, 255)'];
        }"""
    )
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    mixed = colour.startswith("color(")  # what color-mix gives: from 0 to 1
    parts = [float(part) / (1 if mixed else 255) for part in re.findall(r"[\d.]+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
