from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ..support.scripted_api import ScriptedAPI


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedAPI]:
    with ScriptedAPI() as server:
        monkeypatch.setenv("MANDRAKE_URL", server.url)
        monkeypatch.setenv("MANDRAKE_TOKEN", server.token)
        monkeypatch.setenv("JPY_SESSION_NAME", "/srv/notebooks/explore.ipynb")
        yield server


@pytest.fixture
def shell(api: ScriptedAPI, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """An IPython without a kernel, with the extension loaded as a user loads it. It hears interrupts, as kernels do: a program
    that was begun in the background, or that ran a Jupyter server in this process, may not."""
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    ip = InteractiveShell(config=config)
    ip.run_line_magic("load_ext", "mandrake_jupyter")
    yield ip
    ip.reset(new_session=False)
    ip.restore_sys_module_state()
    signal.signal(signal.SIGINT, signal.SIG_DFL if heard is None else heard)
