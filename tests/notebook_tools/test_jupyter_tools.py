"""The built-in MCP server, on the real contents, kernel and session managers of a Jupyter server."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_server.serverapp import ServerApp
from tornado.web import HTTPError

from mandrake_jupyter.errors import ToolNotFound
from mandrake_jupyter.notebook_tools.server import JupyterTools
from mandrake_jupyter.values import CallContext, ToolResult
from tests.support.patience import within


@pytest.fixture
def root(jp_root_dir: Path) -> Path:
    return jp_root_dir


@pytest.fixture
def tools(jp_serverapp: ServerApp, root: Path) -> JupyterTools:
    app = jp_serverapp
    return JupyterTools(root, app.contents_manager, app.kernel_manager, app.session_manager)


async def call(tools: JupyterTools, tool: str, notebook: str | None = None, **arguments: Any) -> ToolResult:
    return await tools.call_tool(tool, arguments, CallContext(notebook=notebook))


def save_notebook(path: Path) -> None:
    v4 = nbformat.v4
    cell = v4.new_code_cell("plot()", id="plot", execution_count=3)
    cell.outputs = [
        v4.new_output("stream", text="\x1b[31mwarm\x1b[0m\n10%\r100%\n"),
        v4.new_output("display_data", data={"image/png": "A" * 16_000, "text/plain": "<Figure>"}),
        v4.new_output("stream", text="x" * 50_000),
    ]
    broken = v4.new_code_cell("1/0", id="broken")
    trace = ["Traceback", "\x1b[0;31mZeroDivisionError\x1b[0m: division by zero"]
    broken.outputs = [
        v4.new_output("error", ename="ZeroDivisionError", evalue="division by zero", traceback=trace)
    ]
    nbformat.write(v4.new_notebook(cells=[v4.new_markdown_cell("# Title", id="title"), cell, broken]), path)


async def test_every_tool_is_read_only_with_a_title_and_a_description(tools: JupyterTools) -> None:
    found = {spec.name: spec for spec in await tools.list_tools()}
    assert {name: spec.title for name, spec in found.items()} == {
        "list_files": "List files",
        "read_file": "Read file",
        "read_notebook": "Read notebook",
        "list_kernels": "List kernels",
        "read_result": "Read result",
    }
    assert all(spec.server == tools.name == "jupyter" for spec in found.values())
    assert all(
        spec.read_only and spec.destructive is False and len(spec.description) > 40 for spec in found.values()
    )
    json.dumps([spec.as_json() for spec in found.values()])


async def test_list_files_shows_folders_first_and_nothing_hidden(tools: JupyterTools, root: Path) -> None:
    (root / "data").mkdir()
    (root / "data" / "x.csv").write_text("a,b\n" * 500)
    (root / ".env").write_text("KEY=1")
    (root / ".ipynb_checkpoints").mkdir()
    (root / "away").symlink_to("/etc/hostname")
    (root / "B.txt").write_text("b")
    result = await call(tools, "list_files")
    assert result.ok
    assert result.content == "2 in the project's folder:\ndata/\nB.txt  1 byte"
    assert (await call(tools, "list_files", path="data")).content == "1 in data:\nx.csv  2 KB"
    cut = await call(tools, "list_files", limit=1)
    assert cut.truncated
    assert "1 more" in cut.content


async def test_read_file_answers_a_window_and_says_how_to_read_on(tools: JupyterTools, root: Path) -> None:
    (root / "a.txt").write_text("".join(f"line {number}\n" for number in range(1, 11)))
    result = await call(tools, "read_file", path="a.txt", start_line=3, max_lines=2)
    assert result.content == "a.txt, lines 3-4 of 10:\nline 3\nline 4\n[goes on: pass start_line 5]"
    assert result.truncated
    rest = await call(tools, "read_file", path="a.txt", start_line=9)
    assert rest.content == "a.txt, lines 9-10 of 10:\nline 9\nline 10"
    assert not rest.truncated
    beyond = await call(tools, "read_file", path="a.txt", start_line=99)
    assert not beyond.ok
    assert "'a.txt' has no line 99: it has 10 lines" in beyond.content


async def test_a_single_huge_line_is_cut_with_a_notice(tools: JupyterTools, root: Path) -> None:
    (root / "a.json").write_text("x" * 1_000_000)
    result = await call(tools, "read_file", path="a.json")
    assert result.truncated
    assert len(result.content) < 70_000
    assert "64000 characters at most" in result.content


async def test_a_sparse_file_of_2_gb_is_read_in_bounded_time(tools: JupyterTools, root: Path) -> None:
    with (root / "big.log").open("w") as file:
        file.write("first\n" * 1_000_000)
        file.truncate(2_000_000_000)
    begun = time.monotonic()
    result = await call(tools, "read_file", path="big.log", max_lines=2)
    assert time.monotonic() - begun < within(5)
    assert result.content.startswith("big.log, lines 1-2 of more than ")
    (root / "zeros.bin").write_bytes(b"")
    os.truncate(root / "zeros.bin", 2_000_000_000)
    refused = await call(tools, "read_file", path="zeros.bin")
    assert (refused.ok, refused.content) == (False, "'zeros.bin' is a binary file, not text.")


@pytest.mark.parametrize("path", ["../secret.txt", "data/../../secret.txt", "link.txt", "folder/secret.txt"])
async def test_nothing_outside_the_project_is_read(tools: JupyterTools, root: Path, path: str) -> None:
    (root.parent / "secret.txt").write_text("top secret")
    (root / "link.txt").symlink_to("../secret.txt")
    (root / "folder").symlink_to("..")
    result = await call(tools, "read_file", path=path)
    assert not result.ok
    assert "top secret" not in result.content
    assert "project" in result.content


@pytest.mark.parametrize("path", [".env", ".mandrake/mcp.json", "a/.ssh/id", "innocent.txt", "./.env"])
async def test_hidden_files_are_not_read_even_behind_a_link(
    tools: JupyterTools, root: Path, path: str
) -> None:
    (root / ".env").write_text("KEY=top secret")
    (root / ".mandrake").mkdir()
    (root / ".mandrake" / "mcp.json").write_text("top secret")
    (root / "a" / ".ssh").mkdir(parents=True)
    (root / "a" / ".ssh" / "id").write_text("top secret")
    (root / "innocent.txt").symlink_to(".env")
    result = await call(tools, "read_file", path=path)
    assert not result.ok
    assert "hidden" in result.content
    assert "top secret" not in result.content


async def test_a_pipe_a_folder_and_a_missing_file_are_said_in_words(tools: JupyterTools, root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "data").mkdir()
    async with asyncio.timeout(60):
        assert "'pipe' is a named pipe, not a file." in (await call(tools, "read_file", path="pipe")).content
    assert "'data' is a folder. Use list_files" in (await call(tools, "read_file", path="data")).content
    missing = await call(tools, "read_file", path="none.txt")
    assert (missing.ok, "There is no 'none.txt'" in missing.content) == (False, True)
    assert "not a folder" in (await call(tools, "list_files", path="pipe")).content


async def test_an_absolute_path_inside_the_project_is_taken(tools: JupyterTools, root: Path) -> None:
    (root / "a.txt").write_text("hello")
    assert "hello" in (await call(tools, "read_file", path=str(root / "a.txt"))).content
    assert "hello" in (await call(tools, "read_file", path="/a.txt")).content


async def test_read_notebook_takes_the_open_one_and_keeps_pictures_out(
    tools: JupyterTools, root: Path
) -> None:
    save_notebook(root / "a.ipynb")
    result = await call(tools, "read_notebook", notebook="RTC:a.ipynb")
    text = result.content
    assert result.ok
    assert text.startswith("Notebook a.ipynb, as last saved: 3 cells")
    assert "## Cell 1 (markdown, id title)\n# Title" in text
    assert "## Cell 2 (code, id plot, run [3])\nplot()\nOutput:\nwarm\n100%" in text
    assert "[image/png 12 KB]\n<Figure>" in text
    assert "characters cut" in text
    assert "ZeroDivisionError: division by zero" in text
    assert "\x1b" not in text
    assert len(text) < 10_000
    assert result.truncated
    assert (await call(tools, "read_file", path="a.ipynb")).content == text


async def test_read_notebook_without_an_open_one_says_so(tools: JupyterTools) -> None:
    result = await call(tools, "read_notebook")
    assert not result.ok
    assert "no notebook open" in result.content


async def test_a_broken_notebook_is_said_in_words(tools: JupyterTools, root: Path) -> None:
    (root / "a.ipynb").write_text("{oh")
    result = await call(tools, "read_notebook", path="a.ipynb")
    assert not result.ok
    assert result.content.startswith("'a.ipynb' can't be read: ")


async def test_list_kernels_names_state_and_notebook(
    tools: JupyterTools, jp_serverapp: ServerApp, root: Path
) -> None:
    assert (await call(tools, "list_kernels")).content == "No kernel is running."
    save_notebook(root / "a.ipynb")
    session = await jp_serverapp.session_manager.create_session(
        path="a.ipynb", name="a.ipynb", type="notebook", kernel_name="python3"
    )
    try:
        text = (await call(tools, "list_kernels")).content
        assert text.startswith("1 running:\n- python3, ")
        assert "a.ipynb" in text
        assert f"id {session['kernel']['id']}" in text
    finally:
        await jp_serverapp.session_manager.delete_session(session["id"])


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("read_file", {}, "read_file needs 'path'. Pass for example"),
        ("read_file", {"path": 3}, "'path' can't be 3: its type is string."),
        ("read_file", {"path": "a", "start_line": 0}, "'start_line' can't be 0: the least is 1."),
        ("read_file", {"path": "a", "max_lines": 1e9}, "the most is 2000"),
        ("list_files", {"folder": "x"}, "list_files has no argument 'folder'; it takes path, limit."),
        ("list_kernels", [], "must be an object"),
    ],
)
async def test_wrong_arguments_are_answered_with_what_to_pass(
    tools: JupyterTools, tool: str, arguments: Any, words: str
) -> None:
    result = await tools.call_tool(tool, arguments, CallContext())
    assert not result.ok
    assert words in result.content


async def test_an_unknown_tool_is_an_error_that_names_the_tools(tools: JupyterTools) -> None:
    with pytest.raises(ToolNotFound, match="list_files, read_file"):
        await call(tools, "write_file")


async def test_a_project_below_the_servers_root_reads_its_own_files_only(
    jp_serverapp: ServerApp, root: Path
) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "in.txt").write_text("inside")
    (root / "out.txt").write_text("outside")
    save_notebook(root / "sub" / "a.ipynb")
    app = jp_serverapp
    tools = JupyterTools(root / "sub", app.contents_manager, app.kernel_manager, app.session_manager)
    assert "inside" in (await call(tools, "read_file", path="in.txt")).content
    assert not (await call(tools, "read_file", path="../out.txt")).ok
    assert not (await call(tools, "read_file", path="out.txt")).ok
    assert "in.txt" in (await call(tools, "list_files")).content
    assert (await call(tools, "read_notebook", notebook="sub/a.ipynb")).ok


async def test_a_contents_manager_without_local_files_works_too(tmp_path: Path) -> None:
    class Remote:
        """Synchronous, not on the disk, as some Hub storages are."""

        def get(self, path: str, content: bool = True, type: str | None = None) -> dict[str, Any]:
            assert path == "far/a.txt"
            return {"type": "file", "size": 3, "content": "hey" if content else None}

    tools = JupyterTools(tmp_path, Remote(), None, None)
    assert (await call(tools, "read_file", path="far/a.txt")).content == "far/a.txt, lines 1-1 of 1:\nhey"


async def test_a_name_no_file_can_have_is_a_failed_result(tools: JupyterTools) -> None:
    for path in ("a" * 300, "a" * 300 + ".ipynb"):
        result = await call(tools, "read_file", path=path)
        assert not result.ok
        assert "can't be read: File name too long." in result.content
        assert len(result.content) < 300
    assert not (await call(tools, "list_files", path="a" * 300)).ok


async def test_what_a_foreign_manager_raises_is_a_failed_result_and_logged(
    tools: JupyterTools, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(**_: Any) -> Any:
        raise HTTPError(500, "the hub is away")

    monkeypatch.setattr(tools._kernels, "list_kernels", broken)
    result = await call(tools, "list_kernels")
    assert not result.ok
    assert result.content == "List kernels failed in the Jupyter server: HTTPError: the hub is away"
    assert "the tool list_kernels" in caplog.text

    def denied(*_: Any, **__: Any) -> Any:
        raise KeyError("content")

    monkeypatch.setattr(tools._files._contents, "get", denied)
    result = await call(tools, "list_files")
    assert (result.ok, "KeyError" in result.content) == (False, True)
