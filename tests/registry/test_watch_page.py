"""The page for admins names what there is, all of it."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import yaml

from mandrake_jupyter.registry.metrics import as_json

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "watch-it.md").read_text("utf-8")


def test_the_page_and_the_document_name_the_same_findings() -> None:
    document = yaml.safe_load(files("mandrake_jupyter").joinpath("rest-api.yml").read_text())
    told = set(re.findall(r"^\| `(\w+)` \| (?:error|warning) \|", PAGE, re.MULTILINE))
    assert told == set(document["components"]["schemas"]["Finding"]["properties"]["code"]["enum"])


def test_the_page_names_all_metrics_with_their_types() -> None:
    told = dict(re.findall(r"^\| `(mandrake_\w+)` \| (\w+) \|", PAGE, re.MULTILINE))
    assert told == {name: metric["type"] for name, metric in as_json().items()}
