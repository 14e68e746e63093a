"""What can be searched of a chat: its title, what was said, what tools answered. Written in the transactions that store those.

An answer is put in when it has ended, or waits for a person: while it is written it is stored five times a second, and each
time would index all of it again (3 ms for each 10 KB). Not searched: reasoning, attachments, what is still being written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.engine import Connection

from . import index_postgresql
from .rows import UNFINISHED, UNTITLED
from .tables import messages, parts, passages

#: Characters of a text, and of a tool's answer, that are searched.
LONGEST_TEXT = 1_000_000
LONGEST_TOOL = 100_000
#: Types of parts that are searched.
SEARCHED = ("text", "tool")
#: States in which nothing is being written: a waiting answer may wait for days.
AT_REST = "awaiting_approval"

#: Between two signs that are a word each. It is no part of any word, and is taken out before anybody sees it.
APART = "\u200b"
#: Around what matched, in what the index cuts out.
BEGIN, END = "\x02", "\x03"
_OURS = re.compile(f"[\x00{BEGIN}{END}{APART}]")
#: Chinese, Japanese, Thai, Lao, Burmese, Khmer: words without spaces between them; symbols and emoji.
_SIGNS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001f000-\U0001faff\U00020000-\U0003ffff]+"
)


def spaced(text: str, longest: int) -> str:
    """`text` as it is indexed: cut, and with each sign of a script without spaces set apart.

    FTS5's own tokenizers know only spaces, by which a Chinese sentence is one word, or any three letters, by which two
    signs, most Chinese words, are never found and the index grows to several times the text.
    """
    plain = (
        _OURS.sub("", text[:longest]).encode("utf-8", "replace").decode()
    )  # a tool may answer half a character
    return plain if plain.isascii() else _SIGNS.sub(lambda run: f"{APART}{APART.join(run[0])}{APART}", plain)


def sign(char: str) -> bool:
    """Whether `char` is a word of its own."""
    return _SIGNS.match(char) is not None


def put_title(db: Connection, session_id: str, name: str, of_run: str | None = None) -> None:
    """`of_run` is the run of whose words it was made, by a model or for a copy."""
    db.execute(delete(passages).where(passages.c.session_id == session_id, passages.c.kind == "title"))
    if name != UNTITLED and (body := spaced(name, LONGEST_TEXT)):
        lowest = db.execute(select(func.min(passages.c.id))).scalar() or 0
        own = {"id": min(lowest, 0) - 1, "session_id": session_id, "run_id": of_run}
        _add(db, [{**own, "kind": "title", "body": body}])


def put_message(db: Connection, message_id: str) -> None:
    """Add what is not there yet of a message: what is, does not change any more."""
    there = select(passages.c.part).where(passages.c.message_id == message_id)
    query = (
        select(
            messages.c.session_id,
            messages.c.run_id,
            parts.c.part,
            parts.c.type,
            parts.c.content,
            parts.c.result,
        )
        .join(messages, messages.c.id == parts.c.message_id)
        .where(parts.c.message_id == message_id, parts.c.type.in_(SEARCHED), parts.c.part.not_in(there))
    )
    put_parts(
        db,
        [
            (row.session_id, row.run_id, {**row._mapping, "message_id": message_id})
            for row in db.execute(query).all()
        ],
    )


def put_parts(db: Connection, added: Iterable[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Add parts of messages, by their columns, that are not there yet: each with the ids of its session and its run."""
    values = []
    for session_id, run_id, part in added:
        kind = part["type"]
        if kind not in SEARCHED:
            continue
        if body := spaced(part["content"], LONGEST_TEXT) if kind == "text" else _told(part["result"]):
            own = {"session_id": session_id, "message_id": part["message_id"], "run_id": run_id}
            values.append({**own, "part": part["part"], "kind": kind, "body": body})
    _add(db, values)


def _add(db: Connection, several: Sequence[Mapping[str, Any]]) -> None:
    if db.dialect.name == "postgresql" and several:
        added = insert(passages).returning(passages.c.id, sort_by_parameter_order=True)
        ids = db.execute(added, several).scalars().all()
        index_postgresql.add(db, zip(ids, (values["body"] for values in several), strict=True))
    elif several:  # triggers keep the index in step
        db.execute(insert(passages), several)


def at_rest(state: object) -> bool:
    """Whether an answer that comes into this state is to be put in."""
    return state is not None and (state == AT_REST or state not in UNFINISHED)


def _told(result: Any) -> str:
    told = (result or {}).get("content") or (result or {}).get("error") or ""
    return spaced(str(told), LONGEST_TOOL)
