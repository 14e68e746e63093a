"""Variables in a message: what is filled in, what is left alone."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mandrake_jupyter.magics.braces import LIMIT, describe, expand

names = st.text(string.ascii_letters + "_", min_size=1, max_size=8)


class Box:
    inner = None

    def __init__(self, value=None):
        self.value = value

    @property
    def broken(self):
        raise RuntimeError("never mind")


def test_a_name_is_replaced_by_its_value():
    assert expand("How large is {n}, {text}?", {"n": 42, "text": "as it is"}) == "How large is 42, as it is?"


def test_attributes_are_followed():
    assert expand("{box.value.value}", {"box": Box(Box(3))}) == "3"


def test_a_long_value_is_put_below_once():
    value = "a\nb"
    sent = expand("Compare {x} with {x}.", {"x": value})
    assert sent == "Compare `x` with `x`.\n\n`x`:\n```\na\nb\n```"


def test_a_value_with_a_fence_gets_a_longer_one():
    assert expand("{x}", {"x": "```\ncode\n```"}).count("````") == 2


@pytest.mark.parametrize(
    "text",
    [
        "{unknown}",
        "{}",
        "{0}",
        "{n!r}",
        "{n:.2f}",
        "{n + 1}",
        "{n[0]}",
        "{n()}",
        "{{n}}",
        "${n}",
        r"\{n}",
        '{"n": 1}',
        "{n: 1}",
        "{n, m}",
        "`{n}`",
        "```python\nprint(f'{n}')\n```",
        "~~~\n{n}\n~~~",
        "```\nnever closed {n}",
        "{box.missing}",
        "{box.broken}",
        "/tool time now {n}",
        '  /tool x y {"a": {n}}',
    ],
)
def test_other_braces_stay_as_typed(text):
    assert expand(text, {"n": 42, "box": Box()}) == text


leaves = st.none() | st.integers() | st.text()


@settings(max_examples=50)
@given(st.recursive(leaves, lambda kids: st.lists(kids) | st.dictionaries(st.text(), kids), max_leaves=8))
def test_json_is_never_touched(value):
    text = json.dumps(value, ensure_ascii=False)
    if "{" not in json.dumps(list(_strings(value)), ensure_ascii=False):
        assert expand(text, {"n": 1}) == text


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)


@given(st.text())
def test_without_variables_a_text_is_unchanged(text):
    assert expand(text, {}) == text


@given(names, st.integers(), st.text(string.ascii_letters + " .,", max_size=20))
def test_any_known_name_is_replaced_wherever_it_stands(name, value, around):
    assert expand(f"{around}{{{name}}}{around}", {name: value}) == f"{around}{value}{around}"


@given(st.text(min_size=1, max_size=20), st.integers(1, 3000))
def test_a_value_is_bounded(text, times):
    assert len(describe(text * times)) < LIMIT + 60


def test_large_containers_are_cut_before_they_are_written_out():
    assert len(describe(list(range(10**6)))) < 1000
    assert len(describe(dict.fromkeys(range(10**5), "x" * 100))) <= LIMIT + 60


def test_a_value_that_cannot_be_shown_is_named():
    class Shy:
        def __repr__(self):
            raise RuntimeError

    assert describe(Shy()) == "<Shy, which can't be shown: RuntimeError>"
