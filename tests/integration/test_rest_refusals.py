"""What is wrong in a request is said, also where a default would hide it. Found by test_rest_conforms."""

from __future__ import annotations

import json
from typing import Any

from .conftest import Api

ASYNC = {"Prefer": "respond-async"}
SERVERS = "workspaces/default/mcp-servers"


WRONG_FIELDS: list[tuple[str, Any]] = [
    ("wait", "soon"),
    ("wait", -1),
    ("attachments", ""),
    ("attachments", 0),
    ("model", [None]),
    ("notebook", 1),
    ("model", "m" * 1_001),
    ("notebook", "n" * 1_001),
    ("attachments", [{"type": "file", "path": "a.csv"}] * 101),
]


async def test_a_wrong_field_of_a_message_is_refused_however_it_is_to_be_answered(api: Api) -> None:
    for field, value in WRONG_FIELDS:
        session = await api.session()
        body = {"content": "hi", field: value}
        status, error = await api.error("POST", f"{session}/messages", body, headers=dict(ASYNC))
        assert (status, error["code"]) == (400, "bad_request")
        assert field in error["message"]
        assert await api("GET", f"{session}/messages") == []


async def test_a_wrong_field_is_refused_also_when_the_key_was_seen_before(api: Api) -> None:
    session = await api.session()
    headers = {**ASYNC, "Idempotency-Key": "same"}
    await api("POST", f"{session}/messages", {"content": "/tool jupyter list_files"}, headers=headers)
    status, _ = await api.error(
        "POST", f"{session}/messages", {"content": "hi", "notebook": [None]}, headers=headers
    )
    assert status == 400


NO_OBJECTS: list[Any] = [0, "", False, []]


async def test_arguments_of_a_tool_are_an_object_or_absent(api: Api) -> None:
    for arguments in NO_OBJECTS:
        call = {"tool": "list_files", "arguments": arguments}
        status, error = await api.error("POST", f"{SERVERS}/jupyter/call", call)
        assert (status, error["message"]) == (400, "arguments must be a JSON object.")


async def test_one_mcp_server_or_several_not_both(api: Api) -> None:
    body = {"name": "one", "entry": {"command": "one"}, "mcpServers": {"two": {"command": "two"}}}
    status, _ = await api.error("POST", SERVERS, body)
    assert status == 400
    assert not (api.root / ".mandrake").exists()


async def test_an_address_that_is_none_is_an_error_body_and_needs_a_login(api: Api) -> None:
    status, error = await api.error("GET", "workspaces/default/nothing")
    assert (status, error["code"]) == (404, "not_found")
    status, error = await api.error("GET", "nothing", headers={"Authorization": "token wrong"})
    assert (status, error["code"]) == (403, "forbidden")


async def test_an_argument_that_is_no_text_hangs_no_request(jp_fetch: Any, api: Api) -> None:
    where, quiet = ("mandrake", "workspaces", "default", "sessions"), {"no_track_activity": b"\xff"}
    made = await jp_fetch(*where, method="POST", body="{}", params=quiet, request_timeout=60)
    assert made.code == 201


async def test_a_flag_that_is_no_text_is_refused(jp_fetch: Any, api: Api) -> None:
    answer = await jp_fetch(
        *("mandrake", "cleanup"), method="POST", body="{}", params={"dry_run": b"\xff"}, raise_error=False
    )
    assert (answer.code, json.loads(answer.body)["code"]) == (400, "bad_request")
