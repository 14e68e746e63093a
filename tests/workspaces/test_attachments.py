"""What is attached to a message is text with a name and bounds; what can't be is refused by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from planted import put

from mandrake_jupyter.errors import BadRequest, Forbidden, NotFound
from mandrake_jupyter.workspaces.workspace import WorkspaceManager


def test_a_file_is_attached_with_its_name_and_cut_with_a_notice(
    root: Path, workspace: WorkspaceManager
) -> None:
    put(root, "data/x.csv", "a,b\n```\n")
    assert workspace.read_attachment({"type": "file", "path": "data/x.csv"}) == (
        "[Attached: File data/x.csv]\n````\na,b\n```\n\n````"
    )
    put(root, "big.txt", "x" * 100_000)
    text = workspace.read_attachment({"type": "file", "path": "big.txt"})
    assert text.startswith("[Attached: File big.txt, the first 64 KB of 100 KB]")
    assert len(text) < 65_000


def test_a_notebook_and_one_cell_of_it_are_attached_as_text(root: Path, workspace: WorkspaceManager) -> None:
    output = {
        "output_type": "display_data",
        "data": {"image/png": "A" * 16_000, "text/plain": ["<Fig", "ure>"]},
    }
    cells = [
        {"cell_type": "markdown", "id": "t", "source": ["# Title\n", "text"], "metadata": {}},
        {"cell_type": "code", "id": "c", "source": "plot()", "outputs": [output], "execution_count": 1},
        *({"cell_type": "code", "id": f"n{n}", "source": "x" * 1000, "outputs": []} for n in range(100)),
    ]
    put(root, "a.ipynb", {"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})
    whole = workspace.read_attachment({"type": "notebook", "path": "a.ipynb"})
    assert "## Cell 1 (markdown, id t)\n# Title\ntext" in whole
    assert "[image/png 12 KB]\n<Figure>" in whole
    assert "[Attached: Notebook a.ipynb, shortened]" in whole
    assert "[cut here, in cell" in whole
    assert len(whole) < 66_000
    cell = workspace.read_attachment({"type": "cell", "path": "a.ipynb", "cell_id": "c"})
    assert cell == (
        "[Attached: A cell of the notebook a.ipynb]\n```\n## Cell 2 (code, id c, run [1])\nplot()\n"
        "Output:\n[image/png 12 KB]\n<Figure>\n```"
    )
    with pytest.raises(NotFound, match=r"'a\.ipynb' has no cell with the id 'zz'"):
        workspace.read_attachment({"type": "cell", "path": "a.ipynb", "cell_id": "zz"})


@pytest.mark.parametrize(
    ("attachment", "error", "words"),
    [
        ({"type": "file", "path": "../x"}, Forbidden, "'../x' leads out"),
        ({"type": "file", "path": ".env"}, Forbidden, "'.env' is hidden"),
        ({"type": "file", "path": "none.txt"}, NotFound, "'none.txt'"),
        ({"type": "file", "path": "pipe"}, BadRequest, "'pipe' is a named pipe"),
        ({"type": "file", "path": "bin"}, BadRequest, "'bin' is a binary file"),
        ({"type": "notebook", "path": "bad.ipynb"}, BadRequest, "'bad.ipynb' can't be read as a notebook"),
        ({"type": "notebook", "path": "old.ipynb"}, BadRequest, "old format"),
        ({"type": "notebook", "path": "list.ipynb"}, BadRequest, "not a notebook"),
        ({"type": "cell", "path": "list.ipynb"}, BadRequest, 'needs "cell_id"'),
        ({"type": "sound", "path": "x"}, BadRequest, "one of: file, notebook, cell, image, resource"),
        ({"type": "file", "path": "link.txt"}, Forbidden, "'link.txt' is outside the project"),
        ({"type": "file", "path": "zeros"}, Forbidden, "'zeros' is outside the project"),
        ({"type": "file", "path": "folder"}, BadRequest, "'folder' is a folder"),
        ({"type": "file", "path": "huge.bin"}, BadRequest, "'huge.bin' is a binary file"),
        ({"type": "notebook", "path": "huge.ipynb"}, BadRequest, "'huge.ipynb'"),
        ({"type": "notebook", "path": "pipe"}, BadRequest, "'pipe' is a named pipe"),
        ({"type": "file"}, BadRequest, 'needs "path"'),
        ("x", BadRequest, 'needs "type"'),
    ],
)
def test_what_can_not_be_attached_is_refused_by_name(
    root: Path, workspace: WorkspaceManager, attachment: Any, error: type[Exception], words: str
) -> None:
    os.mkfifo(root / "pipe")
    (root / "folder").mkdir()
    (root / "link.txt").symlink_to("/etc/hostname")
    (root / "zeros").symlink_to("/dev/zero")
    for name in ("huge.bin", "huge.ipynb"):
        with (root / name).open("wb") as file:
            file.truncate(2_000_000_000)
    (root / "bin").write_bytes(b"\0")
    put(root, ".env", "KEY=1")
    put(root, "bad.ipynb", "{")
    put(root, "list.ipynb", "[]")
    put(root, "old.ipynb", '{"worksheets": []}')
    with pytest.raises(error) as caught:
        workspace.read_attachment(attachment)
    assert words in str(caught.value)
