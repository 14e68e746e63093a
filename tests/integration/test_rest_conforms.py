"""Every operation of rest-api.yml against a real Jupyter server, with what it promises and with what it forbids."""

from __future__ import annotations

import copy
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.rest_world import World, rest_world

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
ENDLESS = "/events"
#: What is said of each operation's answers: (operation, status) → how often.
ANSWERED: Counter[tuple[str, int]] = Counter()


def closed(document: Any) -> Any:
    """The document with every object of an answer shut, so that a field it does not name is noticed."""
    document = copy.deepcopy(document)
    seen: set[int] = set()
    attachment = document["components"]["schemas"]["AttachedFile"]  # given back with all it was sent with

    def shut(node: Any) -> None:
        if isinstance(node, list):
            for child in node:
                shut(child)
        elif isinstance(node, dict):
            if reference := node.get("$ref"):
                node = resolved(document, reference)
            if id(node) not in seen:
                seen.add(id(node))
                if "properties" in node and node is not attachment:
                    node.setdefault("additionalProperties", False)
                for child in list(node.values()):
                    shut(child)

    for path in document["paths"].values():
        for operation in path.values():
            if "responses" in operation:
                for answer in operation["responses"].values():
                    shut(resolved(document, answer["$ref"]) if "$ref" in answer else answer)
    return document


