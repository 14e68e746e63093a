"""What an MCP server asks in the middle of a call: seen by all, answered once, over in time, written down nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mandrake_jupyter.errors import AlreadyAnswered, BadRequest, QuestionNotFound
from mandrake_jupyter.sessions.questions import parse_answer
from mandrake_jupyter.sessions.seams import Bounds
from mandrake_jupyter.sessions.session import SessionCoordinator
from mandrake_jupyter.sessions.stopwatch import Stopwatch
from mandrake_jupyter.stores.rows import RunRow
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.values import Answer, Event, Question, ToolResult

from .conftest import ScriptedTools, call, collect, types
from .test_deadlines import HOUR, Clock

SCHEMA = {
    "type": "object",
    "properties": {
        "colour": {"type": "string", "minLength": 3},
        "when": {"type": "string", "format": "date"},
    },
    "required": ["colour"],
    "additionalProperties": False,
}
FORM = Question("files", "Which colour?", "form", schema=SCHEMA)
PAGE = Question("files", "Sign in.", "url", url="https://example.com/")
RED = Answer("accept", {"colour": "red-canary"})


class AskingTools(ScriptedTools):
    """Their ``read`` asks `questions`, one after the other, and answers what was said."""

    questions: tuple[Question, ...] = (FORM,)
    said: list[Answer]

    async def call(self, server: str, tool: str, arguments: Any, **given: Any) -> ToolResult:
        self.said = []
        asker = given.pop("asker")
        for question in self.questions:
            self.said.append(await asker.ask(question))
        return await super().call(server, tool, arguments, **given)


async def asking(
    chat: Callable[..., Any], *questions: Question, **bounds: Any
) -> tuple[Any, SessionCoordinator]:
    test = await chat([call("read", path="a")], ["fine"], bounds=Bounds(flush=0.01, cancel=1.0, **bounds))
    test.tools = AskingTools()
    test.tools.questions = questions or (FORM,)
    return test, await test.open()


def is_question(event: Event) -> bool:
    return event.type == "question"


async def asked(coordinator: SessionCoordinator, run_id: str) -> Event:
    return (await collect(coordinator, run_id, is_question))[-1]


async def test_a_question_is_shown_and_what_is_said_reaches_the_tool_and_no_one_else(
    chat: Callable[..., Any], tmp_path: Any
) -> None:
    test, coordinator = await asking(chat)
    run = await coordinator.post("go")
    event = await asked(coordinator, run.id)
    assert {**event.data, "question_id": "", "call_id": "", "expires": ""} == {
        "question_id": "",
        "call_id": "",
        "server": "files",
        "message": "Which colour?",
        "mode": "form",
        "schema": SCHEMA,
        "url": None,
        "expires": "",
    }
    said = await coordinator.reply(run.id, event.data["question_id"], RED, "ada")
    assert said == {"question_id": event.data["question_id"], "action": "accept"}
    events = await collect(coordinator, run.id)
    assert types(events)[-7:] == [
        "question", "questionAnswered", "toolProgress", "toolResult", "token", "usage", "complete",
    ]  # fmt: skip
    (answered,) = [e for e in events if e.type == "questionAnswered"]
    assert answered.data == {
        "question_id": event.data["question_id"],
        "call_id": event.data["call_id"],
        "action": "accept",
        "by": "ada",
    }
    assert test.tools.said == [RED]
    assert "red-canary" not in repr(RED)
    for file in tmp_path.glob("mandrake.sqlite*"):
        assert b"red-canary" not in file.read_bytes()


async def test_an_open_question_is_in_the_run_and_its_tool_part_and_is_told_to_who_comes_late(
    chat: Callable[..., Any],
) -> None:
    _, coordinator = await asking(chat)
    run = await coordinator.post("go")
    event = await asked(coordinator, run.id)

    async def shown() -> list[Any]:
        part = (await coordinator.messages())[-1]["parts"][0]
        return [part["question"], (await coordinator.run(run.id))["question"]]

    assert await shown() == [dict(event.data)] * 2
    assert (await asked(coordinator, run.id)).data == event.data
    assert coordinator.waits(run.id)
    await coordinator.reply(run.id, event.data["question_id"], Answer("decline"), "ada")
    await collect(coordinator, run.id)
    assert await shown() == [None, None]
    assert not coordinator.waits(run.id)


async def test_one_answer_counts(chat: Callable[..., Any]) -> None:
    test, coordinator = await asking(chat)
    run = await coordinator.post("go")
    question = (await asked(coordinator, run.id)).data["question_id"]
    said = await asyncio.gather(
        *(coordinator.reply(run.id, question, RED, who) for who in ("ada", "bob", "cat")),
        return_exceptions=True,
    )
    refused = [one for one in said if isinstance(one, AlreadyAnswered)]
    assert (len(said), len(refused)) == (3, 2)
    await collect(coordinator, run.id)
    with pytest.raises(AlreadyAnswered, match="accept, by"):
        await coordinator.reply(run.id, question, RED, "dan")
    with pytest.raises(QuestionNotFound):
        await coordinator.reply(run.id, "question_none", RED, "dan")
    assert test.tools.said == [RED]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer("accept", {}), "content: 'colour' is a required property"),
        (Answer("accept", {"colour": "ab"}), "colour: it needs at least 3 characters"),
        (Answer("accept", {"colour": 3}), "colour: it must be of the type string"),
        (Answer("accept", {"colour": "red", "when": "someday"}), "when: it must be written as date"),
        (Answer("accept", {"colour": "red", "x": 1}), "content: there are fields that were not asked for"),
    ],
)
async def test_an_answer_that_does_not_fit_is_refused_by_field_and_not_repeated(
    chat: Callable[..., Any], answer: Answer, words: str
) -> None:
    _, coordinator = await asking(chat)
    run = await coordinator.post("go")
    question = (await asked(coordinator, run.id)).data["question_id"]
    with pytest.raises(BadRequest, match=words) as caught:
        await coordinator.reply(run.id, question, answer, "ada")
    assert "someday" not in str(caught.value)
    await coordinator.reply(run.id, question, RED, "ada")
    assert types(await collect(coordinator, run.id))[-1] == "complete"


async def test_a_page_takes_no_content(chat: Callable[..., Any]) -> None:
    test, coordinator = await asking(chat, PAGE)
    run = await coordinator.post("go")
    question = (await asked(coordinator, run.id)).data["question_id"]
    with pytest.raises(BadRequest, match="takes no content"):
        await coordinator.reply(run.id, question, RED, "ada")
    await coordinator.reply(run.id, question, Answer("accept"), "ada")
    await collect(coordinator, run.id)
    assert test.tools.said == [Answer("accept")]


async def test_a_question_that_nobody_answers_in_time_is_over_and_the_call_goes_on(
    chat: Callable[..., Any],
) -> None:
    test, coordinator = await asking(chat, question=0.05)
    run = await coordinator.post("go")
    events = await collect(coordinator, run.id)
    (answered,) = [e for e in events if e.type == "questionAnswered"]
    assert (answered.data["action"], answered.data["by"]) == ("cancel", "timeout")
    assert test.tools.said == [Answer("cancel")]
    assert events[-1].type == "complete"
    with pytest.raises(AlreadyAnswered, match="cancel, by timeout"):
        await coordinator.reply(run.id, answered.data["question_id"], RED, "ada")


async def test_a_call_does_not_wait_again_for_somebody_who_did_not_answer(chat: Callable[..., Any]) -> None:
    test, coordinator = await asking(chat, FORM, FORM, PAGE, question=0.05)
    events = await collect(coordinator, (await coordinator.post("go")).id)
    assert test.tools.said == [Answer("cancel")] * 3
    assert types(events).count("question") == 1


async def test_a_question_ends_with_its_run_before_the_result_of_its_call(chat: Callable[..., Any]) -> None:
    _, coordinator = await asking(chat)
    run = await coordinator.post("go")
    question = (await asked(coordinator, run.id)).data["question_id"]
    await coordinator.cancel(run.id, "ada")
    events = await collect(coordinator, run.id)
    assert types(events)[-4:] == ["question", "questionAnswered", "toolResult", "cancelled"]
    assert (events[-3].data["action"], events[-3].data["by"]) == ("cancel", "the end of the call")
    with pytest.raises(AlreadyAnswered):
        await coordinator.reply(run.id, question, RED, "ada")


async def test_a_question_whose_call_ends_while_it_is_written_down_ends_with_it(
    chat: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    test, coordinator = await asking(chat)
    written, cancelled, commit = asyncio.Event(), asyncio.Event(), RunStore.commit

    async def slow(runs: RunStore, run: RunRow, **given: Any) -> None:
        await commit(runs, run, **given)
        if any(is_question(event) for event in given.get("events", ())):
            written.set()
            await cancelled.wait()

    async def read(server: str, tool: str, arguments: Any, **given: Any) -> ToolResult:
        asking = asyncio.ensure_future(given["asker"].ask(FORM))
        await written.wait()
        asking.cancel()
        cancelled.set()
        await asyncio.wait([asking])
        return ToolResult(True, "fine")

    monkeypatch.setattr(RunStore, "commit", slow)
    monkeypatch.setattr(test.tools, "call", read)
    run = await coordinator.post("go")
    seen = types(await collect(coordinator, run.id))
    assert seen.count("question") == seen.count("questionAnswered") == 1
    stored = types(await RunStore(test.database).replay(run))
    assert stored.count("question") == stored.count("questionAnswered") == 1


async def test_after_a_crash_a_question_is_over_and_is_not_asked_again(chat: Callable[..., Any]) -> None:
    test, coordinator = await asking(chat)
    run = await coordinator.post("go")
    question = (await asked(coordinator, run.id)).data["question_id"]
    second = await test.open("two")
    events = await collect(second, run.id)
    assert types(events)[-3:] == ["questionAnswered", "toolResult", "error"]
    with pytest.raises(AlreadyAnswered):
        await second.reply(run.id, question, RED, "ada")
    await coordinator.cancel(run.id, "the end of the test")


async def test_the_clocks_of_a_run_stand_still_while_a_person_is_asked(chat: Callable[..., Any]) -> None:
    """An hour goes by, and is no work: the run may do more of it."""
    clock = Clock()
    test = await chat([call("read", path="a")], ["fine"], clock=clock)
    test.tools = AskingTools()
    coordinator = await test.open()
    run = await coordinator.post("go")
    question = (await asked(coordinator, run.id)).data["question_id"]
    clock.seconds += 2 * HOUR
    await coordinator.reply(run.id, question, RED, "ada")
    assert (await collect(coordinator, run.id))[-1].type == "complete"


def test_a_stopwatch_counts_what_is_on_and_not_asked() -> None:
    clock = Clock()
    watch = Stopwatch(clock.monotonic)
    watch.turn(True)
    clock.seconds += 1
    with watch.stands_still():
        clock.seconds += 10
        with watch.stands_still():
            watch.turn(True)
            clock.seconds += 10
        clock.seconds += 10
    clock.seconds += 2
    watch.turn(False)
    clock.seconds += 10
    assert watch.seconds == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "maybe"},
        {"action": "accept", "content": []},
        {"action": "decline", "content": {"a": 1}},
    ],
)
def test_what_is_no_answer_is_refused_in_words(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        parse_answer(body)
