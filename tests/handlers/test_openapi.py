"""The shipped OpenAPI document and the routes say the same."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib.resources import files
from typing import get_args, get_type_hints

import yaml
from tornado.web import RequestHandler

from mandrake_jupyter.errors import ACTIONS, MandrakeError
from mandrake_jupyter.handlers.base import _CODES
from mandrake_jupyter.handlers.routes import ROUTES
from mandrake_jupyter.lifecycle.announce import Announcement
from mandrake_jupyter.lifecycle.phases import Phase
from mandrake_jupyter.registry.hub import TYPES
from mandrake_jupyter.sessions.run_state import RunState

VERBS = ("get", "post", "put", "patch", "delete")


def spec() -> dict:
    return yaml.safe_load(files("mandrake_jupyter").joinpath("rest-api.yml").read_text())


def routes() -> set[tuple[str, str]]:
    found = set()
    for pattern, handler in ROUTES:
        path = re.sub(
            r"\(\?P<(\w+)>([^()]*)\)",
            lambda m: m[2] if m[2].replace("|", "").isalpha() else f"{{{m[1]}}}",
            pattern,
        )
        path = path.replace("\\.", ".")
        last = path.rsplit("/", 1)[-1]
        choices = [path[: -len(last)] + one for one in last.split("|")] if "|" in last else [path]
        for verb in VERBS:
            if getattr(handler, verb) is not getattr(RequestHandler, verb):
                found |= {(verb, f"/{choice}") for choice in choices}
    return found


def test_routes_and_spec_are_equal() -> None:
    described = {(verb, path) for path, ops in spec()["paths"].items() for verb in ops if verb in VERBS}
    assert routes() == described


def test_phases_and_states_of_the_spec_are_those_of_the_code() -> None:
    schemas = spec()["components"]["schemas"]
    assert schemas["Phase"]["enum"] == [phase.value for phase in Phase]
    assert set(schemas["RunState"]["enum"]) == {state.value for state in RunState}


def test_what_happens_is_described_as_it_is_announced() -> None:
    schemas = spec()["components"]["schemas"]
    for announced in get_args(Announcement):
        described = schemas[announced.__name__]
        own = {field.name for field in fields(announced)}
        assert described["properties"].keys() == own | {"type", "seq", "time"} == set(described["required"])
        assert described["properties"]["type"]["enum"] == [TYPES[announced]]
        for name in own & {"why", "what", "outcome"}:
            words = get_args(get_type_hints(announced)[name])
            assert described["properties"][name]["enum"] == list(words or ("done", "failed", "unknown"))


def test_every_reference_of_the_spec_leads_somewhere() -> None:
    text = files("mandrake_jupyter").joinpath("rest-api.yml").read_text()
    document = spec()
    for reference in set(re.findall(r"#/([\w/]+)", text)):
        node = document
        for step in reference.split("/"):
            node = node[step]


def _tree(cls: type[MandrakeError]) -> list[type[MandrakeError]]:
    return [cls, *(below for child in cls.__subclasses__() for below in _tree(child))]


def test_error_codes_and_actions_of_the_spec_are_those_of_the_code() -> None:
    schemas = spec()["components"]["schemas"]
    codes = {cls.code for cls in _tree(MandrakeError)} | set(_CODES.values())
    assert set(schemas["ErrorCode"]["enum"]) == codes
    assert schemas["Action"]["enum"] == list(ACTIONS)


def test_error_codes_are_unique_and_actions_known() -> None:
    tree = _tree(MandrakeError)
    own = [cls.code for cls in tree if "code" in vars(cls)]
    assert len(own) == len(set(own))
    assert all(set(cls.actions) <= set(ACTIONS) for cls in tree)
