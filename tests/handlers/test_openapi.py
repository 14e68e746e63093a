"""The shipped OpenAPI document and the routes say the same."""

from __future__ import annotations

import re
from importlib.resources import files

import yaml
from tornado.web import RequestHandler

from mandrake_jupyter.errors import ACTIONS, MandrakeError
from mandrake_jupyter.handlers.routes import ROUTES
from mandrake_jupyter.lifecycle.phases import Phase
from mandrake_jupyter.sessions.run_state import RunState

VERBS = ("get", "post", "put", "patch", "delete")


def spec() -> dict:
    return yaml.safe_load(files("mandrake_jupyter").joinpath("rest-api.yml").read_text())


def routes() -> set[tuple[str, str]]:
    found = set()
    for pattern, handler in ROUTES:
        path = re.sub(r"\(\?P<(\w+)>([^()]*)\)", lambda m: m[2] if "|" in m[2] else f"{{{m[1]}}}", pattern)
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
    assert set(schemas["Run"]["properties"]["state"]["enum"]) == {state.value for state in RunState}


def test_every_reference_of_the_spec_leads_somewhere() -> None:
    text = files("mandrake_jupyter").joinpath("rest-api.yml").read_text()
    document = spec()
    for reference in set(re.findall(r"#/([\w/]+)", text)):
        node = document
        for step in reference.split("/"):
            node = node[step]


def _tree(cls: type[MandrakeError]) -> list[type[MandrakeError]]:
    return [cls, *(below for child in cls.__subclasses__() for below in _tree(child))]


def test_error_codes_are_unique_and_actions_known() -> None:
    tree = _tree(MandrakeError)
    own = [cls.code for cls in tree if "code" in vars(cls)]
    assert len(own) == len(set(own))
    assert all(set(cls.actions) <= set(ACTIONS) for cls in tree)
