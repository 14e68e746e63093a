"""`"limits"` of an MCP server's entry."""

from __future__ import annotations

from typing import Any

import pytest

from mandrake_jupyter.errors import BadRequest
from mandrake_jupyter.values import ResourceLimits
from mandrake_jupyter.workspaces.entries import parse_entry


def limits(value: Any) -> ResourceLimits:
    return parse_entry("a", {"command": "x", "limits": value}).entry.limits


def test_each_limit_may_be_set_and_the_rest_is_for_the_settings_to_say() -> None:
    assert limits({"memory_mb": 512, "processes": 0}) == ResourceLimits(512, None, 0)
    assert limits(None) == limits({}) == ResourceLimits()
    assert limits({"processes": 0}).over(ResourceLimits(1, 2, 3)) == ResourceLimits(1, 2, 0)


def test_limits_are_part_of_what_is_trusted() -> None:
    """A folder must not loosen those of the settings by a pull."""
    plain = parse_entry("a", {"command": "x"}).entry.hash
    hashes = {parse_entry("a", {"command": "x", "limits": {"memory_mb": n}}).entry.hash for n in (0, 1)}
    assert len({plain, *hashes}) == 3
    assert parse_entry("a", {"command": "x", "limits": {}}).entry.hash == plain


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (512, 'must be an object like {"memory_mb": 2048}'),
        ({"memory": 512}, "'memory' in \"limits\" is not known; known: memory_mb, open_files, processes"),
        ({"memory_mb": "2g"}, "must be a whole number, like 512, or 0"),
        ({"open_files": -1}, "must be a whole number"),
        ({"processes": True}, "must be a whole number"),
        ({"memory_mb": 2**40}, "must be a whole number"),
        ({"memory_mb": None}, "must be a whole number"),
    ],
)
def test_a_wrong_limit_is_refused_in_words(value: Any, words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        limits(value)
    assert words in str(caught.value)
