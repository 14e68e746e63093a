"""Questions of real MCP servers, in both eras: put to the person whose call it is about, or declined in words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import CallTimeout
from mandrake_jupyter.servers.manager import MCPServerManager
from mandrake_jupyter.values import Answer, Asker, Question, ToolResult

from ..support.mcp_leaks import eventually
from .conftest import CONTEXT, House
from .test_offers import ERAS, call


@pytest.fixture(params=ERAS)
def echo(house: House, request: pytest.FixtureRequest) -> MCPServerManager:
    return of_era(house, request.param)


@pytest.fixture
def old(house: House) -> MCPServerManager:
    return of_era(house, ERAS[0])


def of_era(house: House, era: str, **options: Any) -> MCPServerManager:
    house.echo(hash=era, **options)
    folder = house.state / "catalogue"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{era}.json").write_text(json.dumps({"version": 1, "protocol": era, "tools": []}))
    return house.manager()


class Person:
    """Whoever sits at a chat; says what `says` makes of a question, or nothing before `speak` is set."""

    def __init__(
        self,
        says: Callable[[Question], Answer] = lambda _: Answer("accept", {"colour": "red"}),
        chat: str = "one",
    ) -> None:
        self.asked: list[Question] = []
        self.withdrawn = 0
        self.speak = asyncio.Event()
        self.speak.set()
        self.says = says
        self.as_asker = Asker(chat, self._answer)

    async def _answer(self, question: Question) -> Answer:
        self.asked.append(question)
        try:
            await self.speak.wait()
        except asyncio.CancelledError:
            self.withdrawn += 1
            raise
        return self.says(question)


async def ask(manager: MCPServerManager, person: Person, tool: str, **arguments: Any) -> ToolResult:
    return await manager.call("echo", tool, arguments, context=CONTEXT, asker=person.as_asker)


async def test_the_person_whose_call_it_is_about_is_asked_and_what_he_says_comes_back(
    echo: MCPServerManager,
) -> None:
    person = Person()
    result = await ask(echo, person, "ask", says=True)
    assert (result.ok, result.content) == (True, 'accept {"colour": "red"}')
    (question,) = person.asked
    assert (question.server, question.message, question.mode, question.url) == (
        "echo",
        "Which colour?",
        "form",
        None,
    )
    assert question.schema == {
        "type": "object",
        "properties": {"colour": {"type": "string", "title": "Colour"}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    assert "red" not in str(echo.logs("echo")), "what a person says is nobody's business"


async def test_a_no_comes_back_as_it_was_said(echo: MCPServerManager) -> None:
    for answer in (Answer("decline"), Answer("cancel")):
        assert (await ask(echo, Person(lambda _, no=answer: no), "ask")).content == answer.action


async def test_a_form_keeps_every_kind_of_simple_field(echo: MCPServerManager) -> None:
    said: Mapping[str, Any] = {"name": "Ada", "size": "l", "count": 2, "gift": True, "extras": ["card"]}
    person = Person(lambda _: Answer("accept", said))
    result = await ask(echo, person, "order")
    assert result.content == f"accept {json.dumps(said, sort_keys=True)}"
    fields = (person.asked[0].schema or {})["properties"]
    assert fields["size"]["oneOf"][1] == {"const": "l", "title": "Large"}
    assert fields["count"] == {"type": "integer", "title": "How many", "minimum": 1, "default": 1}
    assert fields["extras"]["items"] == {"type": "string", "enum": ["card", "ribbon"]}


async def test_a_page_to_open_comes_with_its_address(echo: MCPServerManager) -> None:
    person = Person(lambda _: Answer("accept"))
    assert (await ask(echo, person, "sign_in")).content == "accept"
    assert [(q.mode, q.url, q.schema) for q in person.asked] == [("url", "https://example.com/sign-in", None)]


async def test_two_questions_of_one_call_are_asked_one_after_the_other(echo: MCPServerManager) -> None:
    person = Person(
        lambda q: Answer("decline") if q.message == "First?" else Answer("accept", {"colour": "x"})
    )
    person.speak.clear()
    asking = asyncio.create_task(ask(echo, person, "ask_twice"))
    await eventually(lambda: person.asked)
    await call(echo, "echo", "echo", text="time goes by")
    assert len(person.asked) == 1
    person.speak.set()
    assert sorted((await asking).content.split()) == ["accept", "decline"]
    assert {q.message for q in person.asked} == {"First?", "Second?"}


async def test_an_address_that_is_no_web_page_is_declined_in_words(echo: MCPServerManager) -> None:
    person = Person()
    for url in ("javascript:alert(1)", "file:///etc/passwd", "https://u:p@example.com/", "https://"):
        result = await ask(echo, person, "sign_in", url=url)
        assert result.content.startswith(
            'decline\n[It asked you: "Please sign in.". That was declined: the address'
        ), url
    assert person.asked == []


async def test_a_form_that_is_not_simple_is_declined_in_words(echo: MCPServerManager) -> None:
    nested = {"type": "object", "properties": {"where": {"type": "object", "properties": {}}}}
    person = Person()
    result = await ask(echo, person, "order", schema=nested)
    assert 'no simple field ("where")' in result.content
    assert person.asked == []


async def test_where_nobody_is_there_to_answer_it_is_declined_in_words(echo: MCPServerManager) -> None:
    result = await call(echo, "echo", "ask")
    assert result.content.startswith(
        'decline\n[It asked you: "Which colour?". That was declined: only in a chat'
    )
    assert [line["level"] for line in echo.logs("echo") if "It asked you" in line["text"]] == ["warning"]


async def test_the_time_of_a_call_stands_still_while_a_person_is_asked(house: House) -> None:
    for era in ERAS:
        manager = of_era(house, era, call_timeout=1.0)
        await manager.start("echo")
        person = Person()
        person.speak.clear()
        asking = asyncio.create_task(ask(manager, person, "ask"))
        await eventually(lambda person=person: person.asked)  # type: ignore[misc]
        with pytest.raises(CallTimeout):  # begun later, and over: more than a second has gone by
            await call(manager, "echo", "never")
        person.speak.set()
        assert (await asking).content == "accept"


async def test_a_call_that_is_cancelled_takes_its_question_with_it(echo: MCPServerManager) -> None:
    person = Person()
    person.speak.clear()
    asking = asyncio.create_task(ask(echo, person, "ask"))
    await eventually(lambda: person.asked)
    asking.cancel()
    await asyncio.wait([asking])
    await eventually(lambda: person.withdrawn == 1)
    assert (await call(echo, "echo", "add", a=1, b=1)).content == "2"


async def test_an_mcp_server_that_dies_takes_its_question_with_it(echo: MCPServerManager) -> None:
    person = Person()
    person.speak.clear()
    asking = asyncio.create_task(ask(echo, person, "ask"))
    await eventually(lambda: person.asked)
    server = echo.find("echo")
    assert server is not None
    server.kill()
    await asyncio.wait([asking])
    assert asking.exception() is not None
    await eventually(lambda: person.withdrawn == 1)


async def test_with_two_calls_at_work_the_older_era_cannot_say_whom_it_asks_and_nobody_is(
    old: MCPServerManager, tmp_path: Path
) -> None:
    """They may be of different chats: neither sees the question, both are told that there was one."""
    mark, there = tmp_path / "mark", tmp_path / "there"
    one, two = Person(chat="one"), Person(chat="two")
    other = asyncio.create_task(ask(old, one, "begin_until", mark=str(mark), there=str(there)))
    await eventually(mark.exists)
    asked = await ask(old, two, "ask", question="What is the password of chat two?")
    there.touch()
    for content in (asked.content, (await other).content):
        assert "It asked a question, which was declined: it does not say which of several calls" in content
        assert "password" not in content
    assert one.asked == two.asked == []
    assert any("password" in line["text"] for line in old.logs("echo"))


async def test_since_2026_it_is_certain_whom_it_asks_however_many_calls_are_at_work(
    house: House, tmp_path: Path
) -> None:
    manager = of_era(house, ERAS[1])
    mark, there = tmp_path / "mark", tmp_path / "there"
    one, two = Person(chat="one"), Person(chat="two")
    other = asyncio.create_task(ask(manager, one, "begin_until", mark=str(mark), there=str(there)))
    await eventually(mark.exists)
    assert (await ask(manager, two, "ask")).content == "accept"
    there.touch()
    assert (await other).content == "there"
    assert (len(one.asked), len(two.asked)) == (0, 1)


async def test_a_question_may_be_about_a_call_of_another_chat_that_was_given_up(
    old: MCPServerManager, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    one, two = Person(chat="one"), Person(chat="two")
    given_up = asyncio.create_task(ask(old, one, "never", mark=str(mark)))
    await eventually(mark.exists)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert "cut off" in (await ask(old, two, "ask")).content
    assert (await ask(old, one, "ask")).content == "accept", "it is of the same chat either way"
    await old.restart("echo")
    assert (await ask(old, two, "ask")).content == "accept"
    assert (len(one.asked), len(two.asked)) == (1, 1)
