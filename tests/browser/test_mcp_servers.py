"""The list of MCP servers: from a pasted README to a tool that was called, the log that is followed, the file that is edited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from tests.support.mcp_leaks import until

from .labserver import Lab, running_lab, words_of
from .mcpview import TALKING, McpView, entry
from .panel import Panel
from .scripted_model import Answer, ScriptedModel

SERVERS = "mandrake/workspaces/default/mcp-servers"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("servers")
    with running_lab(folder / "own", folder / "project") as running:
        yield running


@pytest.fixture
def lab(shared: Lab) -> Lab:
    """Without an MCP server: none is configured, and what ran has ended."""
    for file in (".mandrake/mcp.json", ".mcp.json"):
        (shared.root / file).unlink(missing_ok=True)
    until(lambda: [one["name"] for one in shared.api("GET", SERVERS)] == ["jupyter"])
    until(
        lambda: (
            not [
                p for p in psutil.Process(shared.pid).children(recursive=True) if TALKING.name in words_of(p)
            ]
        )
    )
    return shared


@pytest.fixture
def view(panel: Panel) -> McpView:
    return McpView(panel)


def test_from_a_pasted_readme_to_a_called_tool_without_a_reload(lab: Lab, view: McpView) -> None:
    view.paste(talking=entry())
    expect(view.at("mcp-preview")).to_contain_text(str(TALKING))
    view.at("mcp-test").click()
    expect(view.at("mcp-test-result")).to_contain_text("Works: started in")
    expect(view.at("mcp-test-result")).to_contain_text("2 tools")
    assert [one["name"] for one in lab.api("GET", SERVERS) if one["name"] == "talking"] == [], "only tested"

    view.at("mcp-add").click()
    row = view.row("talking")
    expect(row).to_be_visible()
    view.open("talking")
    row.get_by_role("button", name="Tools", exact=True).click()
    view.tool("say").get_by_role("button", name="Call say").click()
    expect(view.at("mcp-call-run")).to_be_disabled()
    view.at("mcp-call").get_by_label("text").fill("hello")
    view.at("mcp-call").get_by_label("loud").check()
    view.at("mcp-call-run").click()
    expect(view.at("mcp-call-result")).to_have_text("You said: HELLO")
    expect(view.at("mcp-log")).to_contain_text("asked to say HELLO")
    expect(row).to_have_attribute("data-phase", "ready")
    expect(view.at("mcp-facts")).to_contain_text("Calls")
    expect(view.at("mcp-health")).to_contain_text("Answers")

    view.press("talking", "restart")
    expect(view.at("mcp-facts")).to_contain_text("Restarts")
    view.press("talking", "stop")
    expect(row).to_have_attribute("data-phase", "stopped")
    expect(view.at("mcp-health")).to_contain_text("Asleep")
    assert view.is_still_the_same_page()


def test_the_log_is_followed_and_not_asked_for_again_and_again(lab: Lab, view: McpView) -> None:
    lab.api("POST", SERVERS, {"name": "talking", "entry": entry()})
    view.open("talking")
    for number in range(3):
        lab.api("POST", f"{SERVERS}/talking/call", {"tool": "say", "arguments": {"text": f"number {number}"}})
        expect(view.at("mcp-log")).to_contain_text(f"asked to say number {number}")
    assert view.log_requests, "it was not asked for at all"
    assert all("follow=true" in url for url in view.log_requests)
    assert len(view.log_requests) == 1

    view.at("mcp-follow").uncheck()
    lab.api("POST", f"{SERVERS}/talking/call", {"tool": "say", "arguments": {"text": "unheard"}})
    view.at("mcp-follow").check()
    expect(view.at("mcp-log")).to_contain_text("asked to say unheard")
    assert "after=" in view.log_requests[-1], "it goes on where it was left"


def test_while_an_answer_arrives_the_log_leaves_the_connection_to_it(
    connected: Lab, model: ScriptedModel, view: McpView
) -> None:
    """A browser opens few connections to one server, over all its windows: a log is looked at meanwhile."""
    connected.api("POST", SERVERS, {"name": "talking", "entry": entry()})
    view.open("talking")
    expect(view.at("mcp-log")).to_contain_text("Nothing in the log yet.")
    gate = model.gate()
    model.answers = [Answer(("Wait ", "for it."), gates={1: gate})]
    view.panel.write("Tell me")
    expect(view.panel.message("assistant")).to_contain_text("Wait")
    before = len(view.log_requests)
    connected.api("POST", f"{SERVERS}/talking/call", {"tool": "say", "arguments": {"text": "meanwhile"}})
    expect(view.at("mcp-log")).to_contain_text("asked to say meanwhile")
    looks = view.log_requests[before:]
    assert not any("follow=true" in url for url in looks), looks

    with view.page.expect_request(lambda request: "follow=true" in request.url and "after=" in request.url):
        gate.open()
        view.panel.complete()
    connected.api("POST", f"{SERVERS}/talking/call", {"tool": "say", "arguments": {"text": "after it"}})
    expect(view.at("mcp-log")).to_contain_text("asked to say after it")


def test_a_call_that_takes_too_long_can_be_given_up(lab: Lab, view: McpView, tmp_path: Path) -> None:
    lab.api("POST", SERVERS, {"name": "talking", "entry": entry()})
    row = view.open("talking")
    row.get_by_role("button", name="Tools", exact=True).click()
    view.tool("wait_for").get_by_role("button", name="Call wait_for").click()
    view.at("mcp-call").get_by_label("file").fill(str(tmp_path / "never"))
    view.at("mcp-call-run").click()
    expect(view.at("mcp-log")).to_contain_text("waiting for")
    view.at("mcp-call-stop").click()
    expect(view.at("mcp-call")).to_contain_text("Stopped by you. It is not known whether it finished.")
    expect(view.at("mcp-call-run")).to_be_enabled()


def test_a_test_that_fails_shows_why_and_its_last_lines(view: McpView, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no token was given')", "utf-8")
    view.paste(broken=entry(broken))
    view.at("mcp-test").click()
    expect(view.at("mcp-test-failure")).to_contain_text("no token was given")
    view.paste(talking=entry())
    expect(view.at("mcp-test-failure")).to_have_count(0)


def test_an_mcp_server_is_disabled_and_enabled(lab: Lab, view: McpView) -> None:
    lab.api("POST", SERVERS, {"name": "talking", "entry": entry()})
    row = view.open("talking")
    row.get_by_role("button", name="Disable").click()
    expect(row).to_contain_text("Disabled")
    assert lab.api("GET", f"{SERVERS}/talking")["disabled"] is True
    row.get_by_role("button", name="Enable").click()
    expect(row).to_contain_text("Stopped")
    assert lab.api("GET", f"{SERVERS}/talking")["disabled"] is False


def test_a_secret_is_asked_for_and_never_shown_again(lab: Lab, view: McpView) -> None:
    secret = "a-secret-of-this-test"
    needy = entry(env={"TOKEN": "${secret:TALKING_TOKEN}"})
    lab.api("POST", SERVERS, {"name": "talking", "entry": needy})
    row = view.open("talking")
    need = view.at("mcp-need")
    expect(need).to_contain_text("Missing")
    view.press("talking", "start")
    expect(row.get_by_role("alert")).to_contain_text("TALKING_TOKEN")
    row.get_by_role("button", name="Enter value").click()
    field = need.locator("input")
    expect(field).to_be_focused()
    field.fill(secret)
    field.press("Enter")
    expect(need).to_contain_text("Saved")
    expect(field).to_have_value("")
    view.press("talking", "start")
    expect(row).to_have_attribute("data-phase", "ready")
    assert secret not in view.page.content()
    assert secret not in json.dumps(lab.api("GET", SERVERS))


def test_the_file_is_edited_and_what_is_wrong_in_it_is_gone_to(lab: Lab, view: McpView) -> None:
    written = f'{{\n  // ours\n  "mcpServers": {{\n    "talking": {json.dumps(entry())},\n    "wrong": {{}}\n  }}\n}}\n'
    dialog = view.edit()
    view.write("{ broken")
    view.page.keyboard.press("ControlOrMeta+S")
    expect(view.at("config-failure")).to_be_visible()
    view.write(written)
    view.at("config-save").click()
    expect(dialog).to_contain_text("Saved")
    assert (lab.root / ".mandrake" / "mcp.json").read_text("utf-8") == written, "not a byte is another"
    problem = view.at("config-problems").get_by_role("button")
    expect(problem).to_contain_text("line 5")
    problem.click()
    expect(view.editor).to_be_focused()
    expect(view.editor.locator(".cm-activeLine")).to_contain_text('"wrong"')
    view.at("config-close").click()
    expect(dialog).to_have_count(0)
    expect(view.row("talking")).to_have_attribute("data-trusted", "true")
    expect(view.at("mcp-file-problem")).to_contain_text(".mandrake/mcp.json")
    view.at("mcp-file-problem").get_by_role("button", name="Open editor").click()
    expect(view.editor.locator(".cm-activeLine")).to_contain_text('"wrong"')
    assert view.is_still_the_same_page()


def test_an_editor_writes_over_nobody_and_loses_nothing_unasked(lab: Lab, view: McpView) -> None:
    file = lab.root / ".mandrake" / "mcp.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text('{"mcpServers": {}}', "utf-8")
    dialog = view.edit()
    view.write('{"mcpServers": {}, "mine": 1}')
    file.write_text('{"mcpServers": {}, "theirs": 1}', "utf-8")
    view.at("config-save").click()
    expect(view.at("config-conflict")).to_contain_text("The file was changed meanwhile.")
    assert "theirs" in file.read_text("utf-8")
    view.at("config-conflict").get_by_role("button", name="Reload").click()
    expect(view.editor).to_contain_text("theirs")

    view.write('{"mcpServers": {}, "mine": 2}')
    view.page.keyboard.press("Escape")
    expect(view.at("config-stay")).to_be_focused()
    view.at("config-stay").click()
    file.write_text('{"mcpServers": {}, "theirs": 2}', "utf-8")
    view.at("config-save").click()
    view.at("config-conflict").get_by_role("button", name="Keep mine").click()
    expect(dialog).to_contain_text("Saved")
    assert '"mine": 2' in file.read_text("utf-8")

    view.write("{}")
    view.page.keyboard.press("Escape")
    view.at("config-discard").click()
    expect(dialog).to_have_count(0)
    assert '"mine": 2' in file.read_text("utf-8")


def test_a_script_that_changed_after_it_was_trusted_is_shown_line_by_line(lab: Lab, panel: Panel) -> None:
    script = lab.root / "server.py"
    script.write_text(TALKING.read_text("utf-8"), "utf-8")
    shipped = {"mcpServers": {"talking": {**entry(Path("server.py")), "cwd": "."}}}
    (lab.root / ".mcp.json").write_text(json.dumps(shipped), "utf-8")
    trust = lab.api("GET", "mandrake/workspaces/default/trust")
    ids = [one["id"] for one in trust["pending"]]
    lab.api("POST", "mandrake/workspaces/default/trust", {"hash": trust["hash"], "entries": ids})
    script.write_text(script.read_text("utf-8").replace("You said", "They said"), "utf-8")

    view = McpView(panel)
    view.row("talking").get_by_role("button", name="Review…").click()
    dialog = view.at("trust-dialog")
    expect(dialog).to_contain_text("Changed since then, in 1 file.")
    difference = view.at("trust-difference").filter(has_text="server.py")
    expect(difference.locator("del")).to_contain_text("You said")
    expect(difference.locator("ins")).to_contain_text("They said")
    difference.focus()
    expect(difference).to_be_focused()
    dialog.get_by_role("checkbox").check()
    view.at("trust-accept").click()
    expect(dialog).to_have_count(0)
    expect(view.row("talking")).to_have_attribute("data-trusted", "true")