def resolved(document: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


SPEC = closed(yaml.safe_load(files("mandrake_jupyter").joinpath("rest-api.yml").read_text("utf-8")))
schema = schemathesis.openapi.from_dict(SPEC)
schema.config.generation.update(with_security_parameters=False)
OPERATIONS = [(verb, path) for path, item in SPEC["paths"].items() for verb in item if verb != "parameters"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with rest_world(tmp_path_factory.mktemp("rest")) as made:
        yield made


def live(case: Any, world: World) -> dict[str, str]:
    """What is there for this operation; for one that ends something, what may be ended."""
    found = {"workspace": "default", "session": world.chat, "run": world.run, "name": "jupyter"}
    draw = zlib.crc32(repr((case.path, case.body)).encode()) % 3
    if case.path.endswith(("/approvals/{call}", "/cancel")) and draw == 0:
        return found | world.waiting()
    if case.path.endswith("/questions/{question}"):
        return found | world.asked()
    if case.path.endswith("/messages/{message}"):
        return found | world.said()
    if case.path.endswith("/messages/{message}/restore") and draw == 0:
        return found | world.said(deleted=True)
    if case.path.endswith("/sessions/{session}/restore") and draw == 0:
        return found | {"session": world.deleted_chat()}
    if case.path.endswith("/sessions/{session}") and case.method == "DELETE":
        return found | {"session": world.fresh_chat()}
    if case.path.endswith("/mcp-servers/{name}") and case.method == "DELETE":
        return found | {"name": world.fresh_mcp_server()}
    if case.path.endswith("/grants/{grant}"):
        return found | {"grant": world.fresh_grant()}
    if case.path.endswith("/disable"):
        return found | {"name": world.fresh_mcp_server()}
    if case.path.endswith("/mcp-servers/test") and case.method in ("GET", "DELETE"):
        world.fresh_mcp_server("test")
        return found
    if case.path.startswith("/settings/keys"):
        return found | {"name": "openai"}
    if case.path.endswith(
        ("/tools", "/resources", "/resources/read", "/prompts", "/prompts/get", "/completions")
    ):
        return found | {"name": "echo"}
    return found | ({"name": "echo"} if draw == 0 else {})


def aim(case: Any, world: World) -> None:
    """Most requests would find nothing, so three of four are led to what is there, and models to the scripted one."""
    given, body = case.path_parameters, case.body
    path = case.meta.components.get(ParameterLocation.PATH)
    wrong_path = path is not None and path.mode.is_negative
    if not wrong_path and zlib.crc32(repr((case.path, sorted(given.items()), body)).encode()) % 4:
        there = live(case, world)
        for name in given.keys() & there.keys():
            given[name] = there[name]
    if case.path.endswith("/logs") and str(case.query.get("follow")).lower() == "true":
        case.query["follow"] = "false"  # would not end
    if isinstance(body, dict):
        case.body = body | (enough(body) if case.path == "/limits" else corrected(body, world))
        if case.path.endswith("/prompts/get") and right(case):
            case.body |= {"name": "greet", "arguments": {"who": "Ada"}}
        if case.path.endswith("/mcp-servers/test") and right(case):
            case.body["entry"] = {**case.body["entry"], "url": None, "command": "no-such-command-0815"}
        if case.path.endswith("/questions/{question}") and right(case):
            case.body["content"] = {"colour": "red"} if case.body["action"] == "accept" else None
    if case.path.endswith("/mcp-servers/config") and case.method == "PUT":
        case.headers["If-Match"] = "*"
        if right(case):
            case.body = {"text": world.api("GET", "workspaces/default/mcp-servers/config")["text"]}
    if 0 < len(key := case.headers.get("Idempotency-Key", "")) < 150:
        case.headers["Idempotency-Key"] = f"{key}{uuid4().hex}"  # a repeated one is not looked at any further


def right(case: Any) -> bool:
    """Whether the body is meant to be as the document says."""
    body = case.meta.components.get(ParameterLocation.BODY)
    return body is not None and not body.mode.is_negative


def enough(limits: dict[str, Any]) -> dict[str, Any]:
    """Limits under which the other requests have room."""
    return {name: max(200, value) for name, value in limits.items() if type(value) is int and value > 0}


def corrected(body: dict[str, Any], world: World) -> dict[str, Any]:
    """What no generated value can know, and what must not last: the trust's hash, the model's address, a lasting grant."""
    fields: dict[str, Any] = {}
    if isinstance(body.get("url"), str) and body["url"].startswith("http"):
        fields["url"] = world.model
    if isinstance(body.get("hash"), str) and isinstance(body.get("entries"), list):
        fields |= {"hash": world.api("GET", "workspaces/default/trust")["hash"], "entries": []}
    if isinstance(body.get("uri"), str) and body["uri"].strip():
        fields["uri"] = "echo://notes"
    if body.get("decision") == "workspace":
        fields["decision"] = "session"
    return fields


@schema.exclude(path=ENDLESS).parametrize()
@settings(
    derandomize=True,
    max_examples=10,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_the_document_says(case: Any, world: World) -> None:
    """Among the requests are unknown fields, wrong types, huge numbers, NULs and every kind of text."""
    aim(case, world)
    headers = {"Authorization": f"token {world.jupyter.token}", "Accept": "application/json"}
    if case.path.endswith("/messages"):
        headers["Prefer"] = "respond-async"
    answer = case.call(base_url=f"{world.jupyter.url}mandrake", headers=headers, timeout=60)
    ANSWERED[case.operation.label, answer.status_code] += 1
    case.validate_response(answer, checks=CHECKS)


def test_every_operation_was_asked_for_something_that_it_did(world: World) -> None:
    """Else the test above would be content with a server that refuses everything."""
    did = {label for label, status in ANSWERED if status < 300}
    assert [
        f"{verb.upper()} {path}"
        for verb, path in OPERATIONS
        if path != ENDLESS and f"{verb.upper()} {path}" not in did
    ] == []


@pytest.mark.parametrize(("verb", "path"), OPERATIONS, ids=lambda part: part)
def test_without_a_login_nothing_is_told(world: World, verb: str, path: str) -> None:
    parameters = {
        "workspace": "default",
        "session": world.chat,
        "run": world.run,
        "call": "c",
        "question": "q",
        "message": "m",
        "image": "i",
        "grant": "1",
        "name": "echo",
    }
    answer = requests.request(verb, f"{world.jupyter.url}mandrake{path.format_map(parameters)}", timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/json")
    assert answer.json()["code"] == "forbidden"
    assert ("token" if verb == "get" else "_xsrf") in answer.json()["message"]
    assert_fits(answer.json(), "Error")


@pytest.mark.parametrize(
    "path", ["nothing", "workspaces/default/nothing", "workspaces/%00/models", "workspaces/a b"]
)
def test_an_address_that_is_none_is_answered_as_an_error_of_ours(world: World, path: str) -> None:
    headers = {"Authorization": f"token {world.jupyter.token}"}
    answer = requests.get(f"{world.jupyter.url}mandrake/{path}", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert_fits(answer.json(), "Error")


def test_a_question_and_its_answer_are_as_the_document_says(world: World) -> None:
    asked = world.asked()
    run = "workspaces/{workspace}/sessions/{session}/runs/{run}".format_map(asked)
    messages = world.api("GET", "workspaces/{workspace}/sessions/{session}/messages".format_map(asked))
    for shown in (world.api("GET", run), *messages):
        assert_fits(shown, "Run" if "state" in shown else "Message")
    assert messages[-1]["parts"][-1]["question"] == world.api("GET", run)["question"]
    world.api("POST", f"{run}/questions/{asked['question']}", {"action": "decline"})
    events = list(world.stream("GET", f"{run}/events", "application/x-ndjson"))
    assert {"question", "questionAnswered"} <= {event["type"] for event in events}
    for event in events:
        assert_fits(event, "Event")


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream"])
def test_every_event_of_a_run_is_as_the_document_says(world: World, accept: str) -> None:
    """A tool that asks first and is allowed, its progress, its result, and an answer of a model."""
    waiting = world.waiting()
    run = "workspaces/{workspace}/sessions/{session}/runs/{run}".format_map(waiting)
    world.api("POST", f"{run}/approvals/{waiting['call']}", {"decision": "once"})
    posted = world.stream(
        "POST", f"workspaces/default/sessions/{world.chat}/messages", accept, {"content": "count to 3"}
    )
    events = [*world.stream("GET", f"{run}/events", accept), *posted]
    assert {event["type"] for event in events} >= {
        "start",
        "toolCall",
        "approval",
        "toolResult",
        "token",
        "usage",
        "complete",
    }
    for event in events:
        assert_fits(event, "Event")


def test_the_stream_of_happenings_begins_as_the_document_says(world: World) -> None:
    hello = next(world.stream("GET", "events", "application/x-ndjson"))
    assert hello["type"] == "hello"
    assert_fits(hello, "Happening")


def assert_fits(value: Any, name: str) -> None:
    root = {"$ref": f"#/components/schemas/{name}", "components": SPEC["components"]}
    assert [error.message for error in Draft202012Validator(root).iter_errors(value)] == [], json.dumps(value)
