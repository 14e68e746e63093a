"""Files are written whole or not at all, and JSON a person wrote is never lost."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from mandrake_jupyter.errors import BadRequest, BrokenFile, Conflict, Forbidden
from mandrake_jupyter.stores.files import read_json, update_json, write_json_atomic, write_text_atomic


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_private_and_whole(tmp_path: Path) -> None:
    write_json_atomic(tmp_path / "trust.json", {"é": [1, None, True]})
    assert read_json(tmp_path / "trust.json") == {"é": [1, None, True]}
    assert mode_of(tmp_path / "trust.json") == 0o600
    assert os.listdir(tmp_path) == ["trust.json"]


def test_mode_none_keeps_the_mode_of_the_file_there(tmp_path: Path) -> None:
    target = tmp_path / "mcp.json"
    target.write_text("{}")
    target.chmod(0o640)
    write_text_atomic(target, "[]", mode=None)
    assert mode_of(target) == 0o640
    write_text_atomic(target, "[]")
    assert mode_of(target) == 0o600


def test_a_failed_write_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_text_atomic(target, "new")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_link_out_of_the_folder_is_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "mcp.json").symlink_to(outside)
    with pytest.raises(Forbidden, match=r"outside\.json"):
        write_text_atomic(folder / "mcp.json", "theirs")
    assert outside.read_text() == "mine"
    assert os.listdir(folder) == ["mcp.json"]


def test_a_link_inside_the_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "mcp.json").symlink_to("real.json")
    update_json(tmp_path / "mcp.json", lambda value: value.update(a=1))
    assert (tmp_path / "mcp.json").is_symlink()
    assert read_json(tmp_path / "real.json") == {"a": 1}


def test_what_is_no_json_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for value in (float("nan"), {1, 2}):
        with pytest.raises(BadRequest):
            write_json_atomic(tmp_path / "a.json", value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('{\n "a": 1,\n}', 3, "remove the comma"),
        ('{\n // why\n "a": 1}', 2, "no comments"),
        ("{'a': 1}", 1, "double quotes"),
        ("", 1, "empty"),
        ('{"a": [', 1, "ends too early"),
        ('{"a": 1,\n\n "a": 2}', 3, "twice"),
        ('{"a": NaN}', 1, "NaN"),
        ("[" * 100_000, 1, "too deeply"),
        ('{"a": ' + "9" * 5000 + "}", 1, "digits"),
    ],
)
def test_bad_json_says_the_line_and_what_to_do(tmp_path: Path, text: str, line: int, why: str) -> None:
    target = tmp_path / "mcp.json"
    target.write_text(text)
    with pytest.raises(BrokenFile, match=why) as caught:
        read_json(target, name=".mandrake/mcp.json")
    assert caught.value.fields["line"] == line
    assert str(caught.value).startswith(f".mandrake/mcp.json, line {line}: ")
    assert caught.value.as_json()["code"] == "broken_file"


def test_bytes_that_are_no_text_are_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"a":\n"\xff"}')
    with pytest.raises(BrokenFile, match="line 2: it is not UTF-8"):
        read_json(tmp_path / "a.json")


def test_a_pipe_or_a_huge_file_in_its_place_is_said_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(BrokenFile, match="a named pipe"):
        read_json(tmp_path / "pipe.json")
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(BrokenFile, match="larger than 1 MB"):
        read_json(tmp_path / "huge.json")


def test_a_missing_file_is_python_s_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "none.json")


def test_json_with_comments_is_read_where_it_is_allowed(tmp_path: Path) -> None:
    text = '{\n  // why\n  "url": "http://x//y/*z*/", /* and\n  more */ "list": [1, 2, /* last */ ],\n}\n'
    (tmp_path / "mcp.json").write_text(text)
    assert read_json(tmp_path / "mcp.json", comments=True) == {"url": "http://x//y/*z*/", "list": [1, 2]}


@pytest.mark.parametrize("piece", ['\\"', "/*", ", // ", ",/*x*/", '"'])
def test_hostile_json_with_comments_takes_linear_time(tmp_path: Path, piece: str) -> None:
    (tmp_path / "mcp.json").write_text('["' + piece * (900_000 // len(piece)))
    with pytest.raises(BrokenFile):
        read_json(tmp_path / "mcp.json", comments=True)


def test_an_update_keeps_unknown_keys_their_order_and_the_indentation(tmp_path: Path) -> None:
    target = tmp_path / "mcp.json"
    target.write_text('{\n\t"zeta": 1,\n\t"mcpServers": {},\n\t"alpha": "ü"\n}\n', encoding="utf-8")

    def add(value: dict[str, dict[str, int]]) -> None:
        value["mcpServers"]["time"] = 1

    update_json(target, add)
    assert target.read_text(encoding="utf-8") == (
        '{\n\t"zeta": 1,\n\t"mcpServers": {\n\t\t"time": 1\n\t},\n\t"alpha": "ü"\n}\n'
    )


def test_an_update_leaves_a_file_with_comments_byte_for_byte(tmp_path: Path) -> None:
    target = tmp_path / "mcp.json"
    before = b'{\r\n  // mine\r\n  "mcpServers": {},\r\n}\r\n'
    target.write_bytes(before)
    with pytest.raises(BrokenFile, match="line 2: JSON has no comments") as caught:
        update_json(target, lambda value: value.clear())
    assert "left as it is" in caught.value.then
    assert target.read_bytes() == before


def test_an_update_meeting_another_program_s_write_is_a_conflict(tmp_path: Path) -> None:
    target = tmp_path / "mcp.json"
    target.write_text("{}")

    def meanwhile(value: dict[str, int]) -> None:
        target.write_text('{"theirs": 1}')
        value["mine"] = 1

    with pytest.raises(Conflict, match="another program"):
        update_json(target, meanwhile)
    assert read_json(target) == {"theirs": 1}


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    target = tmp_path / "trust.json"
    failed: list[BaseException] = []

    def write(number: int) -> None:
        try:
            update_json(target, lambda value: value.update({str(number): number}))
        except BaseException as exc:
            failed.append(exc)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(read_json(target)) == 20
