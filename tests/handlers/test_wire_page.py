"""What docs/reference/wire.md shows of calls, answers and examples is what rest-api.yml says, to the last field.

The document itself is held against a real Jupyter server in integration/test_rest_conforms.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "wire.md").read_text("utf-8")
TEXT = files("mandrake_jupyter").joinpath("rest-api.yml").read_text("utf-8")
SPEC = yaml.safe_load(TEXT)
SCHEMAS = SPEC["components"]["schemas"]
EVENTS = {
    schema["properties"]["type"]["enum"][0]: schema
    for name in ("Event", "Happening")
    for schema in (SCHEMAS[one["$ref"].rsplit("/", 1)[-1]] for one in SCHEMAS[name]["oneOf"])
}

#: How an example of the page begins, and what it is one of.
EXAMPLES = {
    '{"message": "No key for OpenAI is known."': "Error",
    '{"id": "6f…", "workspace_id": "c1…", "name": "Missing values", "titled"': "Session",
    '{"query":': "SearchResults",
    '{"id": "…", "session_id"': "Message",
    '{"active":': "Models",
    '{"id": "c1…/time"': "MCPServer",
    '{"image": "mcp/time"': "Container",
    '{"id": "acme"': "Need",
    '{"id": "mcp-server:time:.mcp.json"': "PendingTrust",
    '{"type": "hello"': "Hello",
}


def resolved(node: Any) -> Any:
    while "$ref" in node:
        node = SCHEMAS[node["$ref"].rsplit("/", 1)[-1]] if "/schemas/" in node["$ref"] else at(node["$ref"])
    return node


def at(reference: str) -> Any:
    node = SPEC
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def choices(schema: Any) -> list[Any]:
    """The objects that a value of `schema`, or an item of it, may be."""
    schema = resolved(schema)
    if schema.get("type") == "array":
        return choices(schema["items"])
    if "properties" in schema:
        return [schema]
    several = schema.get("oneOf") or schema.get("anyOf") or ()
    return [found for one in several for found in choices(one)] or [schema]


def objects(schema: Any) -> list[Any]:
    """Those of `choices` that name their fields."""
    return [one for one in choices(schema) if "properties" in one]


def same_fields(example: Any, schema: Any, where: str) -> Iterator[str]:
    """What is left out of `example` or is too much in it, at any depth."""
    if isinstance(example, list):
        for index, item in enumerate(example):
            yield from same_fields(item, schema, f"{where}[{index}]")
    elif isinstance(example, dict):
        known = objects(schema)
        fits = [one for one in known if one["properties"].keys() == example.keys()]
        if known and not fits:
            yield f"{where}: {sorted(min((one['properties'].keys() ^ example.keys() for one in known), key=len))}"
        for name, value in example.items() if fits else ():
            yield from same_fields(value, fits[0]["properties"][name], f"{where}.{name}")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def shape(text: str) -> set[str]:
    """The names of the first object that `text` describes, as in `[{id, busy: [name]}]`."""
    names, name, depth = set(), "", 0
    for sign in text[text.index("{") :]:
        depth += (sign in "{[(") - (sign in "}])")
        if depth <= 1 and sign in "{,}":
            names.add(name.split(":")[0].strip('"? '))
            name = ""
        elif depth >= 1:
            name += sign
        if depth == 0:
            break
    return names - {""}


def operation(verb: str, path: str) -> tuple[str, Any]:
    """The path of the document that the page writes as `path`, and what is said of it."""
    ending = re.sub(r"\{\w+\}", "{}", path.partition("?")[0]).removeprefix("…").strip("/").removeprefix("{}/")
    there = [
        (one, item[verb])
        for one, item in SPEC["paths"].items()
        if verb in item and (re.sub(r"\{\w+\}", "{}", one).removeprefix("/") == ending or "…" in path)
        if re.sub(r"\{\w+\}", "{}", one).endswith(f"/{ending}")
    ]
    assert there, f"{verb.upper()} {path} is no operation of rest-api.yml"
    return min(there, key=lambda one: len(one[0]))


def calls() -> list[tuple[str, str, str, str]]:
    """Verb, path, the rest of the first cell and the answer, of each row of the page's tables that has one call."""
    first = r"`(GET|POST|PUT|PATCH|DELETE) ([^` ]+)`(.*)"
    rows = [cells(line) for line in PAGE.splitlines() if line.startswith("| `")]
    return [(m[1].lower(), m[2], m[3], row[1]) for row in rows if (m := re.match(first, row[0]))]


