"""Listing a project's folder: bounded, sorted, nothing hidden, nothing from outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mandrake_jupyter.errors import BadRequest, Forbidden, NotFound
from mandrake_jupyter.workspaces.files import FileEntry, list_files


def test_folders_come_first_and_hidden_or_foreign_things_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a.ipynb").write_text("{}")
    (tmp_path / "C.txt").write_text("abc")
    for hidden in (".env", ".mandrake", ".ipynb_checkpoints"):
        (tmp_path / hidden).mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "away").symlink_to("/etc")
    (tmp_path / "secret").symlink_to(".env")
    (tmp_path / "inside").symlink_to("C.txt")
    (tmp_path / os.fsdecode(b"bad\xff")).write_text("")
    found, more = list_files(tmp_path)
    assert found == [
        FileEntry("b", "b", "folder", None),
        FileEntry("a.ipynb", "a.ipynb", "notebook", 2),
        FileEntry("C.txt", "C.txt", "file", 3),
        FileEntry("inside", "inside", "file", 3),
    ]
    assert not more


def test_a_long_listing_is_cut_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(10):
        (tmp_path / "many" / f"{number}.txt").touch()
    found, more = list_files(tmp_path, "many", limit=3)
    assert [entry.path for entry in found] == ["many/0.txt", "many/1.txt", "many/2.txt"]
    assert more


def test_what_is_no_folder_of_the_project_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    for path, error in {"none": NotFound, "a.txt": BadRequest, "..": Forbidden, ".git": Forbidden}.items():
        with pytest.raises(error) as caught:
            list_files(tmp_path, path)
        assert path in str(caught.value)
