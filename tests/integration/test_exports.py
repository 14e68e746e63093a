"""Chats as files over REST and by the client: named after their title, whatever is at work or down."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
import pytest

from mandrake_jupyter.client import MandrakeClient, MandrakeClientError
from tests.support.scripted_openai import Call, ScriptedOpenAI, Turn

from .conftest import Api

KEY = "sk-canary-0123456789"


async def exported(api: Api, session: str, format: str) -> tuple[str, str]:
    """(file name, content)."""
    response = await api.raw("GET", f"{session}/export?format={format}")
    header = response.headers["Content-Disposition"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    return unquote(header.partition("filename*=UTF-8''")[2]), response.body.decode()


async def test_a_chat_is_exported_in_each_form(model: ScriptedOpenAI, api: Api) -> None:
    (api.root / "a.csv").write_text("x\n1\n")
    session = await api.session(name='../Größe: "x"\u202e')
    model.script = [
        Turn(calls=[Call("jupyter__list_files", {"path": ""})]),
        Turn(tokens=["It has one column.\n\n", "```python\nprint(1)\n```"]),
    ]
    body = {"content": "What is it?", "attachments": [{"type": "file", "path": "a.csv"}]}
    answer = await api("POST", f"{session}/messages", body)
    assert answer["status"] == "complete"
    name, text = await exported(api, session, "markdown")
    assert name == "Größe x.md"
    for piece in ("What is it?", "- File a.csv", "· done", "a.csv", "```python\nprint(1)\n```"):
        assert piece in text
    name, text = await exported(api, session, "notebook")
    assert name == "Größe x.ipynb"
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert [cell.source for cell in notebook.cells if cell.cell_type == "code"] == ["print(1)"]
    name, text = await exported(api, session, "json")
    assert name == "Größe x.json"
    document = json.loads(text)
    assert document["messages"][0]["attachments"][0]["text"].count("x\n1") == 1
    assert document["messages"][1]["run"]["state"] == "done"
    for format in ("markdown", "notebook", "json"):
        _, text = await exported(api, session, format)
        assert KEY not in text
        assert str(api.root) not in text
        assert str(Path(api.registry.data_dir)) not in text


async def test_what_was_replaced_is_in_the_json_only_and_marked(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    model.script = [Turn(tokens=["old answer"]), Turn(tokens=["new answer"])]
    old = await api("POST", f"{session}/messages", {"content": "question"})
    new = await api("POST", f"{session}/messages", {"replaces": old["id"]})
    for format in ("markdown", "notebook"):
        _, text = await exported(api, session, format)
        assert "old answer" not in text
        assert "new answer" in text
    document = json.loads((await exported(api, session, "json"))[1])
    marks = [(m["parts"][0]["content"], m["replaced_by"]) for m in document["messages"]]
    assert marks[1::2] == [("old answer", new["run_id"]), ("new answer", None)]


async def test_a_chat_at_work_is_exported_as_far_as_it_was_shown(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    gate = asyncio.Event()
    model.script = [Turn(tokens=["so far", " and on"], gates={1: gate})]
    async for event in api.stream("POST", f"{session}/messages", {"content": "go"}):
        if event["type"] == "token" and not gate.is_set():
            _, text = await exported(api, session, "markdown")
            assert text.endswith("so far\n\n*Not finished when this was exported.*\n")
            _, text = await exported(api, session, "json")
            assert json.loads(text)["messages"][1]["run"]["state"] == "calling_model"
            gate.set()
    assert (await exported(api, session, "markdown"))[1].endswith("so far and on\n")


async def test_with_the_model_gone_history_search_and_export_still_answer(
    model: ScriptedOpenAI, api: Api
) -> None:
    session = await api.session()
    await api("POST", f"{session}/messages", {"content": "hello there"})
    await model.stop()
    await api("POST", f"{session}/release?force=true")
    assert len(await api("GET", f"{session}/messages")) == 2
    [found] = (await api("GET", "search?q=there"))["results"]
    assert [hit["kind"] for hit in found["hits"]] == ["title", "text"]
    for format in ("markdown", "notebook", "json"):
        assert "hello there" in (await exported(api, session, format))[1]
    assert (await api("GET", session))["phase"] == "stopped"  # no chat was opened for it


async def test_a_form_that_is_none_and_a_chat_that_is_none_are_named(api: Api) -> None:
    session = await api.session()
    status, body = await api.error("GET", f"{session}/export?format=pdf")
    assert (status, body["code"]) == (400, "bad_request")
    assert "markdown, json, notebook" in body["message"]
    status, body = await api.error("GET", "workspaces/default/sessions/none/export")
    assert (status, body["code"]) == (404, "session_not_found")


async def test_the_client_does_what_the_routes_do(model: ScriptedOpenAI, api: Api, jp_serverapp: Any) -> None:
    client = MandrakeClient(jp_serverapp.connection_url, jp_serverapp.identity_provider.token)

    def work() -> None:
        chat = client.create_session("A chat")["id"]
        first = client.send_and_wait(chat, "one")
        question = client.messages(chat)[0]["id"]
        events = list(client.send(chat, "two", replaces=question))
        assert events[-1]["type"] == "complete"
        again = client.send_and_wait(chat, "", replaces=client.messages(chat)[-1]["id"])
        assert again["parts"][0]["content"] == "two"
        assert [len(client.messages(chat, replaced=replaced)) for replaced in (False, True)] == [2, 6]
        assert first["replaced_by"] is None
        name, content = client.export(chat, "notebook")
        assert name == "A chat.ipynb"
        nbformat.validate(nbformat.reads(content.decode(), as_version=4))
        client.delete_message(chat, again["id"])
        assert client.messages(chat) == []
        client.delete_session(chat, undo=60)
        assert client.restore_session(chat)["name"] == "A chat"
        client.delete_session(chat)
        with pytest.raises(MandrakeClientError) as refused:
            client.restore_session(chat)
        assert refused.value.code == "session_not_found"

    await asyncio.to_thread(work)