CALLS = [pytest.param(*call, id=f"{call[0].upper()} {call[1].replace('…/', '')}") for call in calls()]
SHOWN = [call for call in CALLS if re.match(r"(\d+ )?`\[?\{", str(call.values[3]))]


@pytest.mark.parametrize(("verb", "path", "rest", "answer"), CALLS)
def test_a_call_takes_what_the_page_says(verb: str, path: str, rest: str, answer: str) -> None:
    one, described = operation(verb, path)
    parameters = [
        resolved(parameter)
        for parameter in [*SPEC["paths"][one].get("parameters", []), *described.get("parameters", [])]
    ]
    taken = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
    said = set(re.findall(r"[?&](\w+)=?", path + rest.partition("{")[0].replace("\\", "")))
    assert said <= taken
    for body in re.findall(r"`(\{[^`]+\})`", rest):
        taken_too = objects(described["requestBody"]["content"]["application/json"]["schema"])
        assert any(shape(body) <= set(one["properties"]) for one in taken_too), (body, taken_too)


@pytest.mark.parametrize(("verb", "path", "rest", "answer"), SHOWN)
def test_a_call_answers_what_the_page_says(verb: str, path: str, rest: str, answer: str) -> None:
    _, described = operation(verb, path)
    answers = [
        one
        for status, given in described["responses"].items()
        if status.startswith("2")
        for content in resolved(given).get("content", {}).values()
        for one in objects(content["schema"])
    ]
    said = shape(answer[answer.index("`") :])
    told = [one for one in answers if set(one.get("required", ())) <= said <= set(one["properties"])]
    assert told, (said, [sorted(one["properties"]) for one in answers])


@pytest.mark.parametrize(("beginning", "name"), EXAMPLES.items(), ids=EXAMPLES.values())
def test_an_example_of_the_page_has_each_field_and_none_else(beginning: str, name: str) -> None:
    assert PAGE.count(beginning) == 1
    example, _ = json.JSONDecoder(strict=False).raw_decode(PAGE[PAGE.index(beginning) :].replace("\n", " "))
    assert list(same_fields(example, SCHEMAS[name], name)) == []


def test_events_have_the_fields_that_the_page_says() -> None:
    said: dict[str, set[str]] = {}
    for line in PAGE.splitlines():
        if line.startswith("| `") and (name := cells(line)[0].strip("`")) in EVENTS:
            said[name] = set(re.findall(r"`([a-z_]+)`", re.sub(r"\([^()]*\)", "", cells(line)[-1])))
    common = {"type", "seq", "run_id", "time", "workspace_id"}
    fields = {name: set(schema["properties"]) for name, schema in EVENTS.items() if name != "hello"}
    assert {name: said[name] | common for name in fields} == {
        name: names | common for name, names in fields.items()
    }


def test_no_name_occurs_twice_in_the_document() -> None:
    """YAML takes the last of two and says nothing."""

    class Strict(yaml.SafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            names = [key.value for key, _ in node.value]
            assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
            return super().construct_mapping(node, deep)

    yaml.load(TEXT, Strict)


def test_each_schema_is_one_and_each_example_fits_its_own() -> None:
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)
    examined = 0
    for node in walk(SPEC):
        given = (
            [node["example"]]
            if "example" in node
            else [one["value"] for one in node.get("examples", {}).values()]
        )
        for value in given:
            root = {**node["schema"], "components": SPEC["components"]}
            assert [error.message for error in Draft202012Validator(root).iter_errors(value)] == [], value
            examined += 1
    assert examined


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "schema" in node:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from walk(child)
