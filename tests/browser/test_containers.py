"""Containers as a person meets them: pasted, taken over, looked into, trusted, stopped; and when Docker is off."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from ..containers.conftest import engine as engine
from ..containers.conftest import sweeping as sweeping
from ..support.docker_engine import PYTHON, asked, is_there
from .labserver import Lab, running_lab
from .mcpview import McpView
from .panel import Panel
from .test_panel import SHOTS, contrast

SUPPORT = Path(__file__).parents[1] / "support"
SERVERS = "mandrake/workspaces/default/mcp-servers"
LINE = f"docker run -i --rm --pull never --network none -v ./tools:/mcp:ro {PYTHON} -S /mcp/mcp_raw.py"
WIDTHS = (380, 280)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with running_lab(tmp_path / "own", project(tmp_path)) as running:
        yield running


@pytest.fixture
def off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A lab whose engine does not answer."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with running_lab(tmp_path / "own", project(tmp_path)) as running:
        yield running


def project(tmp_path: Path) -> Path:
    """With the scripts that the container mounts."""
    tools = tmp_path / "project" / "tools"
    tools.mkdir(parents=True)
    for name in ("mcp_raw.py", "mcp_tree.py"):
        shutil.copy(SUPPORT / name, tools)
    return tools.parent


@pytest.fixture
def view(panel: Panel) -> McpView:
    return McpView(panel)


def entry(**more: object) -> dict[str, object]:
    args = ["-S", "/mcp/mcp_raw.py"]
    return {"image": PYTHON, "pull": "never", "args": args, "mounts": ["tools:/mcp"], **more}


def pictures(view: McpView, name: str, *texts: Locator) -> None:
    """At each width, in both themes, for people; nothing is wider than the view, and `texts` can be read."""
    SHOTS.mkdir(exist_ok=True)
    page = view.page
    page.set_viewport_size({"width": 1280, "height": 1400})
    for width in WIDTHS:
        as_wide(view, width)
        for theme, word in (("JupyterLab Light", "light"), ("JupyterLab Dark", "dark")):
            page.evaluate(
                "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
            )
            expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
            expect(page.locator("#jupyterlab-splash")).to_have_count(0)
            page.locator("#mandrake-mcp-servers").screenshot(path=SHOTS / f"{name}-{width}-{word}.png")
            for text in texts:
                assert contrast(text) >= 4.5
        wide = page.evaluate(
            "() => [...document.querySelectorAll('.jp-Mandrake-mcp-scroll, .jp-Mandrake-add')]"
            ".map(it => it.scrollWidth - it.clientWidth)"
        )
        assert max(wide) <= 0, f"something is wider than the view at {width} px"


def as_wide(view: McpView, width: int) -> None:
    """The side area drawn to `width`, as a person does it."""
    area = view.page.locator("#mandrake-mcp-servers")
    box = area.bounding_box()
    assert box
    if round(box["width"]) != width:
        view.page.mouse.move(box["x"] - 2, 300)
        view.page.mouse.down()
        view.page.mouse.move(box["x"] - 2 + box["width"] - width, 300, steps=4)
        view.page.mouse.up()
    view.page.wait_for_function(
        "width => Math.abs(document.getElementById('mandrake-mcp-servers').offsetWidth - width) <= 2",
        arg=width,
    )


def test_a_pasted_docker_run_becomes_a_managed_container_and_ends_for_certain(
    sweeping: None, lab: Lab, view: McpView
) -> None:
    view.at("mcp-paste").fill(LINE)
    preview = view.at("mcp-preview")
    expect(preview).to_have_count(1)
    choice = view.at("mcp-contained")
    expect(choice.get_by_role("checkbox", name="Let Mandrake run this container")).to_be_checked()
    expect(choice).to_contain_text("Bounded memory and processes, paused when idle, removed for certain.")
    expect(preview).to_contain_text("docker run -i --volume ./tools:/mcp:ro --network none")
    choice.get_by_role("checkbox").uncheck()
    expect(preview).to_contain_text("docker run -i --rm --pull never")
    choice.get_by_role("checkbox").check()
    view.at("mcp-name").fill("box")
    view.at("mcp-test").click()
    expect(view.at("mcp-test-result")).to_contain_text("Works: started in")
    pictures(view, "container-paste", choice.locator("p").first)
    view.at("mcp-add").click()

    row = view.row("box")
    expect(row).to_contain_text("container")
    written = json.loads((lab.root / ".mandrake" / "mcp.json").read_text("utf-8"))
    assert written["mcpServers"]["box"]["image"] == PYTHON
    view.open("box")
    row.get_by_role("button", name="Tools", exact=True).click()
    view.tool("hello").get_by_role("button", name="Call hello").click()
    view.at("mcp-call-run").click()
    expect(view.at("mcp-call-result")).to_be_visible()
    expect(row).to_have_attribute("data-phase", "ready")
    facts = view.at("mcp-facts")
    expect(facts).to_contain_text(re.compile(r"Memory\s*\d+ of 512 MiB"))
    expect(facts).to_contain_text("128 processes")
    expect(facts).to_contain_text(PYTHON)
    id = lab.api("GET", f"{SERVERS}/box")["container"]["id"]
    expect(facts).to_contain_text(id[:12])
    row.get_by_role("button", name="Hide tools").click()
    pictures(view, "container-open", facts.locator("dt").first)
    view.at("mcp-pause").click()
    expect(row).to_have_attribute("data-phase", "paused")
    expect(row).to_contain_text(re.compile(r"Paused · keeps \d+ MB of memory"))
    pictures(view, "container-paused")
    view.press("box", "resume")
    expect(row).to_have_attribute("data-phase", "ready")
    view.press("box", "stop")
    expect(row).to_have_attribute("data-phase", "stopped")
    with asked() as client:
        assert not is_there(client, id)


def test_a_docker_run_of_the_file_is_offered_to_be_managed(sweeping: None, lab: Lab, view: McpView) -> None:
    command, *args = LINE.split()
    lab.api("POST", SERVERS, {"name": "loose", "entry": {"command": command, "args": args, "timeout": 45}})
    row = view.open("loose")
    expect(row.locator(".jp-Mandrake-badge")).to_have_count(0)
    view.at("mcp-manage").click()
    add = view.page.get_by_role("region", name="Run “loose” as a managed container")
    expect(add.get_by_test_id("mandrake-mcp-preview")).to_contain_text("--network none")
    expect(add.get_by_test_id("mandrake-mcp-paste")).to_have_count(0)
    pictures(view, "container-replace")
    add.get_by_role("button", name="Replace").click()
    expect(row).to_contain_text("container")
    expect(view.at("mcp-manage")).to_have_count(0)
    written = json.loads((lab.root / ".mandrake" / "mcp.json").read_text("utf-8"))["mcpServers"]["loose"]
    assert (written["image"], written["timeout"]) == (PYTHON, 45)


def test_docker_off_is_said_with_its_way_out_and_harms_nothing_else(off: Lab, page: object) -> None:
    from .conftest import PATIENCE

    page.set_default_timeout(PATIENCE)  # type: ignore[attr-defined]
    off.api("POST", SERVERS, {"name": "box", "entry": entry()})
    panel = Panel(page, off).open().new_chat()  # type: ignore[arg-type]
    panel.write("/tool box hello {}")
    card = panel.at("error")
    expect(card).to_contain_text("Docker is not running.")
    expect(card).to_contain_text("Start Docker, then try again. Your other MCP servers are not affected.")
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    panel.page.screenshot(path=SHOTS / "container-off-chat.png")
    expect(card.get_by_role("button", name="Open MCP servers")).to_be_visible()
    view = McpView(panel)
    row = view.row("box")
    expect(row).to_contain_text("Unavailable: Docker is not running")
    view.open("box")
    expect(row.get_by_role("alert")).to_contain_text("Start Docker, then try again.")
    expect(row.get_by_role("button", name="Try again").first).to_be_visible()
    pictures(view, "container-off")


def test_trust_shows_a_container_as_its_run_line_with_what_is_looser(lab: Lab, panel: Panel) -> None:
    loose = entry(
        network="bridge",
        mounts=["tools:/mcp", {"source": "/etc", "target": "/host-etc", "outside": True}, "data:/data:rw"],
        limits={"memory_mb": 2048},
        env={"TOKEN": "${secret:A_LONG_NAME_OF_A_SECRET_OF_THIS_PROJECT}"},
    )
    (lab.root / ".mcp.json").write_text(json.dumps({"mcpServers": {"lab-tools": loose}}), "utf-8")
    view = McpView(panel)
    expect(view.row("lab-tools")).to_contain_text("container")
    view.row("lab-tools").get_by_role("button", name="Review…").click()
    dialog = view.at("trust-dialog")
    expect(dialog).to_contain_text("docker run -i --env")
    expect(dialog).to_contain_text("Starts this container on your Docker engine:")
    looser = view.at("trust-looser")
    for sentence in (
        "It may take 2048 MiB of memory; usual here: 512.",
        'It has a network ("bridge"): it can send what it sees.',
        'It may change what is in "data".',
        'It sees "/etc", outside the project.',
    ):
        expect(looser).to_contain_text(sentence)
    for width in (1280, 380, 280):
        view.page.set_viewport_size({"width": width, "height": 900})
        for theme, word in (("JupyterLab Light", "light"), ("JupyterLab Dark", "dark")):
            view.page.evaluate(
                "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
            )
            expect(view.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
            expect(view.page.locator("#jupyterlab-splash")).to_have_count(0)
            view.page.screenshot(path=SHOTS / f"container-trust-{width}-{word}.png")
        content = dialog.locator(".jp-Dialog-content").or_(
            dialog.and_(view.page.locator(".jp-Dialog-content"))
        )
        assert content.evaluate("it => it.scrollWidth - it.clientWidth") <= 0, f"cut off at {width} px"
        box = view.at("trust-accept").bounding_box()
        assert box
        assert box["x"] + box["width"] <= width, f"cut off at {width} px"
