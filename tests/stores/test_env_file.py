"""Files of variables are read as python-dotenv reads them, and a line that is none is told by its number."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mandrake_jupyter.errors import BadRequest, NotFound
from mandrake_jupyter.stores.env_file import MAX_ENV_FILE, parse_env, read_env_file


def parsed(text: str) -> dict[str, str | None]:
    return {one.name: one.value for one in parse_env(text, ".env")}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=b", "b"),
        ("export A = b c ", "b c"),
        ("  A=b # remark", "b"),
        ("A=b#c", "b#c"),
        ("A=# remark", ""),
        ("A=", ""),
        ("A=''", ""),
        ("A", None),
        ("A='b # \\'c\\' \\n'", "b # 'c' \\n"),
        ('A="b\\n\\"c\\" \\d" # remark', 'b\n"c" \\d'),
        ('A="one\ntwo"', "one\ntwo"),
        ("A=${HOME} $(touch x) `x`", "${HOME} $(touch x) `x`"),
        ("# remark\n\n\r\nA=b\r\n", "b"),
        ("A=1\nA=b", "b"),
    ],
)
def test_every_way_to_write_a_variable_is_read(text: str, value: str | None) -> None:
    assert parsed(text) == {"A": value}


def test_lines_are_counted_through_values_of_several_lines() -> None:
    text = '# one\nA="x\ny"\n\nB=z\n'
    assert [(one.name, one.line) for one in parse_env(text, ".env")] == [("A", 2), ("B", 5)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=1\n= 2", ".env, line 2: this is no variable. Write NAME=value"),
        ("A=1\n\nsecret words", ".env, line 3: put the value of secret in quotes"),
        ("A='1\nB=2", ".env, line 1: a quote is not closed."),
        ('A="1" 2', ".env, line 1: put the value of A in quotes"),
        ('{"A": 1}', ".env, line 1: this is no variable"),
    ],
)
def test_a_line_that_is_none_is_named_and_its_value_is_not_told(text: str, words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_env(text, ".env")
    assert words in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with suppress(BadRequest):
        parse_env(text, ".env")


def test_hostile_text_takes_no_time() -> None:
    for text in (
        "A='" + "\\" * 100_000,
        'A="' + "x" * 100_000,
        "A" * 100_000,
        "A= " + " " * 100_000 + "#",
        "\n" * 100_000,
    ):
        try:
            parse_env(text, ".env")
        except BadRequest:
            continue


def test_what_is_no_file_of_variables_is_refused_in_words(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin").write_bytes(b"A=\xff\n")
    (tmp_path / "binary").write_bytes(b"A=\0")
    with (tmp_path / "huge").open("w") as file:
        file.truncate(2_000_000_000)
    said = {}
    for name in ("pipe", "latin", "binary", "huge", ".", "none"):
        with pytest.raises((BadRequest, NotFound)) as caught:
            read_env_file(tmp_path / name, name)
        said[name] = str(caught.value)
    assert said == {
        "pipe": "'pipe' is a named pipe, not a file.",
        "latin": "'latin' is not UTF-8 text.",
        "binary": "'binary' is a binary file, not text.",
        "huge": "'huge' is a binary file, not text.",
        ".": "'.' is a folder, not a file.",
        "none": "There is no file 'none'.",
    }
    (tmp_path / "long").write_text("A=1\n" * (MAX_ENV_FILE // 4 + 1))
    with pytest.raises(BadRequest, match="larger than 200 KB"):
        read_env_file(tmp_path / "long", "long")
