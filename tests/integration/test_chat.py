"""A chat over REST: the real extension, the real client of the model's API, a scripted model."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from tornado.web import RequestHandler

from mandrake_jupyter.handlers.routes import ROUTES
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn

from .conftest import Api


async def test_a_posted_message_streams_its_answer(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [Turn(tokens=["Hel", "lo"])]
    session = await api.session()
    events = await api.events("POST", f"{session}/messages", {"content": "hi"})
    assert [e["type"] for e in events if e["type"] != "token"] == ["start", "usage", "complete"]
    assert "".join(e["content"] for e in events if e["type"] == "token") == "Hello"
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert events[0]["model"] == "openai/" + model.chats[0]["model"]


async def test_the_answer_as_one_object_and_as_sse(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [Turn(tokens=["one"]), Turn(tokens=["two"])]
    session = await api.session()
    answer = await api("POST", f"{session}/messages", {"content": "hi"})
    assert (answer["role"], answer["status"], answer["parts"][0]["content"]) == (
        "assistant",
        "complete",
        "one",
    )
    response = await api.raw(
        "POST", f"{session}/messages", {"content": "hi"}, headers={"Accept": "text/event-stream"}
    )
    assert response.headers["Content-Type"] == "text/event-stream"
    frames = [frame for frame in response.body.decode().split("\n\n") if frame]
    assert frames[0].startswith("id: 1\nevent: start\ndata: {")
    assert frames[-1].split("\n")[1] == "event: complete"


async def test_tokens_arrive_over_time_and_are_not_buffered(model: ScriptedOpenAI, api: Api) -> None:
    gate = asyncio.Event()
    model.script = [Turn(tokens=["first ", "second"], gates={1: gate})]
    session = await api.session()
    text = ""
    async for event in api.stream("POST", f"{session}/messages", {"content": "hi"}):
        if event["type"] == "token":
            text += event["content"]
            if text == "first ":
                gate.set()  # the second word is only sent after the first was read
    assert text == "first second"


async def test_headers_of_a_stream(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    response = await api.raw(
        "POST", f"{session}/messages", {"content": "hi"}, headers={"Accept": "application/x-ndjson"}
    )
    assert response.headers["Content-Type"] == "application/x-ndjson"
    assert response.headers["Cache-Control"] == "no-cache, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert "/runs/" in response.headers["Location"]


async def test_a_reader_that_leaves_does_not_end_the_run_and_another_resumes(
    model: ScriptedOpenAI, api: Api
) -> None:
    gate = asyncio.Event()
    model.script = [Turn(tokens=["first ", "second"], gates={1: gate})]
    session = await api.session()
    stream = api.stream("POST", f"{session}/messages", {"content": "hi"})
    async for event in stream:
        if event["type"] == "token":
            break
    await stream.aclose()
    [_, answer] = await api("GET", f"{session}/messages")
    assert (answer["status"], answer["parts"][0]["content"]) == ("running", "first ")
    gate.set()
    rest = await api.events("GET", f"{session}/runs/{answer['run_id']}/events?after={answer['seq']}")
    assert "".join(e["content"] for e in rest if e["type"] == "token") == "second"
    assert rest[-1]["type"] == "complete"
    again = await api.events("GET", f"{session}/runs/{answer['run_id']}/events")
    assert "".join(e["content"] for e in again if e["type"] == "token") == "first second"


async def test_cancel_ends_the_request_at_the_provider(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [Turn(tokens=["first ", "second"], gates={1: asyncio.Event()})]
    session = await api.session()
    last = None
    async for event in api.stream("POST", f"{session}/messages", {"content": "hi"}):
        last = event
        if event["type"] == "token":
            for _ in range(2):
                response = await api.raw("POST", f"{session}/runs/{event['run_id']}/cancel")
                assert response.code == 202
    assert last is not None
    assert last["type"] == "cancelled"
    await model.saw_disconnect()


async def test_a_tool_of_the_built_in_server_is_called_without_a_question(
    model: ScriptedOpenAI, api: Api
) -> None:
    (api.root / "weather.csv").write_text("day,temp\n1,4\n")
    model.script = [Turn(calls=[Call("jupyter__list_files", {})]), Turn(tokens=["One file."])]
    session = await api.session()
    answer = await api("POST", f"{session}/messages", {"content": "what is here?"})
    tool, text = answer["parts"]
    assert (tool["server"], tool["status"], tool["needs_approval"]) == ("jupyter", "done", False)
    assert "weather.csv" in tool["content"]
    assert text["content"] == "One file."
    told = [m for m in model.chats[1]["messages"] if m["role"] == "tool"]
    assert "weather.csv" in json.dumps(told)


async def test_idempotency_key(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    answers = [
        await api("POST", f"{session}/messages", {"content": "hi"}, headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]
    assert answers[0]["id"] == answers[1]["id"]
    assert len(model.chats) == 1


async def test_the_same_key_repeats_the_answer_even_when_its_attachment_is_gone(
    model: ScriptedOpenAI, api: Api
) -> None:
    (api.root / "a.txt").write_text("x")
    session = await api.session()
    body = {"content": "hi", "attachments": [{"type": "file", "path": "a.txt"}]}
    first = await api("POST", f"{session}/messages", body, headers={"Idempotency-Key": "k"})
    (api.root / "a.txt").unlink()
    again = await api("POST", f"{session}/messages", body, headers={"Idempotency-Key": "k"})
    assert first["id"] == again["id"]


async def test_many_first_requests_get_one_coordinator(api: Api) -> None:
    session = (await api.session()).rsplit("/", 1)[-1]
    held = await asyncio.gather(
        *(api.registry.get_session_coordinator("default", session) for _ in range(40))
    )
    assert len({id(one) for one in held}) == 1


async def test_a_deleted_chat_ends_its_streams_and_is_gone(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [Turn(tokens=["first ", "second"], gates={1: asyncio.Event()})]
    session = await api.session()
    last = None
    async for event in api.stream("POST", f"{session}/messages", {"content": "hi"}):
        last = event["type"]
        if last == "token":
            assert (await api.raw("DELETE", session)).code == 204
    assert last == "cancelled"
    assert (await api.error("GET", f"{session}/messages"))[0] == 404


async def test_respond_async_answers_at_once_with_the_run(model: ScriptedOpenAI, api: Api) -> None:
    gate = asyncio.Event()
    model.script = [Turn(tokens=["x"], gates={0: gate})]
    session = await api.session()
    response = await api.raw(
        "POST", f"{session}/messages", {"content": "hi"}, headers={"Prefer": "respond-async"}
    )
    assert response.code == 202
    run = json.loads(response.body)
    assert response.headers["Location"].endswith(f"/sessions/{run['session_id']}/runs/{run['id']}")
    gate.set()
    events = await api.events("GET", f"{session}/runs/{run['id']}/events")
    assert events[-1]["type"] == "complete"


@pytest.mark.parametrize(
    ("turn", "code", "action"),
    [
        (Turn(status=401), "model_key_refused", "change_key"),
        (Turn(status=429, headers={"Retry-After": "7"}), "model_rate_limited", "try_now"),
        (Turn(status=500), "model_overloaded", "try_again"),
        (Turn(status=404), "model_not_available", "choose_model"),
        (Turn(tokens=["par"], fault="cut"), "model_stream_broken", "continue"),
        (Turn(tokens=["par"], fault="end"), "model_stream_broken", "continue"),
    ],
)
async def test_a_fault_of_the_provider_is_one_clear_terminal_event(
    model: ScriptedOpenAI, api: Api, turn: Turn, code: str, action: str
) -> None:
    api.registry.model_retries = 0
    model.script = [turn]
    session = await api.session()
    events = await api.events("POST", f"{session}/messages", {"content": "hi"})
    last = events[-1]
    assert (last["type"], last["code"], last["actions"][0]) == ("error", code, action)
    assert [e["type"] for e in events].count("error") == 1
    [question, answer] = await api("GET", f"{session}/messages")
    assert question["parts"][0]["content"] == "hi"
    assert (answer["status"], answer["error"]["code"]) == ("failed", code)
    assert "sk-canary" not in json.dumps(events)


async def test_a_provider_that_hangs_ends_by_its_deadline(model: ScriptedOpenAI, api: Api) -> None:
    api.registry.first_token_timeout = 0.3
    model.script = [Turn(fault="hang")]
    session = await api.session()
    events = await api.events("POST", f"{session}/messages", {"content": "hi"})
    assert events[-1]["code"] == "model_timeout"


async def test_sessions_as_resources(api: Api) -> None:
    response = await api.raw("POST", "workspaces/default/sessions", {"name": "Mine"})
    made = json.loads(response.body)
    assert response.code == 201
    assert response.headers["Location"].endswith(
        f"mandrake/workspaces/{made['workspace_id']}/sessions/{made['id']}"
    )
    path = f"workspaces/default/sessions/{made['id']}"
    assert (await api("GET", path))["execution_state"] == "idle"
    assert (await api("PATCH", path, {"name": "Other"}))["name"] == "Other"
    assert [s["id"] for s in await api("GET", "sessions")] == [made["id"]]
    assert (await api.raw("DELETE", path)).code == 204
    assert (await api.error("GET", path))[0] == 404
    assert await api("GET", "workspaces/default/sessions") == []


async def test_a_notebook_has_one_session_of_its_own(api: Api) -> None:
    absolute = str(api.root / "explore.ipynb")
    first, second = await asyncio.gather(
        *(
            api("POST", "workspaces/default/sessions", {"notebook": path})
            for path in (absolute, "explore.ipynb")
        )
    )
    assert first["id"] == second["id"]
    assert (first["name"], first["notebook"]) == ("explore.ipynb", "explore.ipynb")


BAD_INPUT: list[tuple[str, str, Any, int, str]] = [
    ("GET", "workspaces/ghost", None, 404, "workspace_not_found"),
    ("GET", "workspaces/ghost/sessions", None, 404, "workspace_not_found"),
    ("GET", "workspaces/default/sessions/ghost/messages", None, 404, "session_not_found"),
    ("POST", "workspaces/default/sessions/ghost/messages", {"content": "x"}, 404, "session_not_found"),
    ("POST", "workspaces/default/sessions", "{oops", 400, "bad_request"),
    ("POST", "workspaces/default/sessions", "[1]", 400, "bad_request"),
    ("POST", "workspaces/default/sessions", "[" * 100_000, 400, "bad_request"),
    ("POST", "workspaces/default/sessions", '{"name": "\\ud800"}', 400, "bad_request"),
    ("POST", "workspaces/default/sessions", '{"name": NaN}', 400, "bad_request"),
    ("POST", "workspaces/default/mcp-servers", {"name": ["x"], "entry": {}}, 400, "bad_request"),
    ("GET", "workspaces/default/mcp-servers/jupyter/logs?tail=²", None, 400, "bad_request"),
    ("POST", "workspaces/default/sessions", {"name": 3}, 400, "bad_request"),
    ("GET", "workspaces/default/mcp-servers/ghost", None, 404, "mcp_server_not_found"),
    ("POST", "workspaces/default/mcp-servers/jupyter/call", {"tool": "ghost"}, 404, "tool_not_found"),
    ("POST", "workspaces/default/mcp-servers/jupyter/call", {}, 400, "bad_request"),
    ("PATCH", "workspaces/default/models", {"active": "ghost/model"}, 400, "bad_request"),
    ("PUT", "settings/keys/openai", {"value": ""}, 400, "bad_request"),
    ("POST", "workspaces/default/trust", {"hash": "x", "entries": "all"}, 400, "bad_request"),
]


async def test_bad_input_gets_a_typed_error(api: Api) -> None:
    for method, path, body, status, code in BAD_INPUT:
        got, error = await api.error(method, path, body)
        assert (got, error["code"]) == (status, code), (method, path, body)
        assert error["message"]


NOT_TAKEN: list[Any] = [
    {},
    {"content": 3},
    {"content": "x", "wait": -1},
    {"content": "x", "notebook": "n" * 5000},
    {"content": "x", "model": "m" * 5000},
    {"content": "x", "attachments": "a"},
    {"content": "x", "attachments": [{"type": "file", "path": "../secret"}]},
    {"content": "x", "attachments": [{"type": "file", "path": "ghost.csv"}]},
    {"content": "/tool jupyter"},
]


async def test_a_message_that_cannot_be_taken_leaves_nothing_behind(api: Api) -> None:
    for body in NOT_TAKEN:
        session = await api.session()
        status, error = await api.error("POST", f"{session}/messages", body)
        assert status in (400, 403, 404), body
        assert error["message"]
        assert await api("GET", f"{session}/messages") == []


async def test_an_attachment_reaches_the_model_and_not_the_history_view(
    model: ScriptedOpenAI, api: Api
) -> None:
    (api.root / "weather.csv").write_text("day,temp\n1,canary-4711\n")
    session = await api.session()
    attachment = {"type": "file", "path": "weather.csv"}
    sent = attachment | {"note": "of somebody", "text": "of somebody"}
    sent["path"] = str((api.root / "weather.csv").resolve())
    await api("POST", f"{session}/messages", {"content": "explain", "attachments": [sent]})
    assert "canary-4711" in json.dumps(model.chats[0])
    [question, _] = await api("GET", f"{session}/messages")
    assert question["attachments"] == [attachment]
    body = {"content": "explain", "attachments": [attachment] * 101}
    status, error = await api.error("POST", f"{session}/messages", body)
    assert (status, error["message"]) == (400, "A message takes at most 100 attachments.")


def _example(pattern: str) -> str:
    path = re.sub(r"\(\?P<\w+>([^()]*)\)", lambda m: m[1].split("|")[0] if "|" in m[1] else "x", pattern)
    return path.replace("\\.", ".")


async def test_every_route_wants_a_token(api: Api, http_server_client: Any, jp_base_url: str) -> None:
    for pattern, handler in ROUTES:
        for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if getattr(handler, verb.lower()) is getattr(RequestHandler, verb.lower()):
                continue
            response = await http_server_client.fetch(
                f"{jp_base_url}mandrake/{_example(pattern)}",
                method=verb,
                raise_error=False,
                allow_nonstandard_methods=True,
            )
            assert response.code == 403, (verb, pattern)
