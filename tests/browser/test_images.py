"""Images go into a message by paste, drop, from the computer and from the project, and are seen where they were sent."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from pathlib import Path

from playwright.sync_api import Locator, expect

from .labserver import Lab
from .panel import Panel
from .pictures import pictures
from .scripted_model import Answer, ScriptedModel

BLIND = Answer(status=400, error="This model does not support image input.")
INTO = """([base64, name, type, kind]) => {
    const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, {type}));
    const box = document.querySelector('[data-testid="mandrake-textarea"]');
    const more = kind === 'paste' ? {clipboardData: data} : {dataTransfer: data};
    const event = new (kind === 'paste' ? ClipboardEvent : DragEvent)(kind, {bubbles: true, cancelable: true, ...more});
    return !box.dispatchEvent(event);
}"""


def png(width: int = 96, height: int = 64, colour: tuple[int, int, int] = (40, 120, 200)) -> bytes:
    """A picture with a diagonal, so that one can see that it is shown."""
    rows = b"".join(
        b"\0"
        + b"".join(
            bytes((240, 200, 60) if abs(x * height - y * width) < 3 * width else colour) for x in range(width)
        )
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def put(panel: Panel, kind: str, name: str, data: bytes, type: str = "image/png") -> None:
    """As the browser tells of it; the page must take it, or the browser would open the file."""
    taken = panel.page.evaluate(INTO, [base64.b64encode(data).decode(), name, type, kind])
    assert taken, f"the page left the {kind} to the browser"


def chips(panel: Panel) -> Locator:
    return panel.at("draft-image")


def loaded(image: Locator) -> None:
    expect(image).to_be_visible()
    expect(image).not_to_have_js_property("naturalWidth", 0)


def test_images_come_by_paste_and_drop_are_sent_seen_and_opened_larger(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    put(panel, "paste", "clip.png", png())
    expect(chips(panel)).to_have_count(1)
    put(
        panel, "drop", "a rather long name of a plot that was saved last week.png", png(64, 96, (30, 140, 80))
    )
    put(panel, "drop", "twice.png", png())
    expect(chips(panel)).to_have_count(3)
    loaded(chips(panel).first.locator("img"))
    panel.page.get_by_role("button", name="Remove twice.png").click()
    expect(chips(panel)).to_have_count(2)
    expect(panel.input).to_be_focused()
    pictures(panel, "images-in-the-input", chips(panel).first.locator(".jp-Mandrake-ellipsis"))

    model.answers = [Answer(("Two plots.",))]
    panel.write("What is on them?")
    panel.complete()
    expect(chips(panel)).to_have_count(0)
    sent = model.server.chats[-1]["messages"][-1]["content"]
    urls = [part["image_url"]["url"] for part in sent if part["type"] == "image_url"]
    assert [url.split(",")[0] for url in urls] == ["data:image/png;base64"] * 2
    assert base64.b64decode(urls[0].split(",")[1]) == png()

    panel.reload()
    images = panel.message("user").get_by_test_id("mandrake-image")
    expect(images).to_have_count(2)
    loaded(images.first.locator("img"))
    pictures(panel, "images-sent", panel.message("user").get_by_text("What is on them?"))
    images.first.focus()
    images.first.press("Enter")
    large = panel.at("image-dialog")
    expect(large).to_contain_text("clip.png")
    loaded(panel.at("large-image"))
    panel.page.screenshot(path=Path("test-results") / "image-larger.png")
    panel.page.keyboard.press("Escape")
    expect(large).to_have_count(0)
    expect(images.first).to_be_focused()


def test_an_image_of_the_project_is_attached_as_one(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    (connected.root / "plots").mkdir(exist_ok=True)
    (connected.root / "plots" / "b.png").write_bytes(png())
    panel.at("attach").click()
    panel.page.get_by_role("menuitem", name="Attach file…").click()
    dialog = panel.page.locator(".jp-Dialog")
    dialog.get_by_text("plots", exact=True).dblclick()
    dialog.get_by_text("b.png", exact=True).click()
    dialog.get_by_role("button", name=re.compile("Select|Open")).click()
    expect(chips(panel)).to_have_count(1)
    loaded(chips(panel).locator("img"))
    expect(panel.page.locator(".jp-chat-attachment")).to_have_count(0)
    panel.write("And this one?")
    panel.complete()
    loaded(panel.message("user").get_by_test_id("mandrake-image").locator("img"))
    sent = model.server.chats[-1]["messages"][-1]["content"]
    assert any(part["type"] == "image_url" for part in sent)


def test_what_cannot_be_sent_is_said_in_words_and_the_rest_stays(connected: Lab, panel: Panel) -> None:
    put(panel, "paste", "good.png", png())
    expect(chips(panel)).to_have_count(1)
    fault = panel.at("image-fault")
    put(panel, "drop", "drawing.svg", b"<svg/>", "image/svg+xml")
    expect(fault).to_contain_text("“drawing.svg” is not a PNG, JPEG, GIF or WebP image.")
    put(panel, "drop", "huge.png", png() + bytes(6_300_000))
    expect(fault).to_have_text("“huge.png” has 6.3 MB. An image may have at most 5 MB.")
    for number in range(9):
        put(panel, "paste", f"{number}.png", png(8 + number))
    expect(chips(panel)).to_have_count(10)
    put(panel, "paste", "one too many.png", png())
    expect(fault).to_contain_text("A message may have at most 10 images.")
    expect(chips(panel)).to_have_count(10)
    pictures(panel, "images-many", fault)


def test_a_model_that_takes_no_images_leaves_ways_out(
    connected: Lab, model: ScriptedModel, panel: Panel
) -> None:
    put(panel, "paste", "clip.png", png())
    model.answers = [BLIND]
    panel.write("Look")
    card = panel.at("error")
    expect(card).to_contain_text("takes no images.")
    expect(card.get_by_role("button", name="Choose another model")).to_be_visible()
    pictures(panel, "no-images", card.locator(".jp-Mandrake-strong"))
    model.answers = [Answer(("Then I only read.",))]
    card.get_by_role("button", name="Ask without images").click()
    expect(panel.message("assistant")).to_contain_text("Then I only read.")
    panel.complete()
    expect(panel.page.get_by_test_id("mandrake-message")).to_have_count(2)
    expect(panel.at("image")).to_have_count(0)


def test_an_edited_message_keeps_its_images(connected: Lab, model: ScriptedModel, panel: Panel) -> None:
    put(panel, "paste", "clip.png", png())
    panel.write("Look")
    panel.complete()
    panel.message("user").hover()
    panel.message("user").get_by_role("button", name="Edit message").click()
    panel.at("editor").get_by_role("textbox").fill("Look closer")
    panel.at("editor").get_by_role("textbox").press("Enter")
    expect(panel.message("user")).to_contain_text("Look closer")
    panel.complete()
    panel.reload()
    loaded(panel.message("user").get_by_test_id("mandrake-image").locator("img"))
    sent = model.server.chats[-1]["messages"][-1]["content"]
    assert any(part["type"] == "image_url" for part in sent)
