"""Every way to decide on a tool call, through every door: the same audit record, and the tool ran once or never."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.scripted_openai import Call, Turn
from tests.support.scripted_turns import last_text

from .conftest import PATIENCE
from .doors import WORKSPACE, CurlDoor, Door, MagicDoor, PanelDoor
from .labserver import Lab, running_lab
from .mcpview import McpView
from .panel import Panel
from .scripted_model import ScriptedModel

COUNTING = Path(__file__).parents[1] / "support" / "mcp_counting.py"
DOORS = ("panel", "magic", "curl")
NOTEBOOKS = ("cells.ipynb", "again.ipynb")
IMPATIENT = ("--ServiceRegistry.approval_timeout=5", "--SessionCuller.cull_interval=1")


@dataclass(frozen=True)
class Case:
    """What is done at the first question, and the records, oldest first; it ran as often as one of them is done."""

    decision: str
    records: tuple[dict[str, Any], ...]
    edited: bool = False
    reason: str = ""
    more: tuple[str, ...] = field(default=())  #: what is asked afterwards, without a question

    @property
    def ran(self) -> int:
        return sum(1 for record in self.records if record["outcome"] == "done")


def record(decision: str, outcome: str = "done", **more: Any) -> dict[str, Any]:
    person = decision not in ("granted", "timeout")
    usual = {"arguments": "as asked", "edited": False, "reason": None, "by": person}
    return {"decision": decision, "outcome": outcome, **usual, **more}


CASES = {
    "once": Case("once", (record("once"),)),
    "chat": Case("session", (record("session"), record("granted")), more=("same chat",)),
    "project": Case("workspace", (record("workspace"), record("granted")), more=("other chat",)),
    "deny": Case("deny", (record("deny", "denied", reason="not now"),), reason="not now"),
    "edit": Case("once", (record("once", arguments="as edited", edited=True),), edited=True),
    "reload": Case("once", (record("once"),)),
    "restart": Case("once", (record("once"),)),
    "time-out": Case("", (record("timeout", "withdrawn"),)),
}


def keeps(body: dict[str, Any]) -> Turn:
    """A model that appends what it is told, and is content with whatever came of it."""
    offered = [tool["function"]["name"] for tool in body.get("tools") or []]
    if body["messages"][-1]["role"] == "tool" or not offered:
        return Turn(["Good."])
    name = next(name for name in offered if name.endswith("append"))
    return Turn((), [Call(name, {"text": last_text(body).strip()})])


class World:
    """One JupyterLab, one page, one kernel and one MCP server for all cells."""

    def __init__(self, lab: Lab, page: Any, counts: Path) -> None:
        self.lab = lab
        self.counts = counts
        self.panel = Panel(page, lab)
        self.magic = MagicDoor(lab, NOTEBOOKS[0])
        self.doors: dict[str, Door] = {
            "panel": PanelDoor(self.panel),
            "magic": self.magic,
            "curl": CurlDoor(lab),
        }

    def restart(self, *options: str) -> None:
        self.magic.disconnect()
        self.lab.stop()
        self.lab.options = options
        self.lab.start()
        self.magic.start(NOTEBOOKS[-1])

    def ask(self, name: str, text: str) -> None:
        """In a chat that is found again without what the door knows."""
        door = self.doors[name]
        if door is self.magic:
            self.magic.ask_in_own_chat(text)
        else:
            door.ask(text)

    def check(self, door: Door, case: str, text: str, *chats: str) -> None:
        """The records of `chats`, in which nothing but `text` was asked, and how often the tool ran."""
        expected = CASES[case]
        found = []
        for chat in chats:
            at, session = chat.rsplit("/sessions/", 1)
            found += reversed(self.lab.api("GET", f"{at}/audit?session={session}"))
        assert [plain(one, text) for one in found] == list(expected.records)
        assert {(one["server"], one["tool"]) for one in found} == {("counting", "append")}
        assert all(len(one["schema_hash"]) == 64 for one in found)
        assert all(one["asked"] <= one["decided"] <= one["finished"] for one in found)
        ran = self.counts.read_text("utf-8").splitlines() if self.counts.exists() else []
        assert ran.count(text) + ran.count(f"{text} edited") == expected.ran
        assert ran.count(f"{text} edited") == expected.edited

    def forget_grants(self) -> None:
        for grant in self.lab.api("GET", f"{WORKSPACE}/grants"):
            self.lab.api("DELETE", f"{WORKSPACE}/grants/{grant['id']}")


def plain(found: dict[str, Any], text: str) -> dict[str, Any]:
    """A record without what differs from run to run."""
    arguments = {text: "as asked", f"{text} edited": "as edited"}[found["arguments"]["text"]]
    kept = {name: found[name] for name in ("decision", "outcome", "edited", "reason")}
    return {**kept, "arguments": arguments, "by": found["by"] is not None}


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    speaker: ScriptedModel,
    browser: Any,
    browser_context_args: dict[str, Any],
) -> Iterator[World]:
    counts = tmp_path_factory.mktemp("counts") / "ran"
    before, speaker.server.brain = speaker.server.brain, keeps
    try:
        with running_lab(tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("project")) as lab:
            lab.connect(speaker.url)
            entry = {"command": sys.executable, "args": [str(COUNTING), str(counts)]}
            lab.api("POST", f"{WORKSPACE}/mcp-servers", {"name": "counting", "entry": entry})
            lab.api("POST", f"{WORKSPACE}/mcp-servers/counting/start", {})
            context = browser.new_context(**browser_context_args)
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            world = World(lab, page, counts)
            world.panel.open()
            yield world
            world.magic.close()
            context.close()
    finally:
        speaker.server.brain = before


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("case", ["once", "chat", "project", "deny", "edit"])
def test_a_decision_is_the_same_through_each_door(world: World, name: str, case: str) -> None:
    door, expected, text = world.doors[name], CASES[case], f"{name} {case}"
    door.ask(text)
    chats = [door.chat]
    assert text not in (world.counts.read_text("utf-8") if world.counts.exists() else ""), "ran unasked"
    edited = {"text": f"{text} edited"} if expected.edited else None
    door.decide(expected.decision, edited=edited, reason=expected.reason)
    for where in expected.more:
        door.ask(text, again=where == "same chat")
        chats += [door.chat] if where == "other chat" else []
    world.check(door, case, text, *chats)
    if expected.more:
        world.forget_grants()
        door.ask(text, again=True)
        door.decide("deny", reason="taken back")


@pytest.mark.parametrize("name", DOORS)
def test_a_question_outlives_the_client_that_asked(world: World, name: str) -> None:
    door, text = world.doors[name], f"{name} reload"
    world.ask(name, text)
    door.reload()
    door.decide("once")
    world.check(door, "reload", text, door.chat)


def test_the_panel_offers_what_the_folder_leaves_to_be_decided(world: World) -> None:
    rules = world.lab.root / ".mandrake" / "workspace.json"
    rules.write_text('{"tools": {"ask": ["counting/*"]}}', "utf-8")
    try:
        door, panel = world.doors["panel"], world.panel
        door.ask("panel once or not")
        expect(panel.at("approval")).to_contain_text("the project asks about it each time")
        expect(panel.at("approval").get_by_role("radio")).to_have_count(0)
        panel.at("allow").click()
        panel.complete()
        assert world.counts.read_text("utf-8").splitlines().count("panel once or not") == 1
    finally:
        rules.unlink()


def test_what_was_allowed_is_shown_beside_its_tool_and_taken_back(world: World) -> None:
    door, panel = world.doors["panel"], world.panel
    door.ask("panel allows")
    door.decide("workspace")
    view = McpView(panel)
    view.open("counting").get_by_role("button", name="Tools", exact=True).click()
    grant = view.tool("append").get_by_test_id("mandrake-mcp-grant")
    expect(grant).to_contain_text("Allowed in this project")
    grant.get_by_role("button", name="Revoke").click()
    expect(grant).to_have_count(0)
    assert world.lab.api("GET", f"{WORKSPACE}/grants") == []
    panel.open("lab")
    door.ask("panel allows", again=True)
    expect(panel.at("approval")).to_be_visible()
    door.decide("deny")


def test_questions_outlive_the_jupyter_server_and_those_too_old_end_with_it(world: World) -> None:
    """All doors ask, the Jupyter server ends and another one starts; the next one waits for some seconds only."""
    world.magic.start(NOTEBOOKS[-1])
    for name in reversed(DOORS):
        world.ask(name, f"{name} restart")
    world.panel.until_saved()
    world.restart()
    for name, door in world.doors.items():
        door.reload()
        door.decide("once")
        world.check(door, "restart", f"{name} restart", door.chat)
    world.restart(*IMPATIENT)
    world.panel.open("lab")
    for name, door in world.doors.items():
        door.ask(f"{name} time-out")
    for name, door in world.doors.items():
        door.is_late()
        world.check(door, "time-out", f"{name} time-out", door.chat)
