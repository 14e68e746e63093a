"""Looking for words in all chats: what people type becomes a query that can't be wrong, the index finds, the best come first.

All words must occur in one title, text or answer of a tool; the last one may be the beginning of a word. What was put aside,
replaced or withdrawn is passed over here, as it may come back. Nothing is written.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection

from .database import Database
from .passages import APART, BEGIN, END, LONGEST_TEXT, sign, spaced

#: Of what was typed, no more is looked at.
LONGEST_QUERY = 1_000
MOST_WORDS = 32
#: Shorter beginnings fit nearly everything, which takes long and helps nobody.
SHORTEST_BEGINNING = 2
#: Of what fits, this many are weighed: the newest titles, and the newest of all else.
MOST_TITLES = 200
MOST_PASSAGES = 1_000
HITS_SHOWN = 2
#: The rank of a title: before all else. To weigh titles against each other would look at the whole index once more.
TITLE = -1_000.0
#: As migration 0004 has it.
TOKENIZER = "\"unicode61 remove_diacritics 2 categories 'L* N* Co So'\""
#: Words of a snippet.
SNIPPET = 28


@dataclass(frozen=True)
class Hit:
    """`snippet` is cut into pieces; those that matched are marked. `message_id` is None for a title."""

    message_id: str | None
    run_id: str | None
    role: str | None
    part: int | None
    kind: str
    created: str
    snippet: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Found:
    """One chat: its best hits, and how many further messages fit."""

    session_id: str
    workspace_id: str
    name: str
    last_activity: str
    hits: tuple[Hit, ...]
    more: int


@dataclass(frozen=True)
class Results:
    """`messages` and `chats` count what was weighed; `more` says that there is more than `found` shows."""

    messages: int
    chats: int
    more: bool
    found: tuple[Found, ...]


@dataclass(frozen=True)
class _Match:
    rowid: int
    rank: float
    session_id: str
    message_id: str | None


#: CROSS JOIN keeps the order: the index first.
_TITLES = text("""
    SELECT search.rowid, :rank, p.session_id, NULL FROM search
    CROSS JOIN passages p ON p.id = search.rowid
    JOIN sessions s ON s.id = p.session_id AND s.deleted IS NULL AND (:workspace IS NULL OR s.workspace_id = :workspace)
    WHERE search MATCH :words AND search.rowid < 0 ORDER BY search.rowid LIMIT :most
""")
_PASSAGES = text("""
    SELECT search.rowid, search.rank, p.session_id, p.message_id FROM search
    CROSS JOIN passages p ON p.id = search.rowid
    JOIN sessions s ON s.id = p.session_id AND s.deleted IS NULL AND (:workspace IS NULL OR s.workspace_id = :workspace)
    JOIN runs r ON r.id = p.run_id AND r.replaced_by IS NULL AND (r.finish_reason IS NULL OR r.finish_reason <> 'withdrawn')
    WHERE search MATCH :words AND search.rowid >= 0 ORDER BY search.rowid DESC LIMIT :most
""")
_SHOWN = text("""
    SELECT p.body, p.run_id, p.part, p.kind, m.role, coalesce(m.created, s.created)
    FROM passages p JOIN sessions s ON s.id = p.session_id LEFT JOIN messages m ON m.id = p.message_id WHERE p.id = :rowid
