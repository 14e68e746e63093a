"""What of a form's schema is kept, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from mandrake_jupyter.servers.forms import Unaskable, form


def fields(**properties: Any) -> Any:
    return form({"type": "object", "properties": properties})["properties"]


def test_what_is_not_known_of_a_field_is_left_out() -> None:
    """A pattern of a stranger could hold up the Jupyter server."""
    kept = fields(a={"type": "string", "pattern": "(a+)+$", "$ref": "#/x", "minLength": -1, "maxLength": 9})
    assert kept == {"a": {"type": "string", "maxLength": 9}}


def test_a_field_that_may_be_null_is_the_field() -> None:
    optional = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None, "title": "N"}
    assert fields(n=optional) == {"n": {"type": "integer", "minimum": 1, "title": "N"}}


def test_choices_are_kept_with_the_titles_they_have_in_any_of_the_protocol_s_forms() -> None:
    titled = {"type": "string", "oneOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]}
    assert fields(x={"type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"]})["x"] == titled
    assert fields(x={"enum": ["a"]})["x"] == {"type": "string", "enum": ["a"]}
    several = {"type": "array", "items": {"anyOf": titled["oneOf"]}, "minItems": 1}
    assert fields(x=several)["x"] == {
        "type": "array",
        "items": {"type": "string", "oneOf": titled["oneOf"]},
        "uniqueItems": True,
        "minItems": 1,
    }


def test_only_defaults_of_the_right_kind_and_required_fields_that_there_are_are_kept() -> None:
    made = form(
        {"properties": {"b": {"type": "boolean", "default": "yes"}, "n": {"type": "number", "default": 2}}}
        | {"required": ["b", "gone"]}
    )
    assert made["properties"] == {"b": {"type": "boolean"}, "n": {"type": "number", "default": 2}}
    assert made["required"] == ["b"]


@pytest.mark.parametrize(
    "field",
    [
        {"type": "object", "properties": {}},
        {"type": "array", "items": {"type": "string"}},
        {"type": "array", "items": {"type": "object"}},
        {"$ref": "#/$defs/x"},
        {"type": "string", "enum": [1, 2]},
        {"type": "string", "enum": ["x"] * 501},
        "text",
    ],
)
def test_what_is_no_simple_field_is_refused(field: Any) -> None:
    with pytest.raises(Unaskable):
        fields(x=field)


def test_a_form_of_too_many_fields_or_that_is_none_is_refused() -> None:
    with pytest.raises(Unaskable, match="more than 50"):
        fields(**{f"f{n}": {"type": "string"} for n in range(51)})
    with pytest.raises(Unaskable):
        form({"properties": ["a"]})


def test_a_form_without_fields_is_a_yes_or_no() -> None:
    assert form({})["properties"] == {}
