"""What a chat waits for, and how that is said: a provider that asks to slow down, the queue, a lost connection."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from .labserver import Lab
from .panel import Panel
from .pictures import pictures
from .scripted_model import Answer, ScriptedModel
from .test_panel import SHOTS, contrast
from .wire import wire_to

SLOW = Answer(status=429, headers={"Retry-After": "50"})
LEFT = re.compile(r"Your message is kept and is sent again in [1-6]0\ss\. Attempt 1 of \d\.")


def test_a_provider_that_asks_to_slow_down_is_said_once_survives_a_reload_and_is_asked_at_once_by_a_press(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    model.answers = [SLOW]
    panel.write("Are you busy?")
    card = panel.at("retry")
    expect(card).to_contain_text("asks you to slow down.")
    expect(panel.at("retry-left")).to_have_text(LEFT)
    expect(panel.at("working")).to_have_count(0)
    expect(panel.at("status")).to_contain_text("Your message is kept and is sent again by itself.")
    expect(panel.at("stop")).to_be_visible()
    pictures(panel, "retry", card.locator(".jp-Mandrake-strong"), panel.at("retry-left"))
    panel.reload()
    expect(card).to_contain_text("asks you to slow down.")
    expect(panel.at("retry-left")).to_have_text(LEFT)
    model.answers = [Answer(("Not any more.",))]
    card.get_by_role("button", name="Try now").click()
    expect(panel.message("assistant")).to_contain_text("Not any more.")
    panel.complete()
    expect(card).to_have_count(0)


def test_another_model_is_asked_in_the_place_of_the_one_that_waits(
    connected: Lab, model: ScriptedModel, request: pytest.FixtureRequest
) -> None:
    connected.api(
        "POST",
        "mandrake/workspaces/default/models",
        {"provider": "openai-compatible", "model": "other", "url": model.url},
    )
    connected.connect(model.url)
    panel: Panel = request.getfixturevalue("panel")
    model.answers = [SLOW]
    panel.write("Whoever is there")
    expect(panel.at("retry")).to_be_visible()
    model.answers = [Answer(("I am.",))]
    panel.at("retry").get_by_role("button", name="Choose another model").click()
    panel.page.get_by_role("menuitem", name=re.compile("other")).click()
    expect(panel.message("assistant")).to_contain_text("I am.")
    panel.complete()
    expect(panel.page.get_by_test_id("mandrake-message")).to_have_count(2)
    assert model.server.chats[-1]["model"] == "other"


def test_a_queued_message_is_seen_after_a_reload_and_taken_back(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    gate = model.gate()
    model.answers = [Answer(("Long ", "answer."), gates={1: gate}), Answer(("To the third.",))]
    panel.write("First")
    expect(panel.message("assistant")).to_contain_text("Long")
    panel.write("Second")
    panel.write("Third")
    expect(panel.at("remove")).to_have_count(2)
    pictures(panel, "queue", panel.page.get_by_text("Waits for this answer").first)
    panel.reload()
    expect(panel.at("remove")).to_have_count(2)
    second = panel.page.locator('[data-testid="mandrake-message"]', has_text="Second")
    second.get_by_role("button", name="Remove").click()
    expect(second).to_have_count(0)
    gate.open()
    expect(panel.message("assistant", 1)).to_contain_text("To the third.")
    panel.complete()


def test_a_lost_connection_is_quiet_for_a_moment_then_said_and_taken_up_again(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    """The answer goes on without the page, and nothing of it is missing or twice there."""
    gate = model.gate()
    model.answers = [Answer(("Before ", "after."), gates={1: gate})]
    with wire_to(connected.url) as wire:
        at_home, connected.url = connected.url, wire.url
        try:
            panel.open().new_chat().write("Tell me")
            expect(panel.message("assistant")).to_contain_text("Before")
            banner = panel.at("lost-banner")
            wire.cut()
            cut = time.monotonic()
            expect(banner).to_contain_text(re.compile(r"Connection lost\. Trying again in \d+ s\."))
            assert time.monotonic() - cut > 1.5, "a loss of a moment is nobody's business"
            expect(banner).to_contain_text(
                "Your answer goes on without you and will be here when you are back."
            )
            SHOTS.mkdir(exist_ok=True)  # as it is: another theme would have to be asked of Jupyter
            panel.at("panel").screenshot(path=SHOTS / "lost.png")
            assert contrast(banner.locator(".jp-Mandrake-strong span").last) >= 4.5
            gate.open()
            wire.mend()
            banner.get_by_role("button", name="Try now").click()
            expect(panel.at("text")).to_have_text("Before after.")
            panel.complete()
            expect(banner).to_have_count(0)

            # Cut and mended within the moment: not a word.
            gate = model.gate()
            model.answers = [Answer(("Once ", "more."), gates={1: gate})]
            panel.write("Again")
            expect(panel.message("assistant")).to_contain_text("Once")
            seen = panel.page.evaluate_handle(
                """() => { const seen = {banner: false}; new MutationObserver(() => {
                    seen.banner ||= document.querySelector('[data-testid="mandrake-lost-banner"]') !== null;
                }).observe(document.body, {subtree: true, childList: true}); return seen; }"""
            )
            with panel.page.expect_response(re.compile(r"/runs/[^/]+/events\?")):
                wire.cut()
                wire.mend()
            gate.open()
            panel.complete()
            assert not seen.evaluate("seen => seen.banner")
        finally:
            connected.url = at_home


def test_thoughts_are_folded_away_above_the_answer(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    gate = model.gate()
    model.answers = [Answer(("So be it.",), thoughts=("Let me ", "see."), gates={0: gate})]
    panel.write("Think")
    expect(panel.at("reasoning")).to_contain_text("Thinking…")
    gate.open()
    panel.complete()
    expect(panel.at("reasoning").locator("summary")).to_have_text("Thoughts")
    expect(panel.page.get_by_text("Let me see.")).to_be_hidden()
    panel.at("reasoning").locator("summary").press("Enter")
    expect(panel.page.get_by_text("Let me see.")).to_be_visible()
    pictures(panel, "thoughts", panel.page.get_by_text("Let me see."), widths=(380,))
    panel.reload()
    expect(panel.at("reasoning").locator("summary")).to_have_text("Thoughts")
