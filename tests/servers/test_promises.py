"""What a tool promises of its answers is held, and no promise holds up the Jupyter server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..support.stalls import stalls
from .conftest import House, call


def promising(house: House, schema: dict[str, Any]) -> None:
    tool = {"name": "structured", "inputSchema": {"type": "object"}, "outputSchema": schema}
    house.raw("--tools", json.dumps([tool]))


def field(**rules: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": rules}}


async def test_a_hostile_pattern_of_an_output_schema_does_not_hold_the_loop(house: House) -> None:
    """Run as it is, this one takes seconds on any machine; each further letter doubles it."""
    promising(house, field(pattern="^(a+)+$"))
    manager = house.manager()
    await manager.start("raw")
    with stalls() as stall:
        result = await call(manager, "raw", "structured", value={"a": "a" * 27 + "!"})
    assert (result.ok, result.structured) == (True, {"a": "a" * 27 + "!"})
    assert stall.longest < 1, f"{stall.longest:.2f} s"


async def test_a_schema_without_end_is_given_up_and_the_answer_is_kept(house: House) -> None:
    doubling = {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(40)}
    promising(house, {"type": "object", "$ref": "#/$defs/0", "$defs": doubling | {"40": {}}})
    manager = house.manager()
    await manager.start("raw")
    with stalls() as stall:
        result = await call(manager, "raw", "structured", value={})
    assert result.ok
    assert stall.longest < 0.7, f"{stall.longest:.2f} s"
    assert any("could not be told in time" in line["text"] for line in manager.logs("raw"))


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        (field(type="string"), {"a": 5}, "a: 5 is not of type 'string'"),
        (field(type="no"), {"a": 5}, "its output schema is none (SchemaError)"),
        (field(**{"$ref": "http://127.0.0.1:9/x"}), {"a": 5}, "its output schema is none"),
    ],
)
async def test_an_answer_that_is_not_as_promised_failed(
    house: House, schema: dict[str, Any], value: Any, words: str
) -> None:
    promising(house, schema)
    manager = house.manager()
    for _ in range(2):  # the second time the schema is known
        result = await call(manager, "raw", "structured", value=value)
        assert not result.ok
        assert result.content.startswith("It answered, but not as its description promises: ")
        assert words in result.content


async def test_an_answer_as_promised_is_there_large_and_small(house: House) -> None:
    promising(house, field(type="string"))
    manager = house.manager()
    for size in (1, 10, 100_000):
        assert (await call(manager, "raw", "structured", value={"a": "x" * size})).ok
