"""docs/design-map.md names symbols and tests that are there, and leaves no requirement out."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
REQUIRED = [
    f"R{number}" for number in (*range(1, 23), *range(28, 35), *range(36, 44), *range(45, 55), 64, 66, 67)
]
NOT_YET = "not yet"
HEADINGS = ["what it says", "where it is", "what tries it", "how a user sees it"]


class Row(NamedTuple):
    section: str
    sentence: str
    symbols: str
    tests: str
    seen: str


def rows() -> list[Row]:
    found: list[Row] = []
    section = ""
    for line in (ROOT / "docs" / "design-map.md").read_text("utf-8").splitlines():
        if line.startswith("### "):
            section = line[4:].split(".")[0]
        elif line.startswith("| "):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if cells != HEADINGS:
                found.append(Row(section, *cells))
    return found


ROWS = rows()


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@cache
def collected_in(path: str) -> frozenset[str]:
    body = ast.parse((ROOT / "tests" / path).read_text("utf-8")).body
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    made = {
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return frozenset(name for name in functions | made if name.startswith(("test_", "Test")))


def test_every_requirement_and_the_card_have_their_section() -> None:
    assert {row.section for row in ROWS} == {*REQUIRED, "The design card"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section}: {row.sentence[:50]}")
def test_every_symbol_and_every_test_is_there(row: Row) -> None:
    assert row.sentence
    assert row.seen
    if NOT_YET in (row.symbols, row.tests):
        assert (row.symbols, row.tests) == (NOT_YET, NOT_YET)
        return
    assert named(row.symbols)
    assert named(row.tests)
    for symbol in named(row.symbols):
        assert is_there(symbol), symbol
    for test in named(row.tests):
        path, name = test.split("::")
        assert name in collected_in(path), test


def is_there(symbol: str) -> bool:
    if ":" not in symbol:
        return (ROOT / symbol).exists()
    module, _, name = symbol.partition(":")
    found: object = import_module(f"mandrake_jupyter.{module}".rstrip("."))
    for step in name.split("."):
        found = getattr(found, step)
    return found is not None
