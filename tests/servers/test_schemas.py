"""Schemas of strangers: what they say is held, what they would hold up is not tried."""

from __future__ import annotations

from typing import Any

import pytest

from mandrake_jupyter.servers.schemas import Schema, TooLong

HOSTILE = {"type": "string", "pattern": "^(a+)+$"}
LONG = "a" * 60 + "!"
#: Two to the power of 40 looks at one value.
DOUBLING = {
    "$ref": "#/$defs/0",
    "$defs": {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(40)} | {"40": {}},
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (HOSTILE, LONG),
        ({"not": HOSTILE}, LONG),
        ({"oneOf": [HOSTILE, {"type": "string", "pattern": "^b"}]}, LONG),
        ({"if": HOSTILE, "then": False}, LONG),
        ({"contains": HOSTILE, "maxContains": 1}, [LONG, LONG]),
        ({"patternProperties": {"^(a+)+$": False}, "additionalProperties": False}, {LONG: 1}),
        ({"propertyNames": HOSTILE}, {LONG: 1}),
        ({"allOf": [{"patternProperties": {"^(a+)+$": True}}], "unevaluatedProperties": False}, {LONG: 1}),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"$ref": "#"}}}
            | HOSTILE,
            LONG,
        ),
        (
            {"properties": {"a": {"$schema": "http://json-schema.org/draft-07/schema#"} | HOSTILE}},
            {"a": LONG},
        ),
        ({"$schema": "http://json-schema.org/draft-03/schema#", "disallow": [HOSTILE]}, LONG),
    ],
)
def test_no_pattern_is_run_and_none_refuses(schema: dict[str, Any], value: Any) -> None:
    assert Schema(schema).wrong_with(value) is None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (HOSTILE, 5),
        ({"oneOf": [HOSTILE, {"type": "string", "pattern": "^b"}]}, 5),
        ({"oneOf": [{"type": "string"}, {"maxLength": 9}]}, "both"),
        ({"not": {"type": "string"}}, "a"),
        ({"contains": {"const": 1}, "maxContains": 1}, [1, 1]),
        ({"properties": {"a": True}, "additionalProperties": False}, {"b": 1}),
        ({"properties": {"patternProperties": True}, "additionalProperties": False}, {"b": 1}),
        ({"uniqueItems": True}, [{"a": 1, "b": 2}, {"b": 2, "a": 1}]),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "string"}, 5),
    ],
)
def test_all_else_is_held(schema: dict[str, Any], value: Any) -> None:
    assert Schema(schema).wrong_with(value) is not None


def test_a_property_may_be_called_like_a_rule() -> None:
    schema = Schema({"properties": {"patternProperties": {"type": "string"}}, "additionalProperties": False})
    assert schema.wrong_with({"patternProperties": "a"}) is None
    assert schema.wrong_with({"patternProperties": 1}) is not None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (DOUBLING, 1),
        ({"items": {"allOf": [{"minimum": 0}] * 1000}}, [1] * 1000),
        (
            {"items": {"anyOf": [{}, {"allOf": [{}] * 1000}], "not": {"allOf": [*[{}] * 1000, False]}}},
            [1] * 1000,
        ),
    ],
)
def test_a_look_that_takes_too_long_is_given_up(schema: dict[str, Any], value: Any) -> None:
    with pytest.raises(TooLong):
        Schema(schema).wrong_with(value, seconds=0.02)


def test_many_different_items_are_told_apart_at_once() -> None:
    assert Schema({"uniqueItems": True}).wrong_with([{"a": n} for n in range(20_000)]) is None
