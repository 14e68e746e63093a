"""Checks a tool's arguments against its JSON schema, in sentences a model can act on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import BadRequest
from ..stores.reading import shorten
from ..values import ToolSpec

EXAMPLES = {"path": "data/x.csv", "limit": 100, "start_line": 1, "max_lines": 200, "call_id": "call_…"}


def check_arguments(spec: ToolSpec, arguments: Any) -> Mapping[str, Any]:
    """`arguments` when they fit; :class:`BadRequest` says what is wrong and what to pass instead."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    wrong = best_match(Draft202012Validator(dict(spec.input_schema)).iter_errors(arguments))
    if wrong is None:
        return dict(arguments)
    properties: Mapping[str, Any] = spec.input_schema["properties"]
    required: list[str] = spec.input_schema["required"]
    known = ", ".join(properties) or "no arguments"
    where = ".".join(str(part) for part in wrong.absolute_path)
    if wrong.validator == "additionalProperties":
        extra = next((name for name in arguments if name not in properties), "?")
        why = f"{spec.name} has no argument {shorten(str(extra), 60)!r}; it takes {known}."
    elif wrong.validator == "required":
        missing = next((name for name in required if name not in arguments), "?")
        why = f"{spec.name} needs {missing!r}."
    elif where:
        why = f"{where!r} can't be {shorten(json.dumps(wrong.instance, default=str), 60)}: {_rule(wrong)}."
    else:
        why = f"The arguments of {spec.name} must be an object."
    example = {name: EXAMPLES[name] for name in (required or list(properties)[:1])}
    raise BadRequest(f"{why} Pass for example {json.dumps(example)}.")


def _rule(wrong: Any) -> str:
    words = {"type": "its type is {}", "minimum": "the least is {}", "maximum": "the most is {}"}
    return words.get(str(wrong.validator), "{}").format(wrong.validator_value)
