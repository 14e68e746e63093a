"""Fixtures of the browser tests: a real JupyterLab, a scripted model it is connected to, and a page that
shows the panel.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import expect

from tools import browsers

from .labserver import Lab, running_lab, words_of
from .panel import Panel
from .scripted_model import ScriptedModel, scripted_model

#: Milliseconds a thing on the page may take: the first answer loads the model libraries, on a busy machine slowly.
PATIENCE = 45_000
#: Seconds the processes of a closed browser may take to end.
AFTERLIFE = 60.0
BROWSER = browsers.find()
#: In the environment of every process of a browser of this run, however it got its parent.
MARK = ("MANDRAKE_TESTS_BROWSER", secrets.token_hex(8))
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--journeys", type=int, default=1, help="How many times to make the journey.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "journey_number" in metafunc.fixturenames:
        metafunc.parametrize("journey_number", range(1, metafunc.config.getoption("journeys", 1) + 1))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests go last: Playwright keeps a loop running in this thread, and async tests need theirs."""
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    for item in ours:
        item.add_marker("browser")
        if BROWSER is None:
            item.add_marker(
                pytest.mark.skip(
                    reason="NO BROWSER: install Chrome, Chromium or Edge (or run as root on Debian)"
                )
            )
    items[:] = [item for item in items if item not in set(ours)] + ours


@pytest.fixture(autouse=True)
def jp_asyncio_loop() -> None:
    """No loop of pytest-jupyter here: Playwright runs its own."""


@pytest.fixture(autouse=True)
def jp_server_cleanup() -> None:
    """Nor a server of it to clean up: ours is a process."""


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session", autouse=True)
def no_browser_is_left() -> Iterator[None]:
    """Asked for before Playwright's own fixtures, so that its end comes after theirs."""
    yield
    _, left = psutil.wait_procs(browser_processes(), timeout=AFTERLIFE)
    words = [f"{process.pid} {words_of(process)}" for process in left]
    for process in left:
        process.kill()
    assert not left, f"browser processes left after the last test: {words}"


def browser_processes() -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK[0]) == MARK[1]:
                found.append(process)
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    env = {**os.environ, MARK[0]: MARK[1]}
    return {"executable_path": BROWSER, "args": [*FLAGS, *sandbox], "env": env}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab on an empty folder, for the tests of one file; each opens a chat of its own."""
    with running_lab(tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("project")) as running:
        yield running


@pytest.fixture(scope="session")
def speaker() -> Iterator[ScriptedModel]:
    with scripted_model() as model:
        yield model


@pytest.fixture
def model(speaker: ScriptedModel) -> ScriptedModel:
    """The scripted model with nothing written for it yet."""
    speaker.forget()
    return speaker


@pytest.fixture
def connected(lab: Lab, model: ScriptedModel) -> Lab:
    """The lab with the scripted model as its active one, connected as a user's script would."""
    lab.connect(model.url)
    return lab


@pytest.fixture
def panel(lab: Lab, page: Any) -> Panel:
    """The panel of a fresh page with an empty chat; tests that want a model connected also ask for `connected`."""
    page.set_default_timeout(PATIENCE)
    return Panel(page, lab).open().new_chat()
