"""Who names a chat: a person before a model, a model before the first words, and nobody by words that are gone."""

from __future__ import annotations

from typing import Any

import pytest

from mandrake_jupyter.stores import titling
from mandrake_jupyter.stores.search import SearchStore
from mandrake_jupyter.stores.sessions import SessionStore

from .conftest import collect


@pytest.mark.parametrize("how", ["deleted", "edited"])
async def test_no_title_is_made_of_an_answer_that_is_gone_when_it_comes(chat: Any, how: str) -> None:
    made = await chat(["1"], ["2"])
    session = await made.open()
    run = await session.post("My password is swordfish")
    await collect(session, run.id)
    assert await titling.due(made.database, session.row.id, run.id)
    if how == "deleted":
        await session.remove(run.message_id)
    else:
        run_2 = await session.post("Hello", replaces=run.user_message_id)
        await collect(session, run_2.id)
    assert not await titling.give(made.database, session.row.id, run.id, "The password swordfish")
    row = await SessionStore(made.database).get(made.workspace_id, session.row.id)
    assert row.name == ("New chat" if how == "deleted" else "Hello")
    if how == "edited":
        assert await titling.give(made.database, session.row.id, run_2.id, "Greetings")


async def test_a_question_that_begins_with_much_space_is_given_a_title_all_the_same(chat: Any) -> None:
    made = await chat(["1"])
    session = await made.open()
    run = await session.post(" " * titling.READ + "hello")
    await collect(session, run.id)
    assert await titling.due(made.database, session.row.id, run.id) is not None


async def test_a_name_that_a_person_gives_while_a_message_is_posted_stays(
    chat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await chat(["1"])
    session = await made.open()
    store = SessionStore(made.database)
    begin = session._seams.runs.begin

    async def late(*args: Any) -> Any:
        await store.change(session.row.id, name="Mine", titled=True)
        return await begin(*args)

    monkeypatch.setattr(type(session._seams.runs), "begin", lambda _, *args: late(*args))
    await collect(session, (await session.post("hello")).id)
    row = await store.get(made.workspace_id, session.row.id)
    assert (row.name, row.titled) == ("Mine", True)


@pytest.mark.parametrize("edited", [False, True])
async def test_a_title_that_a_model_made_goes_with_the_message_it_was_made_of(
    chat: Any, edited: bool
) -> None:
    made = await chat(["1"], ["2"], ["3"])
    session = await made.open()
    run = await session.post("My password is swordfish")
    await collect(session, run.id)
    assert await titling.give(made.database, session.row.id, run.id, "The password swordfish")
    if edited:  # the title was made of the earlier version, which goes along
        run = await session.post("Forget it", replaces=run.user_message_id)
        await collect(session, run.id)
    await collect(session, (await session.post("And now?")).id)
    await session.remove(run.message_id)
    row = await SessionStore(made.database).get(made.workspace_id, session.row.id)
    assert (row.name, row.titled) == ("And now?", False)
    assert session.row == row
    await session.remove((await session.messages())[0]["id"])
    assert (await SessionStore(made.database).get(made.workspace_id, session.row.id)).name == "New chat"
    assert not (await SearchStore(made.database).search("swordfish", None, 10)).found


async def test_the_title_stays_when_another_message_goes_and_when_a_person_gave_it(chat: Any) -> None:
    made = await chat(["1"], ["2"])
    session = await made.open()
    first = await session.post("hello")
    await collect(session, first.id)
    assert await titling.give(made.database, session.row.id, first.id, "Greetings")
    second = await session.post("And now?")
    await collect(session, second.id)
    await session.remove(second.message_id)
    store = SessionStore(made.database)
    assert (await store.get(made.workspace_id, session.row.id)).name == "Greetings"
    await session.change(name="Greetings", titled=True)  # the same words, but a person's
    await session.remove(first.message_id)
    row = await store.get(made.workspace_id, session.row.id)
    assert (row.name, row.titled) == ("Greetings", True)
