"""Messages that are edited, asked again and deleted: what the model and people see after it, and what stays stored."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from mandrake_jupyter.errors import AlreadyReplaced, BadRequest, Busy, MessageNotFound, RunNotFound
from mandrake_jupyter.stores import tables
from mandrake_jupyter.stores.runs import RunStore

from .conftest import call, collect, types


async def said(session: Any, *contents: str) -> list[Any]:
    """Posts `contents` one after the other; their runs."""
    runs = []
    for content in contents:
        runs.append(await session.post(content))
        assert types(await collect(session, runs[-1].id))[-1] == "complete"
    return runs


def texts(messages: list[Any]) -> list[str]:
    return [message["parts"][0]["content"] for message in messages]


async def rows(made: Any) -> dict[str, int]:
    """How many runs and messages there are."""
    async with made.database.read() as db:
        return {
            table.name: (await db.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (tables.runs, tables.messages)
        }


async def test_an_edited_question_takes_the_place_of_it_and_of_all_that_followed(chat: Any) -> None:
    made = await chat(["1"], ["2"], ["3"], ["2b"])
    session = await made.open()
    first, second, _third = await said(session, "a", "b", "c")
    edit = await session.post("B!", replaces=second.user_message_id)
    await collect(session, edit.id)
    assert texts(await session.messages()) == ["a", "1", "B!", "2b"]
    assert [turn.text for turn in made.model.requests[-1].messages] == ["a", "1", "B!"]
    everything = await session.messages(replaced=True)
    assert texts(everything) == ["a", "1", "b", "2", "c", "3", "B!", "2b"]
    assert [m["replaced_by"] for m in everything] == [None, None, *[edit.id] * 4, None, None]
    assert (await session.run(first.id))["state"] == "done"


async def test_an_answer_is_asked_for_again_with_its_question_as_it_was(chat: Any) -> None:
    made = await chat(["one"], ["two"])
    session = await made.open()
    attached = [{"type": "file", "path": "a.csv", "text": "as it was read"}]
    run = await session.post("What is in it?", attachments=attached, notebook="a.ipynb")
    await collect(session, run.id)
    again = await session.post("", replaces=run.message_id)
    await collect(session, again.id)
    assert made.model.requests[0].messages == made.model.requests[1].messages
    assert "as it was read" in made.model.requests[1].messages[0].text
    assert texts(await session.messages()) == ["What is in it?", "two"]
    assert (again.notebook, again.user_message_id == run.user_message_id) == ("a.ipynb", False)


async def test_an_edited_question_keeps_its_attachments_unless_others_are_given(chat: Any) -> None:
    made = await chat(["1"], ["2"], ["3"])
    session = await made.open()
    old, new = ({"type": "file", "path": name, "text": f"text of {name}"} for name in ("old", "new"))
    run = await session.post("a", attachments=[old])
    await collect(session, run.id)
    for given, seen in ((None, "text of old"), ([new], "text of new")):
        run = await session.post("b", attachments=given, replaces=run.user_message_id)
        await collect(session, run.id)
        assert made.model.requests[-1].messages[0].text == f"b\n\n{seen}"


@pytest.mark.parametrize("given", [{"content": "x"}, {"attachments": []}])
async def test_an_answer_is_not_asked_for_again_in_other_words(chat: Any, given: Any) -> None:
    made = await chat(["one"])
    session = await made.open()
    [run] = await said(session, "a")
    with pytest.raises(BadRequest, match="leave content and attachments out"):
        await session.post(**{"content": "", **given}, replaces=run.message_id)
    assert texts(await session.messages()) == ["a", "one"]


async def test_a_message_that_is_none_is_named(chat: Any) -> None:
    made = await chat(["one"])
    session = await made.open()
    await said(session, "a")
    for act in (session.post("b", replaces="nonsense"), session.remove("nonsense")):
        with pytest.raises(MessageNotFound, match="No message with the id 'nonsense' in this chat"):
            await act
    assert texts(await session.messages()) == ["a", "one"]


@pytest.mark.parametrize("waits", [False, True], ids=["at work", "waits for a person"])
async def test_nothing_is_edited_while_an_answer_is_at_work_or_waits(chat: Any, waits: bool) -> None:
    gate = asyncio.Event()
    made = await chat(["1"], [call("write", path="x")] if waits else ["so far", gate], ["end"])
    session = await made.open()
    [first] = await said(session, "a")
    second = await session.post("b")
    await collect(session, second.id, until=lambda event: event.type in ("token", "toolCall"))
    third = await session.post("queued")
    before = await rows(made)
    with pytest.raises(Busy, match="at work or waits in this chat"):
        await session.post("A!", replaces=first.user_message_id)
    for at_work in (second, third):
        with pytest.raises(Busy):
            await session.remove(at_work.message_id)
    assert await rows(made) == before
    assert not any(m["replaced_by"] for m in await session.messages(replaced=True))
    for run in (third, second):
        await session.cancel(run.id, "ann")
        await collect(session, run.id)


async def test_of_two_edits_at_once_one_wins_and_the_other_changes_nothing(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["1"], [gate, "2"])
    session = await made.open()
    [run] = await said(session, "a")
    posts = [session.post(text, replaces=run.user_message_id) for text in ("b", "c")]
    won, lost = sorted(
        await asyncio.gather(*posts, return_exceptions=True), key=lambda one: isinstance(one, Exception)
    )
    assert isinstance(lost, Busy)
    gate.set()
    await collect(session, won.id)
    with pytest.raises(AlreadyReplaced):  # later: what he meant to edit is no longer there
        await session.post("c", replaces=run.user_message_id)
    assert len(await session.messages(replaced=True)) == 4


async def test_an_edit_that_is_sent_twice_with_one_key_is_one_run(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["1"], [gate, "2"])
    session = await made.open()
    [run] = await said(session, "a")
    edit = {"replaces": run.user_message_id, "idempotency_key": "k"}
    first, second = await asyncio.gather(*(session.post("b", **edit) for _ in range(2)))
    assert first.id == second.id
    gate.set()
    await collect(session, first.id)
    assert (await session.repeated("k")).id == first.id
    assert texts(await session.messages()) == ["b", "2"]


async def test_an_edit_that_is_taken_back_before_it_began_gives_back_what_it_replaced(chat: Any) -> None:
    made = await chat(["1"], ["2"])
    session = await made.open()
    first, _ = await said(session, "a", "b")
    edit = await session.post("A!", replaces=first.user_message_id)
    await session.cancel(edit.id, "ann")  # its task has not had a turn yet
    assert types(await collect(session, edit.id)) == ["cancelled"]
    assert texts(await session.messages()) == ["a", "1", "b", "2"]
    with pytest.raises(MessageNotFound):
        await session.post("again", replaces=edit.user_message_id)


async def test_a_chat_named_by_its_first_words_goes_by_the_words_it_has(chat: Any) -> None:
    made = await chat(["1"], ["2"], ["3"])
    session = await made.open()
    [first] = await said(session, "My password is swordfish")
    edit = await session.post("Hello", replaces=first.user_message_id)
    await collect(session, edit.id)
    assert session.row.name == "Hello"
    [other] = await said(session, "And then?")
    await session.remove(edit.message_id)
    assert session.row.name == "And then?"
    await session.remove(other.user_message_id)
    assert session.row.name == "New chat"


async def test_a_deleted_message_takes_its_answer_and_its_earlier_versions_along(chat: Any) -> None:
    made = await chat([call("read", path="x")], ["1"], ["2"], ["1b"], ["3"], ["4"])
    session = await made.open()
    first = await session.post("secret one")
    await collect(session, first.id)
    await said(session, "between")
    edit = await session.post("secret two", replaces=first.user_message_id)
    await collect(session, edit.id)
    await said(session, "later")
    await session.remove(edit.message_id)
    assert texts(await session.messages()) == ["later", "3"]
    assert texts(await session.messages(replaced=True)) == ["between", "2", "later", "3"]
    for gone in (first, edit):
        with pytest.raises(RunNotFound):
            await session.run(gone.id)
    async with made.database.read() as db:
        left = (await db.execute(select(tables.parts.c.content, tables.parts.c.result))).all()
        events = set((await db.execute(select(tables.events.c.run_id))).scalars())
    assert "secret" not in str(left)
    assert not events & {first.id, edit.id}
    await said(session, "go on")
    assert [turn.text for turn in made.model.requests[-1].messages] == ["later", "3", "go on"]


async def test_images_go_with_the_question_they_are_in(chat: Any) -> None:
    made = await chat(["1"], ["2"])
    session = await made.open()
    image = {"type": "image", "name": "a.png", "media_type": "image/png", "size": 3}
    run = await session.post("look", attachments=[{**image, "data": b"png"}])
    await collect(session, run.id)
    [original] = (await session.messages())[0]["attachments"]
    again = await session.post("", replaces=run.message_id)
    await collect(session, again.id)
    [question, _] = await session.messages()
    [copy] = question["attachments"]
    assert copy["id"] != original["id"]
    assert {**copy, "id": original["id"]} == original
    async with made.database.write() as db:  # the older version goes first, as retention may do
        await db.execute(tables.runs.delete().where(tables.runs.c.id == run.id))
        left = (await db.execute(select(tables.images))).all()
    assert [(row.id, row.message_id, row.data) for row in left] == [
        (copy["id"], again.user_message_id, b"png")
    ]


async def test_the_history_that_a_run_reads_is_without_what_was_replaced_after_a_restart_too(
    chat: Any,
) -> None:
    made = await chat(["1"], ["2"], ["3"])
    session = await made.open()
    [first] = await said(session, "a")
    await collect(session, (await session.post("A!", replaces=first.user_message_id)).id)
    session = await made.open("two")
    await collect(session, (await session.post("b")).id)
    assert [turn.text for turn in made.model.requests[-1].messages] == ["A!", "2", "b"]
    assert len(await RunStore(made.database).history(session.row.id)) == 4


async def test_words_that_were_taken_back_are_no_name(chat: Any) -> None:
    gate = asyncio.Event()
    made = await chat(["1", gate])
    session = await made.open()
    first = await session.post("one")
    await collect(session, first.id, until=lambda event: event.type == "token")
    queued = await session.post("My password is swordfish")
    await session.cancel(queued.id, "me")
    gate.set()
    await collect(session, first.id)
    await session.remove(first.message_id)
    assert session.row.name == "New chat"
