"""A notebook executed for real: a kernel that a real Jupyter server started, the extension, a scripted model."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api

EXAMPLES = Path(__file__).parents[2] / "examples"
Execute = Callable[[nbformat.NotebookNode], Coroutine[Any, Any, nbformat.NotebookNode]]


@pytest.fixture
def execute(jp_serverapp: Any, jp_fetch: Any, jp_root_dir: Path, api: Api) -> Execute:
    """Run a notebook as Jupyter does: as ``explore.ipynb``, in a kernel of the server, which knows its notebook."""

    async def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
        jp_serverapp.write_server_info_file()
        nbformat.write(notebook, jp_root_dir / "explore.ipynb")
        body = {
            "path": "explore.ipynb",
            "name": "explore.ipynb",
            "type": "notebook",
            "kernel": {"name": "python3"},
        }
        made = json.loads((await jp_fetch("api", "sessions", method="POST", body=json.dumps(body))).body)
        kernel = jp_serverapp.kernel_manager.get_kernel(made["kernel"]["id"])
        client = NotebookClient(notebook, km=kernel, timeout=60)
        try:
            return await client.async_execute()
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            await jp_serverapp.kernel_manager.shutdown_kernel(made["kernel"]["id"], now=True)
            jp_serverapp.remove_server_info_file()

    return run


@pytest.fixture(params=["widgets", "plain"])
def load(request: pytest.FixtureRequest) -> str:
    """The cell that loads the extension, with ipywidgets and in a kernel that has none."""
    hide = "import sys; sys.modules['ipywidgets'] = None\n" if request.param == "plain" else ""
    return f"{hide}%load_ext mandrake_jupyter"


def shown(cell: nbformat.NotebookNode) -> str:
    """All text a cell holds, in whatever form."""
    return "".join(
        output.get("text", "") or "\n".join(str(value) for value in output.get("data", {}).values())
        for output in cell.outputs
    )


async def test_the_complete_answer_ends_in_the_cells_outputs(
    model: ScriptedOpenAI, api: Api, execute: Execute, load: str
) -> None:
    model.script = [Turn(tokens=["Hel", "lo ", "**world**"], delay=0.05)]
    cells = ["n = 3\n" + load, "%%mandrake\nSay {n} times hello", "print(_mandrake.text, _mandrake.status)"]
    done = await execute(new_notebook(cells=[new_code_cell(cell) for cell in cells]))
    text = shown(done.cells[1])
    assert "explore.ipynb" in text or "openai/" in text
    assert "Hello <strong>world</strong>" in text or "Hello **world**" in text
    assert "widget-view" not in json.dumps(done.cells[1].outputs)
    assert done.cells[2].outputs[0].text == "Hello **world** complete\n"
    assert model.chats[0]["messages"][-1]["content"].startswith("Say 3 times hello")


async def test_cells_and_panel_share_the_notebooks_own_chat(
    model: ScriptedOpenAI, api: Api, execute: Execute
) -> None:
    model.script = [Turn(tokens=["one"]), Turn(tokens=["two"])]
    cells = ["%load_ext mandrake_jupyter", "%%mandrake --plain\nfirst", "%%mandrake --plain\nsecond"]
    await execute(new_notebook(cells=[new_code_cell(cell) for cell in cells]))
    [chat] = await api("GET", "workspaces/default/sessions")
    assert chat["notebook"] == "explore.ipynb"
    messages = await api("GET", f"workspaces/default/sessions/{chat['id']}/messages")
    assert [message["parts"][0]["content"] for message in messages] == ["first", "one", "second", "two"]


async def test_a_tool_that_needs_a_person_is_allowed_from_the_notebook(
    model: ScriptedOpenAI, api: Api, execute: Execute, load: str
) -> None:
    entry = {"command": sys.executable, "args": ["-m", "mcp_server_time"]}
    await api("POST", "workspaces/default/mcp-servers", {"name": "time", "entry": entry})
    call = (
        '/tool time convert_time {"source_timezone": "UTC", "time": "10:00", "target_timezone": "Asia/Tokyo"}'
    )
    cells = [
        load,
        f"%%mandrake\n{call}",
        "print(_mandrake.status)",
        "%mandrake allow once",
        "_mandrake.wait(60); print(_mandrake.status, _mandrake.tools[0].decision, '19:00' in _mandrake.tools[0].content)",
    ]
    done = await execute(new_notebook(cells=[new_code_cell(cell) for cell in cells]))
    first, last = done.cells[2].outputs[0].text, done.cells[4].outputs[0].text
    assert last.startswith("complete")
    assert last.endswith("True\n")
    assert first in ("waiting\n", "complete\n")
    if first == "waiting\n":
        assert "allowed once" in shown(done.cells[3])
        assert "complete once" in last


async def test_interrupting_the_kernel_stops_the_answer_quietly(
    model: ScriptedOpenAI, api: Api, execute: Execute, load: str
) -> None:
    never = asyncio.Event()
    model.script = [Turn(tokens=["Half ", "never said"], gates={1: never})]
    interrupt = (
        "import os, signal, threading, time\n"
        "def stop():\n"
        "    while '_mandrake' not in globals() or not _mandrake.text: time.sleep(0.02)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=stop).start()\n"
    )
    cells = [load, interrupt, "%%mandrake\ngo", "print(_mandrake.status, repr(_mandrake.text))"]
    done = await execute(new_notebook(cells=[new_code_cell(cell) for cell in cells]))
    assert done.cells[3].outputs[0].text == "cancelled 'Half '\n"
    assert "Half" in shown(done.cells[2])
    assert "topped" in shown(done.cells[2])
    assert all(output.output_type != "error" for output in done.cells[2].outputs)
    await model.saw_disconnect()


async def test_a_failed_answer_fails_the_cell(
    model: ScriptedOpenAI, api: Api, execute: Execute, load: str
) -> None:
    from nbclient.exceptions import CellExecutionError

    model.script = [Turn(status=401)]
    with pytest.raises(CellExecutionError, match="did not accept your key"):
        await execute(new_notebook(cells=[new_code_cell(load), new_code_cell("%%mandrake\nhi")]))


async def test_the_first_steps_run_as_they_are(
    model: ScriptedOpenAI, api: Api, execute: Execute, jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = nbformat.read(EXAMPLES / "first-steps.ipynb", 4)
    nbformat.validate(notebook)
    assert [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs] == []
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    shutil.copytree(EXAMPLES / ".mandrake", jp_root_dir / ".mandrake")
    trust = await api("GET", "workspaces/default/trust")
    ids = [entry["id"] for entry in trust["pending"]]
    await api("POST", "workspaces/default/trust", {"hash": trust["hash"], "entries": ids})
    model.script = [Turn(tokens=["A document with code."])]
    done = {cell.id: cell for cell in (await execute(notebook)).cells}
    assert "A document with code." in shown(done["question"])
    assert "Asia/Tokyo" in shown(done["time"])


async def test_a_notebook_asks_again_and_takes_its_chat_along(
    model: ScriptedOpenAI, api: Api, execute: Execute, load: str
) -> None:
    model.script = [Turn(tokens=["one"]), Turn(tokens=["two"])]
    cells = [
        load,
        "%mandrake again",
        "%%mandrake\nfirst",
        "%mandrake again",
        "print(_mandrake.text)",
        "%mandrake export",
        "%mandrake export",
        "%mandrake export sub/my chat.ipynb",
        "import os; os.mkdir('sub')",
        "%mandrake export 'sub/my chat.ipynb'",
        "%mandrake export a.pdf",
    ]
    done = await execute(new_notebook(cells=[new_code_cell(cell) for cell in cells]))
    said = [shown(cell) for cell in done.cells]
    assert said[1] == "Nothing was asked in this chat yet.\n"
    assert "two" in said[3]
    assert said[4] == "two\n"
    assert said[5:8] == [
        "Saved as explore.ipynb.md.\n",
        "explore.ipynb.md is there already. Say another name: %mandrake export FILE\n",
        "sub/my chat.ipynb can't be written: No such file or directory.\n",
    ]
    assert said[9] == "Saved as sub/my chat.ipynb.\n"
    assert said[10] == "A chat becomes a file that ends in .md, .ipynb, .json, not 'a.pdf'.\n"
    text = (api.root / "explore.ipynb.md").read_text()
    assert "two" in text
    assert "one" not in text
    nbformat.validate(nbformat.read(api.root / "sub" / "my chat.ipynb", as_version=4))