""")
_SNIPPET = "SELECT snippet(search, 0, ?, ?, '…', ?) FROM search WHERE search MATCH ?"
_CHAT = text("SELECT id, workspace_id, name, last_activity FROM sessions WHERE id = :id")


class SearchStore:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def search(self, query: str, workspace_id: str | None, limit: int) -> Results:
        """The best `limit` chats of a workspace, or of all."""
        words = as_match(query)
        if not words:
            return Results(0, 0, False, ())
        return await self.database.look(lambda db: _search(db, words, workspace_id, limit))


def _search(db: Connection, words: str, workspace_id: str | None, limit: int) -> Results:
    asked = {"words": words, "workspace": workspace_id}
    titles = [_Match(*row) for row in db.execute(_TITLES, {**asked, "most": MOST_TITLES, "rank": TITLE})]
    others = [_Match(*row) for row in db.execute(_PASSAGES, {**asked, "most": MOST_PASSAGES})]
    chats = _by_chat(titles + others)
    with closing(sqlite3.connect(":memory:")) as marking:
        marking.execute(f"CREATE VIRTUAL TABLE search USING fts5(body, tokenize={TOKENIZER})")
        found = [_found(db, marking, words, *chat) for chat in list(chats.items())[:limit]]
    bounded = len(titles) == MOST_TITLES or len(others) == MOST_PASSAGES
    messages = len({match.message_id for match in others})
    return Results(messages, len(chats), bounded or len(chats) > limit, tuple(found))


def as_match(query: str) -> str:
    """FTS5's form of what was typed: each word a quoted phrase, so that nothing in it is an operator; empty for no words."""
    typed = query[:LONGEST_QUERY].replace("\0", " ").split()
    words = [word for word in typed if any(map(_told, word))][:MOST_WORDS]
    phrases = [f'"{spaced(word, LONGEST_TEXT)}"' for word in (w.replace('"', '""') for w in words)]
    if words and len(words[-1]) >= SHORTEST_BEGINNING and not sign(words[-1][-1]):
        phrases[-1] += "*"
    return " ".join(phrases)


def _told(char: str) -> bool:
    """Whether the index knows `char`; a word of others would fit nothing."""
    return unicodedata.category(char) in ("So", "Co") or unicodedata.category(char)[0] in "LN"


def _by_chat(matches: list[_Match]) -> dict[str, list[_Match]]:
    """The best first, of the chats and in each; of a message only its best."""
    chats: dict[str, list[_Match]] = {}
    seen: set[str] = set()
    for match in sorted(matches, key=lambda match: (match.rank, -abs(match.rowid))):
        if match.message_id is not None:
            if match.message_id in seen:
                continue
            seen.add(match.message_id)
        chats.setdefault(match.session_id, []).append(match)
    return chats


def _found(
    db: Connection, marking: sqlite3.Connection, words: str, session_id: str, matches: list[_Match]
) -> Found:
    """`marking` is an index of what is shown only: the great one would look for all words anew for each snippet."""
    shown, left = matches[:HITS_SHOWN], matches[HITS_SHOWN:]
    hits = []
    for match in shown:
        body, *rest = db.execute(_SHOWN, {"rowid": match.rowid}).one()
        marking.execute("DELETE FROM search")
        marking.execute("INSERT INTO search VALUES (?)", (body,))
        (snippet,) = marking.execute(_SNIPPET, (BEGIN, END, SNIPPET, words)).fetchone()
        hits.append(_hit(match, snippet, *rest))
    session_id, workspace_id, name, last_activity = db.execute(_CHAT, {"id": session_id}).one()
    return Found(session_id, workspace_id, name, last_activity, tuple(hits), len(left))


def _hit(
    match: _Match,
    snippet: str,
    run_id: str | None,
    part: int | None,
    kind: str,
    role: str | None,
    created: str,
) -> Hit:
    of_run = None if kind == "title" else run_id
    return Hit(match.message_id, of_run, role, part, kind, created, _pieces(snippet))


def _pieces(snippet: str) -> tuple[tuple[str, bool], ...]:
    """The pieces of a snippet, in one line; neighbours that matched are one piece."""
    plain = " ".join(snippet.replace(APART, "").split())
    pieces: list[tuple[str, bool]] = []
    for index, stretch in enumerate(plain.split(BEGIN)):
        marked, _, rest = stretch.partition(END) if index else ("", "", stretch)
        pieces += [(marked, True), (rest, False)]
    return tuple((piece, mark) for piece, mark in pieces if piece)
