"""The contract of history: rows → what a provider is sent → rows. Whatever happened in a chat, every call has exactly one
result right after it, nothing is orphaned, and what the rows say can be found back in what the model reads.

Runs of every kind are written to a real database and read as a run reads them; the messages are those of the library.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_ai import messages as theirs

from mandrake_jupyter.providers.base import ModelRequest, ToolDefinition
from mandrake_jupyter.providers.translate import messages_of
from mandrake_jupyter.sessions.history import build_history, earlier, result_text
from mandrake_jupyter.sessions.images import images_of, shown_images
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.rows import PROMPT, WITHDRAWN, Message, Part, RunRow
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.values import isoformat, utcnow
from mandrake_jupyter.values.images import Image

NAMES = {("files", "read"): "files__read", ("files", "write"): "files__write"}
TOOL = ToolDefinition("files__read", "", {"type": "object"})
#: (MCP server, tool, the name under which the model asked): known, known by another name then, gone, never there.
TOOLS = [
    ("files", "read", "files__read"),
    ("files", "write", "files_write"),
    ("gone", "away", "gone__away"),
    ("", "functions.read file", "functions.read file"),
    ("", "x" * 200, "x" * 200),
]
words = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)
spoken = words.filter(lambda text: bool(text.strip()))


@dataclass(frozen=True)
class Call:
    tool: tuple[str, str, str]
    status: str
    direct: bool
    arguments: dict[str, Any]
    answer: str


@dataclass(frozen=True)
class Step:
    reasoning: str
    text: str
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Told:
    """One run as it is to be written; `replaces` picks one of the runs before it."""

    content: str
    file: str | None
    prompt: tuple[tuple[str, str], ...] | None
    image: bool
    steps: tuple[Step, ...]
    end: str
    replaces: int | None


calls = st.builds(
    Call,
    tool=st.sampled_from(TOOLS),
    status=st.sampled_from(["done", "failed", "denied", "unknown", "withdrawn"]),
    direct=st.booleans(),
    arguments=st.dictionaries(st.sampled_from(["path", "n"]), st.one_of(words, st.integers(), st.none())),
    answer=st.one_of(words, st.just("x" * 33_000), st.just("half \ud800 a character")),
)
steps = st.builds(Step, reasoning=words, text=words, calls=st.lists(calls, max_size=3).map(tuple))
roles = st.sampled_from(["user", "assistant"])
runs = st.builds(
    Told,
    content=spoken,
    file=st.one_of(st.none(), spoken),
    prompt=st.one_of(st.none(), st.none(), st.lists(st.tuples(roles, words), max_size=3).map(tuple)),
    image=st.booleans(),
    steps=st.lists(steps, max_size=3).map(tuple),
    end=st.sampled_from(["done", "done", "failed", "cancelled", WITHDRAWN]),
    replaces=st.one_of(st.none(), st.none(), st.integers(0, 5)),
)


def parts_of(told: Told) -> tuple[Part, ...]:
    made: list[Part] = []
    for number, step in enumerate(told.steps):
        for kind in ("reasoning", "text"):
            if text := getattr(step, kind):
                made.append(Part(len(made), kind, number, content=text))
        for call in step.calls:
            server, tool, name = call.tool
            made.append(
                Part(
                    len(made),
                    "tool",
                    number,
                    call_id=f"call_{uuid4().hex}",
                    call={"server": server, "tool": tool, "name": name, "direct": call.direct},
                    status=call.status,
                    arguments=call.arguments,
                    result={"content": call.answer} if call.status == "done" else {"error": call.answer},
                )
            )
    return tuple(made)


async def write(store: RunStore, session_id: str, told: Told, before: list[RunRow]) -> RunRow:
    """As a coordinator writes it."""
    run_id, now = str(uuid4()), isoformat(utcnow())
    attached: list[dict[str, Any]] = []
    images: tuple[Image, ...] = ()
    if told.file:
        attached.append({"type": "file", "path": "a", "text": told.file})
    if told.prompt is not None:
        filled = [{"role": role, "text": text} for role, text in told.prompt]
        attached.append({"type": PROMPT, "server": "s", "prompt": "p", "messages": filled})
    if told.image:
        images = (Image(str(uuid4()), "image/png", b"png", None),)
        attached.append(
            {"type": "image", "id": images[0].id, "name": "a.png", "media_type": "image/png", "size": 3}
        )
    text = (Part(0, "text", content=told.content),)
    question = Message(str(uuid4()), session_id, run_id, "user", now, tuple(attached), text, images)
    row = RunRow(run_id, session_id, "one", "queued", question.id, str(uuid4()), now)
    live = [run for run in before if (await store.get(session_id, run.id)).replaced_by is None]
    place = None
    if told.replaces is not None and live:
        place = await store.place(session_id, live[told.replaces % len(live)].message_id)
    await store.begin(row, question, {"last_activity": now}, place)
    if told.end == WITHDRAWN:
        await store.commit(row, columns={"state": "cancelled", "finish_reason": WITHDRAWN})
    else:
        await store.commit(row, parts=parts_of(told), columns={"state": told.end})
        before.append(row)
    return row


def read_back(sent: list[theirs.ModelMessage]) -> list[tuple[Any, ...]]:
    """What a provider is sent, as flat facts in order."""
    facts: list[tuple[Any, ...]] = []
    for message in sent:
        for part in message.parts:
            match part:
                case theirs.UserPromptPart(content=str() as text):
                    facts.append(("user", text))
                case theirs.UserPromptPart(content=content):
                    facts.append(("user", *(one if isinstance(one, str) else one.data for one in content)))
                case theirs.TextPart():
                    facts.append(("assistant", part.content))
                case theirs.ToolCallPart():
                    facts.append(("call", part.tool_call_id, part.tool_name, part.args))
                case theirs.ToolReturnPart():
                    facts.append(("result", part.tool_call_id, part.tool_name, part.content, part.outcome))
                case _:
                    raise AssertionError(part)
    return facts


def check_form(sent: list[theirs.ModelMessage]) -> None:
    """What every provider asks of a conversation."""
    ids: set[str] = set()
    assert isinstance(sent[0], theirs.ModelRequest)
    assert isinstance(sent[-1], theirs.ModelRequest)
    for before, message in zip([None, *sent], sent, strict=False):
        assert message.parts
        assert type(message) is not type(before), "requests and responses alternate"
        asked = [p for p in message.parts if isinstance(p, theirs.ToolCallPart)]
        answered = [p for p in message.parts if isinstance(p, theirs.ToolReturnPart)]
        if isinstance(message, theirs.ModelRequest):
            last = before.parts if before else []
            waits = [p.tool_call_id for p in last if isinstance(p, theirs.ToolCallPart)]
            assert [p.tool_call_id for p in answered] == waits, "each call has one result, right after it"
        for call in asked:
            assert call.tool_call_id not in ids
            assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", call.tool_name)
            json.dumps(call.args)
            ids.add(call.tool_call_id)


def check_user(message: Message, facts: Iterable[tuple[Any, ...]]) -> None:
    """Takes the facts of one question, and finds all of it in them."""
    said = list(facts)
    text = "\n".join(piece for fact in said for piece in fact[1:] if isinstance(piece, str))
    filled = next((a for a in message.attachments if a["type"] == PROMPT), None)
    for expected in (
        *([message.text] if filled is None else [one["text"] for one in filled["messages"]]),
        *(a["text"] for a in message.attachments if a["type"] == "file"),
        *(a["name"] for a in images_of(message.attachments)),
    ):
        assert expected in text or not expected.strip()


def check_answer(message: Message, facts: list[tuple[Any, ...]]) -> None:
    """The facts of one answer are its rows, in order."""
    expected: list[tuple[Any, ...]] = []
    told: list[str] = []
    for number in sorted({part.step for part in message.parts}):
        step = [part for part in message.parts if part.step == number]
        spoken = "".join(part.content for part in step if part.type == "text")
        direct = [part for part in step if part.type == "tool" and part.call["direct"]]
        native = [part for part in step if part.type == "tool" and not part.call["direct"]]
        if direct or spoken.strip():
            expected.append(("assistant",))
            told += [spoken, *(result_text(part) for part in direct)]
        expected += [("call", part.call_id, part.arguments) for part in native]
        expected += [
            ("result", part.call_id, result_text(part), "success" if part.status == "done" else "failed")
            for part in native
        ]
    found = [
        (fact[0],)
        if fact[0] == "assistant"
        else ("call", fact[1], fact[3])
        if fact[0] == "call"
        else ("result", fact[1], fact[3], fact[4])
        for fact in facts
    ]
    assert found == expected
    text = "\n".join(fact[1] for fact in facts if fact[0] == "assistant")
    assert all(piece in text for piece in told)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def _any_chat(check: Any, data: st.DataObject) -> None:
    check(
        data.draw(st.lists(runs, min_size=1, max_size=6)), replace(data.draw(runs), end="done", replaces=None)
    )


def test_rows_become_provider_messages_and_can_be_read_back(
    tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> None:
    database = Database(tmp_path / "mandrake.sqlite")

    def checked(before: list[Told], newest: Told) -> None:
        jp_asyncio_loop.run_until_complete(check(database, tmp_path, before, newest))

    try:
        _any_chat(checked)
    finally:
        jp_asyncio_loop.run_until_complete(database.close())


async def check(database: Database, folder: Path, before: list[Told], newest: Told) -> None:
    sessions, store = SessionStore(database), RunStore(database)
    session = await sessions.create((await sessions.workspace_for(folder)).id)
    written: list[RunRow] = []
    for told in before:
        await write(store, session.id, told, written)
    current = await write(store, session.id, replace(newest, steps=()), written)
    read = [*await earlier(store, current), await store.message(current.user_message_id)]

    rows = await store.history(session.id, replaced=True)
    visible = {run.id for _, run in rows if run.replaced_by is None and run.finish_reason != WITHDRAWN}
    assert [m.id for m in read] == [m.id for m, run in rows if run.id in visible][: len(read)]
    assert len(rows) == 2 * (len(before) + 1), "nothing is lost from the store, whatever is replaced"

    class Model:
        images = True

    shown = await shown_images(database, Model(), read)  # type: ignore[arg-type]
    turns = build_history(read, NAMES, tools=True, images=shown)
    sent = messages_of(ModelRequest("m", "", turns, (TOOL,)))
    check_form(sent)
    facts = read_back(sent)
    assert sum(piece == b"png" for fact in facts for piece in fact) == len(shown)
    at = 0
    for message in read:
        one = build_history([message], NAMES, tools=True, images=shown)
        own = [] if not one else facts[at : at + count(one)]
        at += len(own)
        if message.role == "user":
            check_user(message, own)
        else:
            check_answer(message, own)
    assert facts[at:] in ([], [("user", "Continue.")]), (
        "nothing is said that is not in the rows, or asks for an answer"
    )

    plain = messages_of(ModelRequest("m", "", build_history(read, NAMES, tools=False)))
    check_form(plain)
    facts = read_back(plain)
    assert {fact[0] for fact in facts} <= {"user", "assistant"}
    text = "\n".join(fact[1] for fact in facts)
    for part in (part for message in read if message.role == "assistant" for part in message.parts):
        assert (
            part.type == "reasoning" or (part.content if part.type == "text" else result_text(part)) in text
        )


def count(turns: Iterable[Any]) -> int:
    """How many facts become of our turns."""
    return sum(bool(turn.text.strip() or turn.images) + len(turn.calls) + len(turn.results) for turn in turns)
