"""Nothing in the panel or its dialogs that an automated audit calls serious, in both themes.

axe-core finds what can be found without a person: names, roles, what must stand in what. Serious and critical findings fail.
It can't tell the contrast inside JupyterLab's layout, takes most elements for hidden: `test_panel.contrast` is for that. The
order of the focus and what is announced are in the tests of each part.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .chatsview import ChatsView, chat, in_theme
from .labserver import Lab
from .panel import Panel
from .scripted_model import Answer, ScriptedModel
from .test_images import png, put
from .test_journey import add_notes_server

AXE = Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Of JupyterLab's own dialogs: its h1-less pages and its title as a heading.
PAGE_WIDE = ["region", "page-has-heading-one", "landmark-one-main", "heading-order"]

Stage = Callable[[Panel, ScriptedModel, Path], str]


def empty_chat(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    expect(panel.at("example").first).to_be_visible()
    return "#mandrake-panel"


def answered_chat(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    text = "An answer with `code`, a [link](https://example.org) and\n\n```python\nframe.dropna()\n```\n"
    model.answers = [Answer(("I look. ",), calls=(("list_files", {}),)), Answer((text,))]
    panel.write("Show me something")
    panel.complete()
    panel.at("tool-card").locator("summary").click()
    panel.message("assistant").hover()
    return "#mandrake-panel"


def approval(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    add_notes_server(panel.lab, folder)
    model.answers = [Answer(("I keep it.",), calls=(("write_note", {"text": "a note"}),))]
    panel.write("Please keep a note")
    expect(panel.at("approval")).to_be_visible()
    return "#mandrake-panel"


def error(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    model.answers = [Answer(status=401)]
    panel.write("Are you there?")
    expect(panel.at("error")).to_be_visible()
    return "#mandrake-panel"


def edited_message(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    put(panel, "paste", "clip.png", png())
    panel.write("What is on it?")
    panel.complete()
    put(panel, "paste", "next.png", png())
    put(panel, "drop", "drawing.svg", b"<svg/>", "image/svg+xml")
    expect(panel.at("image-fault")).to_be_visible()
    panel.message("user").hover()
    panel.at("edit").click()
    expect(panel.at("editor")).to_be_visible()
    return "#mandrake-panel"


def asked_to_slow_down(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    model.answers = [Answer(status=429, headers={"Retry-After": "55"})]
    panel.write("Are you busy?")
    expect(panel.at("retry")).to_be_visible()
    return "#mandrake-panel"


def list_of_chats(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    for name in ("First", "Second"):
        chat(panel, name)
    chats = ChatsView(panel).open()
    chats.delete("First")
    expect(panel.at("undo")).to_be_visible()
    panel.at("undo").hover()
    return "#mandrake-panel"


def search(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    model.answers = [Answer(("The heron is a bird.",))]
    panel.write("What is a heron?")
    panel.complete()
    chats = ChatsView(panel)
    chats.search("heron")
    expect(panel.at("hit").first).to_be_visible()
    return "#mandrake-panel"


def nothing_found(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    ChatsView(panel).search("xylophone")
    expect(panel.at("found-count")).to_contain_text("No chat holds")
    return "#mandrake-panel"


def mcp_servers(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    add_notes_server(panel.lab, folder)
    panel.lab.api("POST", "mandrake/workspaces/default/mcp-servers/notes/start")
    panel.at("mcp-servers").click()
    row = panel.at("mcp-row").filter(has_text="notes")
    row.get_by_role("button", name="notes").first.click()
    expect(panel.page.locator("#mandrake-mcp-servers")).to_contain_text("Memory")
    return "#mandrake-mcp-servers"


def connect_dialog(panel: Panel, model: ScriptedModel, folder: Path) -> str:
    panel.at("model-picker").click()
    panel.page.get_by_text("Connect a model").first.click()
    expect(panel.at("connect-model")).to_be_visible()
    return ".jp-Dialog"


STAGES: list[Stage] = [
    empty_chat,
    answered_chat,
    approval,
    error,
    edited_message,
    asked_to_slow_down,
    list_of_chats,
    search,
    nothing_found,
    mcp_servers,
    connect_dialog,
]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_an_audit_finds_nothing_serious(
    stage: Stage, connected: Lab, model: ScriptedModel, panel: Panel, tmp_path: Path
) -> None:
    where = stage(panel, model, tmp_path / "notes")
    found = []
    for theme in ("light", "dark"):
        in_theme(panel, theme)
        found += [f"{theme}: {finding}" for finding in findings(panel.page, where)]
    assert not found, "\n".join(found)


def test_the_audit_finds_what_is_there(panel: Panel) -> None:
    """Else a green one would say nothing: a button without a name."""
    panel.at("panel").evaluate("node => node.insertAdjacentHTML('beforeend', '<button></button>')")
    assert "button-name (critical)" in " ".join(findings(panel.page, "#mandrake-panel"))


def findings(page: Page, where: str) -> list[str]:
    """What is serious or critical, with the elements it is about."""
    page.evaluate(AXE.read_text("utf-8"))
    answer = page.evaluate(
        """([where, tags, off]) => axe.run(where, {
            runOnly: { type: 'tag', values: tags },
            rules: Object.fromEntries(off.map(rule => [rule, { enabled: false }])),
            resultTypes: ['violations']
        })""",
        [where, RULES, PAGE_WIDE],
    )
    assert answer["passes"], f"nothing was looked at in {where}"
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]} {node['failureSummary']}"
        for violation in answer["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
