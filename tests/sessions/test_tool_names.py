"""The names under which a model sees tools: lawful, and each of exactly one tool."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mandrake_jupyter.sessions.tool_names import name_tools
from mandrake_jupyter.values import ToolSpec

LAWFUL = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def test_plain_names_stay_readable() -> None:
    assert list(name_tools([ToolSpec("git", "log"), ToolSpec("git", "read.file")])) == [
        "git__log",
        "git__read_file",
    ]


def test_tools_that_would_share_a_name_each_get_their_own() -> None:
    specs = [ToolSpec("a", "x.y"), ToolSpec("a", "x/y"), ToolSpec("a__x", "y"), ToolSpec("a", "x__y")]
    assert list(name_tools(specs).values()) == specs


def test_a_tool_named_as_another_ones_hash_takes_nobodys_place() -> None:
    pair = [ToolSpec("a", "x.y"), ToolSpec("a", "x/y")]
    stolen = next(iter(name_tools(pair))).removeprefix("a__")
    specs = [*pair, ToolSpec("a", stolen)]
    assert list(name_tools(specs).values()) == specs
    assert list(name_tools(reversed(specs)).values()) == specs[::-1]


@given(
    st.lists(st.tuples(st.sampled_from(["a", "a__b", "ä"]), st.text(max_size=80)), unique=True, max_size=20)
)
def test_every_tool_has_one_lawful_name(names: list[tuple[str, str]]) -> None:
    specs = [ToolSpec(server, tool) for server, tool in names]
    table = name_tools(specs)
    assert list(table.values()) == specs
    assert all(LAWFUL.fullmatch(name) for name in table)
