"""What is said, titled and answered by tools is found by its words, whatever people type; what is gone is not found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.rows import Message, Part, RunRow, SessionRow
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.stores.search import Results, SearchStore, as_match
from mandrake_jupyter.stores.sessions import SessionStore
from tests.support.places import BOTH

PLACES = BOTH
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
MADE = "2026-11-27T12:00:00.000000Z"


class Store:
    """A store with one workspace; ``say`` is a whole question and answer."""

    def __init__(self, database: Database, workspace_id: str) -> None:
        self.database, self.workspace_id = database, workspace_id
        self.sessions, self.runs = SessionStore(database), RunStore(database)
        self.count = 0

    async def chat(self, name: str | None = None) -> SessionRow:
        return await self.sessions.create(self.workspace_id, name=name)

    async def begin(self, chat: SessionRow, question: str, **values: Any) -> RunRow:
        self.count += 1
        asked = Message(
            f"q{self.count}",
            chat.id,
            f"r{self.count}",
            "user",
            MADE,
            (),
            (Part(0, "text", content=question),),
        )
        run = RunRow(f"r{self.count}", chat.id, "me", "calling_model", asked.id, f"a{self.count}", MADE)
        await self.runs.begin(run, asked, {"last_activity": MADE, **values})
        return run

    async def say(self, chat: SessionRow, question: str, *parts: Part, state: str = "done") -> RunRow:
        run = await self.begin(chat, question)
        await self.runs.commit(run, parts=parts, columns={"state": state})
        return run

    async def search(self, query: str, **kwargs: Any) -> Results:
        asked = {"workspace_id": None, "limit": 20, **kwargs}
        return await SearchStore(self.database).search(query, **asked)

    async def found(self, query: str) -> list[str]:
        return [found.session_id for found in (await self.search(query)).found]

    async def words(self) -> set[str]:
        """Every word in the index."""
        if self.database.path is None:
            every = text("SELECT word FROM search, unnest(tsvector_to_array(words)) AS word")
            return set(await self.database.look(lambda db: db.execute(every).scalars().all()))
        async with self.database.write() as db:
            await db.execute(
                text("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'search', 'row')")
            )
            found = set((await db.execute(text("SELECT term FROM temp.vocabulary"))).scalars())
            await db.execute(text("DROP TABLE temp.vocabulary"))
            return found


@pytest.fixture
def store(place: Any, tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Store]:
    database = Database(place)
    workspace = jp_asyncio_loop.run_until_complete(SessionStore(database).workspace_for(tmp_path))
    yield Store(database, workspace.id)
    jp_asyncio_loop.run_until_complete(database.close())


def answer(content: str, part: int = 0) -> Part:
    return Part(part, "text", content=content)


async def test_titles_questions_answers_and_results_are_found(store: Store) -> None:
    chat = await store.chat("Tides of the Severn")
    tool = Part(1, "tool", call_id="c", status="done", result={"content": "the gauge says 14 metres"})
    run = await store.say(chat, "how high is it?", answer("I will look it up."), tool)
    hits = {}
    for word in ("severn", "high", "look", "gauge"):
        (found,) = (await store.search(word)).found
        assert (found.session_id, found.name, found.more) == (chat.id, "Tides of the Severn", 0)
        (hits[word],) = found.hits
    assert [(h.kind, h.role, h.part, h.message_id) for h in hits.values()] == [
        ("title", None, None, None),
        ("text", "user", 0, run.user_message_id),
        ("text", "assistant", 0, run.message_id),
        ("tool", "assistant", 1, run.message_id),
    ]
    assert hits["gauge"].snippet == (("the ", False), ("gauge", True), (" says 14 metres", False))
    assert hits["severn"].created == chat.created


async def test_all_words_must_occur_and_the_last_may_be_a_beginning(store: Store) -> None:
    both = await store.chat()
    await store.say(both, "missing values in the frame")
    other = await store.chat()
    await store.say(other, "missing keys")
    assert await store.found("values missing") == [both.id]
    assert set(await store.found("missing")) == {both.id, other.id}
    assert await store.found("missing val") == [both.id]
    assert await store.found("miss values") == []


async def test_case_and_accents_do_not_matter(store: Store) -> None:
    chat = await store.chat("Café crème")
    assert await store.found("CAFE creme") == [chat.id]
    assert await store.found("cäfé") == [chat.id]


SAID = [
    ("我想分析天气数据", "天气", "天气"),
    ("我想分析天气数据", "分析天气", "分析天气"),
    ("データを分析する", "分析", "分析"),
    ("날씨 데이터를 분석", "데이터", "데이터를"),
    ("วันนี้อากาศดีมาก", "อากาศ", "อากาศ"),
    ("shipped 🎉 at last", "🎉", "🎉"),
    ("shipped🎉", "shipped", "shipped"),
    ("call foo.bar(x) now", "foo.bar(", "foo.bar"),
    ("snake_case_name", "case", "case"),
    ("C++ and C#", "c++", "CC"),
]


async def test_every_script_is_found_by_its_words(store: Store) -> None:
    for said, query, marked in SAID:
        chat = await store.chat()
        await store.say(chat, said)
        (found,) = (await store.search(query)).found
        assert "".join(piece for piece, mark in found.hits[0].snippet if mark) == marked
        assert "".join(piece for piece, _ in found.hits[0].snippet) == said
        await store.sessions.delete(chat.id)


ANYTHING = [
    *(
        "",
        " ",
        '"',
        "''",
        "(",
        "NEAR(a b",
        "a AND",
        "OR",
        "NOT x",
        "a*",
        "*",
        "^a",
        "body:x",
        "-x",
        "a + b",
        "{a}:b",
    ),
    *(
        "\0",
        "a\0b",
        "; DROP TABLE passages; --",
        "%",
        "_",
        "\\",
        "\ufeff",
        "e\u0301",
        "🫨",
        "👩‍👩‍👧",
        "x" * 10_000,
    ),
    *("a " * 5_000, '"' * 10_000, "天" * 10_000, "\x02\x03", "\u200b", "ﷺ" * 200),
]


async def test_no_input_is_an_error(store: Store) -> None:
    await store.say(await store.chat(), "a AND b OR NOT c NEAR x body")
    for query in ANYTHING:
        assert isinstance(await store.search(query), Results), query


async def test_operators_are_words(store: Store) -> None:
    chat = await store.chat()
    await store.say(chat, "to be OR not to be")
    await store.say(await store.chat(), "be")
    assert await store.found("be OR not") == [chat.id]


def test_words_without_a_sign_the_index_knows_are_left_out() -> None:
    assert as_match("foo -- bar ?!") == '"foo" "bar"*'
    assert as_match("?! --") == ""
    assert as_match('say "hi"') == '"say" """hi"""*'


async def test_our_own_marks_in_a_text_do_no_harm(store: Store) -> None:
    chat = await store.chat()
    await store.say(chat, "left \x02middle\x03 \u200bright")
    (found,) = (await store.search("right")).found
    assert found.hits[0].snippet == (("left middle ", False), ("right", True))


async def test_an_answer_is_found_when_it_has_ended_or_waits_for_a_person(store: Store) -> None:
    chat = await store.chat()
    run = await store.begin(chat, "go")
    await store.runs.commit(run, parts=[answer("elephants")], columns={"state": "calling_tool"})
    assert await store.found("elephants") == []
    await store.runs.commit(run, columns={"state": "awaiting_approval"})
    assert await store.found("elephants") == [chat.id]
    await store.runs.commit(run, parts=[answer("giraffes", 1)], columns={"state": "failed"})
    assert await store.found("giraffes") == [chat.id]
    (found,) = (await store.search("elephants")).found
    assert found.more == 0


async def test_a_new_title_takes_the_old_ones_place(store: Store) -> None:
    chat = await store.chat()
    assert await store.found("new chat") == []
    await store.begin(chat, "x", name="Herons of Kent")
    assert await store.found("herons") == [chat.id]
    await store.sessions.change(chat.id, name="Egrets of Kent")
    assert await store.found("egrets") == [chat.id]
    assert await store.found("herons") == []


async def test_reasoning_and_what_is_beyond_the_bound_is_not_searched(store: Store) -> None:
    chat = await store.chat()
    tool = Part(1, "tool", call_id="c", status="done", result={"content": "z " * 50_000 + "beyond"})
    await store.say(chat, "x", Part(0, "reasoning", content="hmmm"), tool)
    assert await store.found("hmmm") == await store.found("beyond") == []
    assert await store.found("z") == [chat.id]


async def test_in_a_long_text_the_words_are_shown_where_they_stand_together(store: Store) -> None:
    chat = await store.chat()
    await store.say(chat, "gnat " * 20_000 + "then the heron saw a gnat " + "and more " * 5_000)
    (found,) = (await store.search("gnat heron")).found
    assert ("heron", True) in found.hits[0].snippet


async def test_what_is_put_aside_replaced_or_withdrawn_is_not_found(store: Store) -> None:
    chat, other = await store.chat("zebra"), await store.chat()
    await store.say(chat, "zebra")
    replaced, withdrawn = await store.say(other, "zebra"), await store.begin(other, "zebra")
    async with store.database.write() as db:
        await db.execute(text("UPDATE runs SET replaced_by = 'x' WHERE id = :id"), {"id": replaced.id})
    await store.runs.commit(withdrawn, columns={"state": "cancelled", "finish_reason": "withdrawn"})
    assert await store.found("zebra") == [chat.id]
    await store.sessions.put_aside(chat.id, NOW + timedelta(seconds=9))
    assert await store.search("zebra") == Results(0, 0, False, ())
    await store.sessions.restore(store.workspace_id, chat.id, NOW)
    assert await store.found("zebra") == [chat.id]


async def test_a_deletion_leaves_no_word_in_the_index(store: Store) -> None:
    chat, kept = await store.chat("okapi"), await store.chat("kept")
    await store.say(chat, "quagga", answer("thylacine"))
    assert {"okapi", "quagga", "thylacine"} <= await store.words()
    await store.sessions.delete(chat.id)
    assert await store.words() == {"kept"}
    assert await store.found("kept") == [kept.id]


async def test_the_best_two_of_a_chat_are_told_and_the_rest_counted(store: Store) -> None:
    chat = await store.chat("lynx")
    for number in range(4):
        await store.say(chat, f"a lynx and {'other words ' * number}")
    other = await store.chat()
    await store.say(other, "long ago there was perhaps a lynx in these woods, nobody is sure")
    results = await store.search("lynx")
    assert (results.messages, results.chats, results.more) == (5, 2, False)
    best, second = results.found
    assert (best.session_id, best.hits[0].kind, len(best.hits), best.more) == (chat.id, "title", 2, 3)
    assert (second.session_id, len(second.hits), second.more) == (other.id, 1, 0)
    cut = await store.search("lynx", limit=1)
    assert (cut.found, cut.more, cut.chats) == ((best,), True, 2)


async def test_a_message_is_told_once_by_its_best_part(store: Store) -> None:
    chat = await store.chat()
    await store.say(chat, "x", answer("ibex " + "and more " * 50), answer("ibex", 1))
    (found,) = (await store.search("ibex")).found
    assert [hit.part for hit in found.hits] == [1]
    assert found.more == 0


async def test_a_workspace_is_searched_alone(store: Store, tmp_path: Path) -> None:
    here = await store.chat("ocelot")
    elsewhere = replace(here, id="")
    other = await store.sessions.workspace_for(tmp_path / "other")
    elsewhere = await store.sessions.create(other.id, name="ocelot")
    assert set(await store.found("ocelot")) == {here.id, elsewhere.id}
    (found,) = (await store.search("ocelot", workspace_id=other.id)).found
    assert (found.session_id, found.workspace_id) == (elsewhere.id, other.id)


async def test_what_fits_everywhere_is_bounded_and_says_so(store: Store) -> None:
    chat = await store.chat()
    run = await store.begin(chat, "x")
    gnus = [Part(number, "text", content=f"gnu {number}") for number in range(2, 1103)]
    await store.runs.commit(run, parts=gnus, columns={"state": "done"})
    results = await store.search("gnu")
    assert (results.more, results.messages) == (True, 1)
    assert (await store.search("gnu 1101")).more is False
