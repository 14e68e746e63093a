"""Reading inside one folder: nothing leads out of it, nothing blocks, nothing hidden is shown."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mandrake_jupyter.errors import BadRequest, Forbidden, MandrakeError, NotFound
from mandrake_jupyter.stores.reading import confine, confine_visible, read_text_bounded
from tests.support.patience import within

PIECES = st.sampled_from(
    ["..", ".", "a", "in", "out", "up", "loop", "", "/", "~", "\\..", "x" * 300, "\0", "é", "\ud800"]
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("confined")
    root = base / "project"
    (root / "a").mkdir(parents=True)
    (base / "secret.txt").write_text("secret")
    (root / "a" / "in").symlink_to(root)
    (root / "out").symlink_to(base / "secret.txt")
    (root / "a" / "up").symlink_to("../..")
    (root / "loop").symlink_to("loop")
    return root


@given(st.lists(PIECES, max_size=6).map("/".join) | st.text(max_size=30))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_path_the_result_is_inside_or_a_typed_error(root: Path, path: str) -> None:
    try:
        found = confine(root, path)
    except MandrakeError:
        return
    assert found.is_relative_to(os.path.realpath(root))
    assert Path(os.path.realpath(found)).is_relative_to(os.path.realpath(root))


@pytest.mark.parametrize(
    "path", ["../secret.txt", "/etc/passwd", "out", "a/up", "a/up/secret.txt", "a/../../x"]
)
def test_a_path_that_leads_out_is_forbidden_and_named(root: Path, path: str) -> None:
    with pytest.raises(Forbidden) as caught:
        confine(root, path)
    assert path in str(caught.value)


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_what_is_no_path_is_a_bad_request(root: Path, path: str) -> None:
    with pytest.raises(BadRequest, match="is no path"):
        confine(root, path)


def test_paths_inside_are_resolved_also_absolute_and_through_links(root: Path) -> None:
    assert confine(root, "a/in/a") == (root / "a").resolve()
    assert confine(root, str(root / "new.txt")) == root.resolve() / "new.txt"
    assert confine(root, "") == confine(root, ".") == root.resolve()


def test_a_hidden_parent_of_the_project_itself_does_not_hide_it(tmp_path: Path) -> None:
    root = tmp_path / ".work" / "project"
    root.mkdir(parents=True)
    assert confine_visible(root, "a.txt") == root.resolve() / "a.txt"
    assert confine_visible(root, str(root / "a.txt")) == root.resolve() / "a.txt"
    with pytest.raises(Forbidden, match="hidden"):
        confine_visible(root, str(root / ".env"))


def test_text_is_cut_at_a_whole_character(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("aé€😀", encoding="utf-8")
    cuts = {size: read_text_bounded(tmp_path / "a.txt", size) for size in range(1, 11)}
    assert cuts[2] == ("a", True)
    assert cuts[5] == ("aé", True)
    assert cuts[9] == ("aé€", True)
    assert cuts[10] == ("aé€😀", False)


def test_pipes_sockets_devices_folders_and_binaries_are_refused_in_words(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "bin").write_bytes(b"a\0b")
    (tmp_path / "latin").write_bytes("é".encode("latin-1") * 100)
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(tmp_path)
        try:
            server.bind("socket")
        finally:
            os.chdir(here)
        for name, words in {
            "pipe": "a named pipe",
            "folder": "a folder",
            "socket": "a socket",
            "bin": "a binary file",
            "latin": "not UTF-8",
            "/dev/zero": "a device",
        }.items():
            with pytest.raises(BadRequest, match=words) as caught:
                read_text_bounded(tmp_path / name, 100, name)
            assert name in str(caught.value)
    with pytest.raises(NotFound, match=r"There is no file 'none\.txt'"):
        read_text_bounded(tmp_path / "none.txt", 100, "none.txt")


def test_a_file_of_2_gb_costs_only_what_is_asked(tmp_path: Path) -> None:
    with (tmp_path / "big").open("w") as file:
        file.write("x" * 1000)
        file.truncate(2_000_000_000)
    begun = time.monotonic()
    assert read_text_bounded(tmp_path / "big", 1000) == ("x" * 1000, True)
    assert time.monotonic() - begun < within(1)
