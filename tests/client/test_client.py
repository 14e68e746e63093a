"""The REST client against a scripted server: what it sends, what it makes of each answer, how it outlives connections."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from mandrake_jupyter.client import ConnectionLost, MandrakeClient, MandrakeClientError

from ..support.mcp_leaks import until
from ..support.patience import within
from ..support.scripted_api import (
    DROP,
    HEARTBEAT,
    ScriptedAPI,
    answered,
    approval,
    complete,
    question,
    token,
    tool_call,
    tool_result,
    wait_for,
)


def text(events: list[dict]) -> str:
    parts: dict[int, str] = {}
    for event in events:
        if event["type"] == "token":
            parts[event["part"]] = parts.get(event["part"], "")[: event["offset"]] + event["content"]
    return "".join(parts[number] for number in sorted(parts))


def test_a_sent_message_is_a_stream_of_events(api, client):
    api.script(token("Hel"), HEARTBEAT, token("lo", offset=3), complete())
    events = list(
        client.send("s1", "hi", model="m", notebook="/a.ipynb", attachments=[{"type": "file", "path": "x"}])
    )
    assert [event["type"] for event in events] == ["start", "token", "token", "complete"]
    assert text(events) == "Hello"
    sent = api.asked("POST", "messages")[0]
    assert sent.body == {
        "content": "hi", "model": "m", "notebook": "/a.ipynb", "attachments": [{"type": "file", "path": "x"}]
    }  # fmt: skip
    assert sent.headers["Authorization"] == "token secret"
    assert sent.headers["Accept"] == "application/x-ndjson"


def test_events_arrive_while_the_run_goes_on(api, client):
    go_on = threading.Event()
    api.script(token("first"), lambda run: go_on.wait(60), token(" second", offset=5), complete())
    stream = client.send("s1", "hi")
    assert [next(stream)["type"], next(stream)["content"]] == ["start", "first"]
    go_on.set()
    assert len(list(stream)) == 2


def test_a_connection_dropped_in_the_middle_is_resumed_without_repeated_events(api, client):
    api.script(token("one "), DROP, token("two ", offset=4), DROP, token("three", offset=8), complete())
    events = list(client.send("s1", "hi"))
    assert text(events) == "one two three"
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5]
    assert len(api.asked("POST", "messages")) == 1
    assert [r.path.rsplit("=")[-1] for r in api.asked("GET", "events")] == ["2", "3"]


def test_a_connection_dropped_before_the_first_event_posts_again_under_the_same_key(api, client):
    api.script(token("once"), complete())
    api.refusals.append((DROP, None))
    events = list(client.send("s1", "hi"))
    posts = api.asked("POST", "messages")
    assert text(events) == "once"
    assert len(posts) == 2
    assert len({post.headers["Idempotency-Key"] for post in posts}) == 1
    assert len(api.runs) == 1


def test_a_given_idempotency_key_is_sent(api, client):
    api.script(complete())
    list(client.send("s1", "hi", idempotency_key="mine"))
    assert api.requests[0].headers["Idempotency-Key"] == "mine"


def test_a_proxy_that_fails_for_a_moment_is_tried_again(api, client):
    api.script(
        token("a"), lambda _: api.refusals.append((502, b"<html>bad gateway</html>")), DROP, complete()
    )
    assert [event["type"] for event in client.send("s1", "hi")] == ["start", "token", "complete"]


def test_retries_are_bounded_and_end_in_the_error(api):
    client = MandrakeClient(api.url, api.token, timeout=60, retries=2)
    api.script(token("a"), lambda _: api.refusals.extend([(DROP, None)] * 3), DROP, complete())
    events = client.send("s1", "hi")
    assert [next(events)["type"], next(events)["type"]] == ["start", "token"]
    with pytest.raises(ConnectionLost):
        next(events)
    assert list(events) == []


def test_a_refusal_while_resuming_is_not_tried_again(api, client):
    gone = {"message": "No run.", "code": "run_not_found"}
    api.script(token("a"), lambda _: api.refusals.append((404, gone)), DROP, complete())
    with pytest.raises(MandrakeClientError, match=r"No run\."):
        list(client.send("s1", "hi"))
    assert len(api.asked("GET", "events")) == 1


def test_a_silent_connection_is_taken_for_a_lost_one(api):
    client = MandrakeClient(api.url, api.token, timeout=0.3)
    api.script(token("a"), lambda _: until(lambda: api.asked("GET", "events")), complete())
    assert [event["type"] for event in client.send("s1", "hi")][-1] == "complete"
    assert len(api.asked("GET", "events")) >= 1


def test_a_refusal_before_the_first_byte_is_a_typed_error_with_ways_out(api, client):
    body = {
        "message": "No key for OpenAI is known.", "code": "model_key_missing", "then": "Your message is kept.",
        "actions": ["change_key", "choose_model"], "retryable": False, "retry_after": None,
    }  # fmt: skip
    api.refusals.append((502, body))
    with pytest.raises(MandrakeClientError) as caught:
        list(client.send("s1", "hi"))
    error = caught.value
    assert (error.status, error.code, error.message) == (
        502,
        "model_key_missing",
        "No key for OpenAI is known.",
    )
    assert (error.then, error.actions) == ("Your message is kept.", ("change_key", "choose_model"))
    assert len(api.requests) == 1


def test_a_page_that_is_no_json_is_said_in_words(api, client):
    api.refusals.append((500, b"<html>oops</html>"))
    with pytest.raises(MandrakeClientError, match="status 500"):
        client.sessions()


def test_a_wrong_token_says_what_to_set(api):
    with pytest.raises(MandrakeClientError, match="did not accept the token") as caught:
        MandrakeClient(api.url, "wrong").sessions()
    assert "MANDRAKE_TOKEN" in caught.value.then


def test_a_jupyter_without_the_extension_says_so(api, client):
    api.refusals.append((404, b"<html>404</html>"))
    with pytest.raises(MandrakeClientError, match="runs without mandrake_jupyter"):
        client.sessions()


def test_nobody_listening_is_said_at_once(api):
    client = MandrakeClient(api.url)
    api._server.socket.close()
    began = time.monotonic()
    with pytest.raises(ConnectionLost) as caught:
        list(client.send("s1", "hi"))
    assert caught.value.code == "unreachable"
    assert time.monotonic() - began < within(5)


def test_huge_tokens_and_many_of_them_arrive_whole(api, client):
    huge = "ü🐍" * 1_000_000
    api.script(token(huge), *(token("x", offset=len(huge) + n) for n in range(500)), complete())
    events = list(client.send("s1", "hi"))
    assert text(events) == huge + "x" * 500


def test_a_line_that_is_no_event_is_a_broken_connection(api, client):
    api.script(token("a"), {"seq": "?"}, complete())
    with pytest.raises(ConnectionLost):
        list(MandrakeClient(api.url, api.token, timeout=60, retries=1).send("s1", "hi"))


def test_leaving_a_stream_cancels_nothing(api, client):
    api.script(token("a"), wait_for("cancelled"), {"type": "cancelled", "by": "you"})
    with client.send("s1", "hi") as events:
        next(events)
    assert list(events) == []
    assert not api.asked("POST", "cancel")


def test_closing_a_stream_ends_a_reader_that_waits_in_another_thread(api, client):
    api.script(token("a"), wait_for("cancelled"))
    events = client.send("s1", "hi")
    assert [next(events)["type"], next(events)["type"]] == ["start", "token"]
    rest: list[dict] = []
    reader = threading.Thread(target=lambda: rest.extend(events))
    reader.start()
    events.close()
    reader.join(60)
    assert not reader.is_alive()
    assert rest == []


def test_cancel_approve_and_the_events_of_a_run(api, client):
    api.script(tool_call(approval=True), wait_for("decided"), approval(), tool_result(), complete())
    events = client.send("s1", "hi")
    assert next(events)["type"] == "start"
    assert next(events)["needs_approval"]
    client.approve("s1", "r1", "c1", "session", arguments={"code": "x"}, reason="why not")
    assert [event["type"] for event in events] == ["approval", "toolResult", "complete"]
    assert api.decisions == [
        {"call_id": "c1", "decision": "session", "arguments": {"code": "x"}, "reason": "why not"}
    ]
    assert [event["seq"] for event in client.events("s1", "r1", after=3)] == [4, 5]
    client.cancel("s1", "r1")
    assert api.runs["r1"].cancelled.is_set()


def test_a_question_of_an_mcp_server_is_answered(api, client):
    api.script(tool_call(), question(), wait_for("decided"), answered(), tool_result(), complete())
    events = client.send("s1", "hi")
    assert [next(events)["type"] for _ in range(3)][-1] == "question"
    client.answer("s1", "r1", "q1", "accept", content={"region": "eu"})
    assert [event["type"] for event in events] == ["questionAnswered", "toolResult", "complete"]
    assert api.decisions == [{"question_id": "q1", "action": "accept", "content": {"region": "eu"}}]


def test_send_and_wait_asks_for_json_and_can_return_at_once(api, client):
    api.script(complete())
    assert client.send_and_wait("s1", "hi", wait=0)["id"] == "r1"
    sent = api.asked("POST", "messages")[0]
    assert sent.headers["Prefer"] == "respond-async"
    assert sent.headers["Accept"] == "application/json"


def test_chats_are_made_found_and_quoted(api, client):
    made = client.create_session("Trip", model="m")
    own = client.create_session(notebook="/a.ipynb")
    assert client.create_session(notebook="/a.ipynb")["id"] == own["id"]
    assert [chat["id"] for chat in client.sessions()] == [made["id"], own["id"]]
    assert client.messages(made["id"]) == []
    with pytest.raises(MandrakeClientError):
        client.session("../../x y")
    assert api.requests[-1].path.endswith("..%2F..%2Fx%20y")


def test_without_a_token_a_post_brings_its_own_xsrf_pair():
    with ScriptedAPI(token="") as api:
        MandrakeClient(api.url).create_session("x")
        headers = api.requests[0].headers
    assert "Authorization" not in headers
    assert headers["Cookie"] == f"_xsrf={headers['X-XSRFToken']}"


def test_the_token_is_in_no_repr_and_no_url(api, client):
    assert "secret" not in repr(client) + client.url


def test_a_proxy_is_not_used_for_loopback(api, client, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert client.sessions() == []


def test_the_client_needs_the_standard_library_only():
    code = (
        "import sys, mandrake_jupyter.client; "
        "bad = {m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names) - {'mandrake_jupyter'}; "
        "bad = {m for m in bad if not m.startswith('_') and m not in ('sitecustomize', 'usercustomize')}; "
        "print(sorted(bad))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
