"""Chats that nobody named get a title from their model, in a real Jupyter server; whatever goes wrong, a name they have."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mandrake_jupyter.registry.titles import Titles
from tests.support.scripted_openai import ScriptedOpenAI, Turn

from .conftest import Api


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    return {**jp_server_config, "ServiceRegistry": {"title_chats": True}}


async def quiet(api: Api) -> None:
    """Until no title is being asked for."""
    opened = api.registry.opened
    assert opened is not None
    async with asyncio.timeout(60):
        while asking := [t for t in opened.services.supervisor.tasks if t.get_name().startswith("title of")]:
            await asyncio.wait(asking)


async def ask(api: Api, session: str, content: str, **fields: Any) -> Any:
    answer = await api("POST", f"{session}/messages", {"content": content, **fields})
    await quiet(api)
    return answer


async def test_a_chat_is_named_after_its_first_complete_answer_and_only_then(
    model: ScriptedOpenAI, api: Api
) -> None:
    session = await api.session()
    heard: list[Any] = []
    api.registry.hub.add(lambda _, told: heard.append((told["type"], told.get("what"))))
    model.script = [Turn(status=401)]
    await ask(api, session, "What are the gaps in March?")
    assert (await api("GET", session))["name"] == "What are the gaps in March?"
    model.script = [Turn(tokens=["There are ", "168."]), Turn(tokens=['"Gaps ', 'in March"'])]
    await ask(api, session, "And now?")
    chat = await api("GET", session)
    assert (chat["name"], chat["titled"]) == ("Gaps in March", True)
    [kept] = (await api("POST", "cleanup?dry_run=true"))["kept"]
    assert kept["name"] == "Gaps in March"  # the open chat goes by it, too
    assert heard[-1] == ("changed", "changed")
    request = model.chats[-1]
    assert "tools" not in request
    assert "And now?" in request["messages"][-1]["content"]
    assert "168." in request["messages"][-1]["content"]
    asked = len(model.chats)
    await ask(api, session, "More?")
    assert len(model.chats) == asked + 1  # no second title
    assert (await api("GET", "search?q=gaps"))["results"][0]["session"]["name"] == "Gaps in March"
    assert len(await api("GET", f"{session}/messages")) == 6  # the request is no message


async def test_a_name_of_a_person_is_never_replaced(model: ScriptedOpenAI, api: Api) -> None:
    session, gate = await api.session(), asyncio.Event()
    model.script = [Turn(tokens=["answer"]), Turn(tokens=["Of the model"], gates={0: gate})]
    await api("POST", f"{session}/messages", {"content": "hello"})
    await model.saw_requests(2)
    await api("PATCH", session, {"name": "Mine"})
    gate.set()
    await quiet(api)
    assert (await api("GET", session))["name"] == "Mine"
    named = await api.session(name="Named before")
    await ask(api, named, "hello")
    assert len(model.chats) == 3
    assert (await api("GET", named))["name"] == "Named before"


@pytest.mark.parametrize(
    "turn",
    [Turn(status=500), Turn(tokens=["  \n"]), Turn(tokens=["x"], fault="cut"), Turn(fault="hang")],
    ids=["refused", "empty", "broken off", "silent"],
)
async def test_without_a_title_the_first_words_stay(
    model: ScriptedOpenAI, api: Api, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mandrake_jupyter.sessions.titles.WITHIN", 1.0 if turn.fault == "hang" else 60.0)
    session = await api.session()
    model.script = [Turn(tokens=["answer"]), turn]
    answer = await ask(api, session, "hello there")
    assert answer["status"] == "complete"
    chat = await api("GET", session)
    assert (chat["name"], chat["titled"]) == ("hello there", False)
    assert len(model.chats) == 2


async def test_a_tool_call_of_the_user_names_no_chat_and_counts_as_no_answer(
    model: ScriptedOpenAI, api: Api
) -> None:
    session = await api.session(model="openai/gpt-5-mini")
    await ask(api, session, ' /tool jupyter list_files {"path": ""}')
    assert model.chats == []
    model.script = [Turn(tokens=["answer"]), Turn(tokens=["A title"])]
    await ask(api, session, "hello")
    assert (await api("GET", session))["name"] == "A title"


async def test_a_chat_that_is_deleted_meanwhile_is_left_alone(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    model.script = [Turn(tokens=["answer"]), Turn(tokens=["x"], gates={0: asyncio.Event()})]
    await api("POST", f"{session}/messages", {"content": "hello"})
    await model.saw_requests(2)
    await api.raw("DELETE", f"{session}?undo=60")
    await model.saw_disconnect()
    await quiet(api)
    assert (await api("POST", f"{session}/restore"))["name"] == "hello"


async def test_a_chat_whose_first_question_was_edited_meanwhile_is_named_by_what_it_says_now(
    model: ScriptedOpenAI, api: Api
) -> None:
    session, gate = await api.session(), asyncio.Event()
    model.script = [
        Turn(tokens=["answer"]),
        Turn(tokens=["Password swordfish"], gates={0: gate}),
        Turn(tokens=["another"]),
        Turn(tokens=["Greetings"]),
    ]
    answer = await api("POST", f"{session}/messages", {"content": "My password is swordfish"})
    await model.saw_requests(2)
    [question, _] = await api("GET", f"{session}/messages")
    assert answer["run_id"] == question["run_id"]
    await api("POST", f"{session}/messages", {"content": "Hello", "replaces": question["id"]})
    await model.saw_requests(4)
    gate.set()
    await quiet(api)
    assert (await api("GET", session))["name"] == "Greetings"


async def test_titles_can_be_switched_off(model: ScriptedOpenAI, api: Api) -> None:
    api.registry.title_chats = False
    session = await api.session()
    await ask(api, session, "hello")
    assert len(model.chats) == 1


async def test_the_demo_model_is_not_asked() -> None:
    from mandrake_jupyter.lifecycle.announce import RunEnded
    from mandrake_jupyter.values import Usage

    ended = RunEnded("w", "s", "r", "done", None, "demo/smollm2", 1.0, 0.1, Usage())

    class Opened:
        class registry:
            title_chats = True

        class services:
            supervisor = None  # asking would need one

    Titles(Opened()).hear(ended, {})
