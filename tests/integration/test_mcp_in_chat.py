"""What MCP servers offer inside a chat, over REST: questions, prompts, resources."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.mcp_leaks import eventually
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api

SUPPORT = Path(__file__).parents[1] / "support"
ECHO = {"command": sys.executable, "args": [str(SUPPORT / "mcp_echo.py")]}
SERVERS = "workspaces/default/mcp-servers"


async def add(api: Api, *, era: str = "") -> None:
    """The echo server; with `era` it is known, before its first start, to speak that revision of the protocol."""
    file = api.root / ".mandrake" / "mcp.json"
    if era:
        file.parent.mkdir()
        file.write_text(json.dumps({"mcpServers": {"echo": ECHO}}))
        (entry,) = (await api.registry.get_workspace_manager("default")).mcp_entries()
        file.unlink()
        known = Path(api.registry.data_dir) / "catalogue" / f"{entry.hash}.json"
        known.parent.mkdir(parents=True)
        known.write_text(json.dumps({"version": 1, "protocol": era, "tools": []}))
    await api("POST", SERVERS, {"name": "echo", "entry": ECHO})
    if era:
        await api("POST", f"{SERVERS}/echo/start")
        assert json.loads(known.read_text())["protocol"] == era


async def post(api: Api, session: str, content: str) -> dict[str, Any]:
    """The run, once it waits for a person, or the answer."""
    found: dict[str, Any] = await api("POST", f"{session}/messages", {"content": content})
    return found


async def events(api: Api, session: str, run: str) -> list[dict[str, Any]]:
    return await api.events("GET", f"{session}/runs/{run}/events")


@pytest.mark.parametrize("era", ["2025-11-25", "2026-07-28"])
async def test_a_question_is_answered_in_the_chat_and_the_call_goes_on(api: Api, era: str) -> None:
    await add(api, era=era)
    session = await api.session()
    run = await post(api, session, '/tool echo ask {"question": "Which one?", "says": true}')
    question = run["question"]
    assert (question["server"], question["message"], question["mode"]) == ("echo", "Which one?", "form")
    answers = f"{session}/runs/{run['id']}/questions/{question['question_id']}"
    status, error = await api.error("POST", answers, {"action": "accept", "content": {"colour": 1}})
    assert (status, error["message"]) == (400, "colour: it must be of the type string.")
    part = (await api("GET", f"{session}/messages"))[-1]["parts"][-1]
    assert part["question"] == question
    said = await api("POST", answers, {"action": "accept", "content": {"colour": "canary-red"}})
    assert said == {"question_id": question["question_id"], "action": "accept"}
    seen = await events(api, session, run["id"])
    assert seen[-2]["content"] == 'accept {"colour": "canary-red"}', "the tool itself says it again"
    (answered,) = [event for event in seen if event["type"] == "questionAnswered"]
    assert "content" not in answered
    status, error = await api.error("POST", answers, {"action": "decline"})
    assert (status, error["code"]) == (409, "already_answered")
    status, error = await api.error("POST", f"{session}/runs/{run['id']}/questions/q", {"action": "decline"})
    assert (status, error["code"]) == (404, "question_not_found")


async def test_what_is_said_stands_in_no_log_and_no_store(
    api: Api, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(0)
    await add(api)
    session = await api.session()
    run = await post(api, session, "/tool echo ask {}")
    answers = f"{session}/runs/{run['id']}/questions/{run['question']['question_id']}"
    await api.error("POST", answers, {"action": "accept", "content": {"colour": ["canary-4711"]}})
    await api("POST", answers, {"action": "accept", "content": {"colour": "canary-4711"}})
    assert (await events(api, session, run["id"]))[-1]["type"] == "complete"
    assert "canary-4711" not in caplog.text
    assert "canary-4711" not in json.dumps(await api("GET", f"{SERVERS}/echo/logs"))
    for file in Path(api.registry.data_dir).rglob("*"):
        assert not file.is_file() or b"canary-4711" not in file.read_bytes(), file


async def test_a_question_is_declined_or_ends_with_its_answer(api: Api) -> None:
    await add(api)
    session = await api.session()
    run = await post(api, session, "/tool echo sign_in {}")
    assert run["question"]["url"] == "https://example.com/sign-in"
    answers = f"{session}/runs/{run['id']}/questions/{run['question']['question_id']}"
    await api("POST", answers, {"action": "decline"})
    assert (await events(api, session, run["id"]))[-2]["content"] == "decline"
    run = await post(api, session, "/tool echo ask {}")
    await api("POST", f"{session}/runs/{run['id']}/cancel")
    *_, answered, result, end = await events(api, session, run["id"])
    assert [answered["by"], result["status"], end["type"]] == ["the end of the call", "unknown", "cancelled"]
    assert (await api("GET", f"{session}/runs/{run['id']}"))["question"] is None


async def test_nobody_is_asked_for_longer_than_the_setting_says(api: Api) -> None:
    api.registry.question_timeout = 1.0
    await add(api)
    session = await api.session()
    asked = {"content": "/tool echo ask {}", "wait": 0}  # whoever waited for the question could find it over
    run = await api("POST", f"{session}/messages", asked)
    seen = await events(api, session, run["id"])
    assert [event["by"] for event in seen if event["type"] == "questionAnswered"] == ["timeout"]
    assert seen[-2]["content"] == "cancel"


async def test_two_chats_on_one_connection_of_the_older_era_never_see_each_other_s_questions(
    api: Api, tmp_path: Path
) -> None:
    await add(api, era="2025-11-25")
    mark, there = tmp_path / "mark", tmp_path / "there"
    one, two = await api.session(), await api.session()
    waits = json.dumps({"mark": str(mark), "there": str(there)})
    other = asyncio.create_task(post(api, one, f"/tool echo begin_until {waits}"))
    await eventually(mark.exists)
    asked = await post(api, two, '/tool echo ask {"question": "The secret of chat two?"}')
    there.touch()
    for answer in (asked, await other):
        (part,) = answer["parts"]
        assert "It asked a question, which was declined" in part["content"]
        assert "secret" not in part["content"]
    for session, answer in ((two, asked), (one, await other)):
        seen = await events(api, session, answer["run_id"])
        assert "question" not in {event["type"] for event in seen}


async def test_over_rest_nobody_is_there_to_answer(api: Api) -> None:
    await add(api)
    answer = await api("POST", f"{SERVERS}/echo/call", {"tool": "ask"})
    assert answer["content"].startswith(
        'decline\n[It asked you: "Which colour?". That was declined: only in a chat'
    )


async def test_a_prompt_is_filled_in_for_the_model_and_its_errors_end_the_answer(
    api: Api, model: ScriptedOpenAI
) -> None:
    await add(api)
    session = await api.session()
    model.script = [Turn(["Hello Ada"])]
    typed = '/prompt echo greet {"who": "Ada"}'
    answer = await post(api, session, typed)
    assert answer["parts"][0]["content"] == "Hello Ada"
    assert model.requests[-1].body["messages"][-1] == {"role": "user", "content": "Greet Ada warmly."}
    assert (await api("GET", f"{session}/messages"))[0]["parts"][0]["content"] == typed
    answer = await post(api, session, "/prompt echo greet")
    assert (answer["status"], answer["error"]["message"]) == ("failed", 'The prompt "greet" needs who.')
    status, error = await api.error("POST", f"{session}/messages", {"content": "/prompt echo"})
    assert (status, error["code"]) == (400, "bad_request")


async def test_a_resource_is_attached_as_it_is_when_the_message_is_posted(
    api: Api, model: ScriptedOpenAI
) -> None:
    await add(api)
    session = await api.session()
    model.script = [Turn(["two lines"])]
    resource = {"type": "resource", "server": "echo", "uri": "echo://notes", "name": "Notes"}
    await api("POST", f"{session}/messages", {"content": "Sum up", "attachments": [resource]})
    sent = model.requests[-1].body["messages"][-1]["content"]
    assert sent == "Sum up\n\n[Attached: Resource echo://notes of the MCP server echo]\n```\none\ntwo\n```"
    assert (await api("GET", f"{session}/messages"))[0]["attachments"] == [resource]


async def test_a_large_resource_is_cut_as_a_file_is(api: Api, model: ScriptedOpenAI) -> None:
    await add(api)
    session = await api.session()
    model.script = [Turn(["long"])]
    resource = {"type": "resource", "server": "echo", "uri": "echo://large/3000000"}
    await api("POST", f"{session}/messages", {"content": "Sum up", "attachments": [resource]})
    sent = model.requests[-1].body["messages"][-1]["content"]
    assert ", the first 64 KB of 3 MB]" in sent
    assert len(sent) < 65_000


#: (what is asked for, status, code, some of the words).
UNATTACHABLE: list[tuple[dict[str, Any], int, str, str]] = [
    ({"server": "echo", "uri": "echo://picture"}, 400, "bad_request", "is no text (image/png)"),
    ({"server": "echo", "uri": "echo://nothing"}, 404, "resource_not_found", "echo://nothing"),
    ({"server": "echo", "uri": "echo://broken"}, 502, "mcp_request_refused", "refused the resource"),
    ({"server": "ghost", "uri": "x://y"}, 404, "mcp_server_not_found", "ghost"),
    ({"server": "jupyter", "uri": "x://y"}, 404, "mcp_not_offered", "offers no resources"),
    ({"server": "foreign", "uri": "x://y"}, 409, "mcp_not_trusted", "not trusted yet"),
    ({"server": "echo"}, 400, "bad_request", '"uri"'),
    ({"server": "echo", "uri": "echo://a\nb"}, 400, "bad_request", '"uri"'),
    ({"server": "echo", "uri": "echo://notes", "name": 1}, 400, "bad_request", '"name"'),
]


async def test_a_resource_that_cannot_be_attached_is_refused_in_words_and_nothing_is_posted(api: Api) -> None:
    await add(api)
    (api.root / ".mcp.json").write_text(json.dumps({"mcpServers": {"foreign": ECHO}}))
    session = await api.session()
    for resource, status, code, words in UNATTACHABLE:
        body = {"content": "Look", "attachments": [{"type": "resource", **resource}]}
        answered, error = await api.error("POST", f"{session}/messages", body)
        assert (answered, error["code"]) == (status, code), resource
        assert words in error["message"]
    assert await api("GET", f"{session}/messages") == []
