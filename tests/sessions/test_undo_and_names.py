"""What a chat is called while a message of it is deleted and may come back, when it is back, and when it is gone for good."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from mandrake_jupyter.registry.copying import named_after
from mandrake_jupyter.sessions.copying import left_behind
from mandrake_jupyter.sessions.posting import first_words
from mandrake_jupyter.stores import titling
from mandrake_jupyter.stores.aside import purge_messages
from mandrake_jupyter.stores.copying import copy_chat
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.values import isoformat, utcnow
from tests.support.places import BOTH

from .conftest import collect

PLACES = BOTH


async def said(session: Any, *words: str) -> list[Any]:
    runs = []
    for one in words:
        runs.append(await session.post(one))
        await collect(session, runs[-1].id)
    return runs


async def name_of(made: Any, session_id: str) -> tuple[str, bool]:
    row = await SessionStore(made.database).get(made.workspace_id, session_id)
    return row.name, row.titled


async def purge(made: Any, seconds: int) -> Any:
    return await purge_messages(made.database, utcnow() + timedelta(seconds=seconds), first_words)


async def test_a_question_that_is_back_names_its_chat_again_though_one_before_it_was_withdrawn(
    chat: Any,
) -> None:
    gate = asyncio.Event()
    made = await chat(["1", gate], ["2"])
    session = await made.open()
    first = await session.post("first")
    await collect(session, first.id, until=lambda event: event.type == "token")
    await session.cancel((await session.post("withdrawn")).id, "me")
    gate.set()
    await collect(session, first.id)
    [last] = await said(session, "last")
    await session.remove(first.message_id)
    await session.remove(last.message_id, utcnow() + timedelta(seconds=60))
    assert (await name_of(made, session.row.id))[0] == "New chat"
    await session.restore(last.message_id, utcnow())
    assert session.row.name == (await name_of(made, session.row.id))[0] == "last"


async def test_a_title_goes_with_its_message_where_an_edit_makes_the_delete_final(chat: Any) -> None:
    made = await chat(["1"], ["2"], ["3"])
    session = await made.open()
    first, second = await said(session, "first", "My password is swordfish")
    assert await titling.give(made.database, session.row.id, second.id, "The password swordfish")
    await session.remove(second.message_id, utcnow() + timedelta(seconds=60))
    edited = await session.post("hello", replaces=first.user_message_id)
    await collect(session, edited.id)
    assert await purge(made, 1) == [(made.workspace_id, session.row.id, True)]
    assert await name_of(made, session.row.id) == ("hello", False)
    assert await purge(made, 1) == []


async def test_the_name_of_a_copy_goes_with_the_words_it_was_made_of(chat: Any) -> None:
    for title in (None, "The password swordfish"):
        made = await chat(["1"], ["2"])
        session = await made.open()
        first, _ = await said(session, "My password is swordfish", "And now?")
        if title:
            assert await titling.give(made.database, session.row.id, first.id, title)
        copy = await copied(made, session, None)
        assert copy.row.name == f"{title or 'My password is swordfish'} (copy)"
        asked = (await copy.messages())[0]
        await copy.remove(asked["id"])
        assert await name_of(made, copy.row.id) == ("And now?", False)
        assert (await name_of(made, session.row.id))[0] == title or "My password is swordfish"


async def test_the_name_that_a_person_gives_a_copy_or_gave_the_other_stays(chat: Any) -> None:
    made = await chat(["1"])
    session = await made.open()
    await said(session, "hello")
    copy = await copied(made, session, "Mine")
    await session.change(name="Ours", titled=True)
    another = await copied(made, session, None)
    for one, name in ((copy, "Mine"), (another, "Ours (copy)")):
        await one.remove((await one.messages())[0]["id"])
        assert await name_of(made, one.row.id) == (name, True)


async def copied(made: Any, session: Any, wanted: str | None) -> Any:
    row = await copy_chat(
        made.database,
        made.workspace_id,
        session.row.id,
        name=named_after(wanted),
        now=isoformat(utcnow()),
        end=left_behind,
    )
    return await made.open(session_id=row.id)
